"""Measurements against the local cloud: SeaweedFS for S3, LocalStack for SQS. Never against AWS."""

import json
import os
import subprocess
import sys
import urllib.request
import zipfile
from contextlib import contextmanager
from pathlib import Path

from .granary import OPTIONS, harvest_records
from .measure import in_turn, once
from .place import CHECKOUT
from .repository import Repository
from .runtime import Runtime

sys.path.insert(0, str(CHECKOUT / "localstack"))
from cloud import deployment  # noqa: E402
from cloud.environments import LOCALSTACK  # noqa: E402
from cloud.instance import Instance, credentials  # noqa: E402

BUCKET = "measured"
WRITES = ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")


def s3(place, table, rounds, scale):
    """20,000 records and 5,000 files of 20 kB to S3, 32 connections; beside rclone that copies the same objects there from a RAM
    disk. And what a harvest asks of S3 and SQS, counted on the way."""
    records, files = int(20_000 * scale), int(5_000 * scale)
    repository = place.serve(Repository(place, place.folder(place.memory, "repository"), records, file_size=20_000, files=files))
    with local_cloud(place) as cloud:
        stored = _stored(place, repository)
        prefixes = (f"{name}{number}" for number in range(rounds) for name in ("granary", "rclone"))

        def granary():
            queue = place.folder(place.memory, "queue") / "queue.sqlite"
            command = [place.granary, "-q", "--granary", f"s3://{BUCKET}/{next(prefixes)}", "--queue", queue]
            return once([*command, "harvest", repository.url, *OPTIONS, "--workers", "32"], env=cloud.variables())

        def rclone():
            options = ["--transfers", "32", "--checkers", "32", "--no-traverse", "--no-check-dest", "--s3-no-check-bucket"]
            to = f":s3,provider=SeaweedFS,env_auth=true,endpoint='{cloud.s3}':{BUCKET}/{next(prefixes)}"
            return once([place.python("rclone"), "copy", *options, stored, to], env=cloud.variables())

        results = in_turn(rounds, {"granary harvest": granary, "rclone copy": rclone})
        table.add(results["granary harvest"], "at least 0.9x the speed", speed_of=[results["rclone copy"]])
        table.add(results["rclone copy"])
        _count(place, table, cloud, repository)


def _stored(place, repository) -> Path:
    """What the harvest stores, on a RAM disk: what is to be copied."""
    harvest_records(place, place.memory, repository)
    granary = [place.granary, "-q", "--granary", place.memory / "granary"]
    once([*granary, "harvest", "bench", "--files"])
    once([*granary, "reprocess", "bench"])
    once([*granary, "work", "--drain", "--workers", "32"])
    stored = sum(1 for _ in (place.memory / "granary/bench").rglob("*.pdf"))
    if stored != repository.files:
        sys.exit(f"{stored} files are stored, and not {repository.files}")
    return place.memory / "granary/bench"


def _count(place, table, cloud, repository) -> None:
    """Lists with the tasks going to SQS, then works them, and counts both."""
    queue = cloud.make_queue("counted")
    with proxy(cloud.s3) as bucket, proxy(cloud.sqs) as tasks:
        environment = cloud.variables() | {"AWS_ENDPOINT_URL_S3": bucket, "AWS_ENDPOINT_URL_SQS": tasks}
        command = [place.granary, "-q", "--granary", f"s3://{BUCKET}/counted", "--queue", queue]
        once([*command, "harvest", repository.url, *OPTIONS, "--list-only"], env=environment)
        listed = counted(bucket)
        once([*command, "work", "--drain", "--workers", "32"], env=environment)
        worked, asked = counted(bucket), counted(tasks)
    writes = {name: sum(count.get(each, 0) for each in WRITES) for name, count in (("listed", listed), ("worked", worked))}
    of_queue = sum(count for name, count in asked.items() if "Message" in name)
    table.note(f"listing: {writes['listed'] / repository.records:.3f} writes to S3 for a record (bar: 2); {told(listed)}")
    per_file = (writes["worked"] - writes["listed"]) / repository.files
    more = {name: count - listed.get(name, 0) for name, count in worked.items() if count > listed.get(name, 0)}
    table.note(f"downloads: {per_file:.3f} writes to S3 for a file (bar: 2.2); {told(more)}")
    table.note(f"queue: {of_queue / repository.files:.3f} requests to SQS for a file (bar: 1.2); {told(asked)}")


