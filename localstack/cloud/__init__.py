"""The local cloud: LocalStack and SeaweedFS as plain processes, and what is needed to deploy to them. Standard library only."""
