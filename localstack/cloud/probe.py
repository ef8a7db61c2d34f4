"""Waits until an S3 server takes writes: `probe.py ENDPOINT SECONDS`. Runs in the environment of the server, for its boto3."""

import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

BUCKET = "local-cloud-probe"


def main() -> int:
    endpoint, seconds = sys.argv[1], float(sys.argv[2])
    settings = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5, s3={"addressing_style": "path"})
    client = boto3.client("s3", endpoint_url=endpoint, config=settings)
    deadline = time.monotonic() + seconds
    while True:
        try:
            write(client)
            return 0
        except (BotoCoreError, ClientError) as error:
            if time.monotonic() > deadline:
                print(f"{endpoint} takes no writes: {error}", file=sys.stderr)
                return 1
            time.sleep(0.2)


def write(client) -> None:
    """Writes an object and removes every trace of it."""
    try:
        client.create_bucket(Bucket=BUCKET)
    except client.exceptions.BucketAlreadyOwnedByYou:
        pass
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyExists":
            raise
    client.put_object(Bucket=BUCKET, Key="probe", Body=b"probe")
    client.delete_object(Bucket=BUCKET, Key="probe")
    client.delete_bucket(Bucket=BUCKET)


if __name__ == "__main__":
    sys.exit(main())