def function(place, table, rounds, scale):
    """The functions as Lambda runs them: from the start of the process to the first request for work, and batches of ten files of
    20 kB."""
    batches = max(int(20 * scale), 2)
    repository = place.serve(Repository(place, place.folder(place.memory, "repository"), batches * 10, file_size=20_000))
    deployment.build()
    bootstraps = {name: deployment.BUILT / name / "bootstrap" for name in ("HarvestFunction", "DownloadFunction")}
    for name, bootstrap in bootstraps.items():
        archive = place.memory / f"{name}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.write(bootstrap, "bootstrap")
        sizes = (bootstrap.stat().st_size / 1e6, archive.stat().st_size / 1e6)
        table.note(f"{name}: bootstrap {sizes[0]:.2f} MB (bar: 12), zipped {sizes[1]:.2f} MB (bar: 5)")
    with local_cloud(place) as cloud:
        queue = cloud.make_queue("functions")
        granary = f"s3://{BUCKET}/functions"
        environment = cloud.variables() | {"GRANARY": granary, "GRANARY_QUEUE": queue, "GRANARY_ALLOW_HOST": "127.0.0.1"}
        command = [place.granary, "-q", "--granary", granary, "--queue", queue, "harvest", repository.url, *OPTIONS]
        once([*command, "--list-only"], env=cloud.variables())
        for name, bootstrap in bootstraps.items():
            starts = [_start(bootstrap, environment) for _ in range(max(rounds, 5))]
            table.note(f"{name}: init {spread_of(starts)} ms (bar: 100)")
        with Runtime(bootstraps["DownloadFunction"], environment) as runtime:
            spans = [runtime.invoke({"Records": cloud.receive(queue)}) for _ in range(batches)]
            table.note(f"a batch of ten files of 20 kB: {spread_of(spans[1:])} ms; the first {spans[0] * 1000:.0f} ms")
            table.note(f"DownloadFunction: {runtime.memory() / (1 << 20):.0f} MiB at most, after {batches} batches")


def _start(bootstrap: Path, environment: dict) -> float:
    with Runtime(bootstrap, environment) as runtime:
        return runtime.init


def spread_of(seconds: list) -> str:
    ordered = sorted(1000 * each for each in seconds)
    return f"{ordered[len(ordered) // 2]:.0f} ({ordered[0]:.0f}-{ordered[-1]:.0f})"


class LocalCloud:
    """SeaweedFS with an empty bucket, and LocalStack."""

    def __init__(self, instance: Instance):
        self.s3, self.sqs = instance.endpoint("seaweedfs"), instance.endpoint("localstack")
        script = str(CHECKOUT / "localstack/cloud/make_bucket.py")
        subprocess.run([LOCALSTACK.python, script, self.s3, BUCKET], env=self.variables(), check=True)

    def variables(self) -> dict:
        return {**os.environ, **credentials(), "AWS_ENDPOINT_URL_S3": self.s3, "AWS_ENDPOINT_URL_SQS": self.sqs}

    def make_queue(self, name: str) -> str:
        """A queue, and one for its dead letters."""
        dead = self._ask("CreateQueue", QueueName=f"{name}-dead")["QueueUrl"]
        arn = self._ask("GetQueueAttributes", QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
        return self._ask("CreateQueue", QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]

    def receive(self, queue: str) -> list:
        """Ten messages, as Lambda hands them to a function."""
        asked = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"], "WaitTimeSeconds": 5}
        messages = self._ask("ReceiveMessage", **asked)["Messages"]
        names = {"MessageId": "messageId", "ReceiptHandle": "receiptHandle", "Body": "body", "Attributes": "attributes"}
        return [{ours: message[theirs] for theirs, ours in names.items()} for message in messages]

    def _ask(self, operation: str, **body) -> dict:
        # LocalStack does not check who asks, only that somebody says so.
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{operation}",
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
        }
        request = urllib.request.Request(self.sqs, json.dumps(body).encode(), headers)
        return json.load(urllib.request.urlopen(request))


@contextmanager
def local_cloud(place):
    instance = Instance(place.folder(place.memory, "cloud"))
    names = ["seaweedfs", "localstack"]
    try:
        with instance.locked():
            instance.start(names)
        yield LocalCloud(instance)
    finally:
        with instance.locked():
            instance.stop(names)


@contextmanager
def proxy(server: str):
    """A proxy before a server that counts what is asked."""
    command = [LOCALSTACK.python, str(CHECKOUT / "localstack/faulty_proxy.py"), server]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def counted(proxy: str) -> dict:
    return json.load(urllib.request.urlopen(f"{proxy}/_count"))["operations"]


def told(operations: dict) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(operations.items()))
