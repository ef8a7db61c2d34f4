"""The servers of the local cloud: how each is started, and when it is ready."""

import json
import os
import shutil
import socket
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Dict, List

from . import processes
from .environments import LOCALSTACK, SEAWEEDFS, Environment
from .processes import Process

HOST = "127.0.0.1"
REGION = "us-east-1"
# The same for both servers, and for the functions, so that these reach either.
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"

# CloudFormation of LocalStack needs what the template names, and IAM and STS for the roles of the functions.
AWS_SERVICES = "s3,sqs,lambda,cloudformation,iam,sts,logs,events,scheduler,cloudwatch,sns,ssm"


class Service(ABC):
    """A server: its name, the environment that has its program, and the ports it wants, all of them.

    `grace_seconds` is how long it may take to end by itself; 0 when there is nothing that it should do.
    """

    name: str
    environment: Environment
    ports: List[str]
    grace_seconds: float

    @abstractmethod
    def command(self, ports: Dict[str, int], folder: Path) -> List[str]:
        """The command that runs it in `folder`. May write what it needs there."""

    @abstractmethod
    def variables(self, ports: Dict[str, int], folder: Path) -> Dict[str, str]:
        """Variables that it wants beside the usual ones."""

    def leftovers(self, ports: Dict[str, int]) -> List[Path]:
        """Files outside of its folder that it may leave behind."""
        return []

    def launch(self, home: Path, ports: Dict[str, int]) -> Process:
        """Starts it with nothing stored: what an earlier start left in its folder is removed."""
        folder = home / self.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (home / "logs").mkdir(exist_ok=True)
        environment = {
            "PATH": f"{self.environment.binaries}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            **self.variables(ports, folder),
        }
        return processes.start(self.command(ports, folder), folder, environment, home / "logs" / f"{self.name}.log")


class LocalStack(Service):
    """S3, SQS, Lambda and what a deployment needs. The functions run as host processes (see `process_executor`)."""

    name = "localstack"
    environment = LOCALSTACK
    ports = ["s3"]
    # It ends the functions first.
    grace_seconds = 10

    def command(self, ports, folder):
        return [self.environment.python, "-m", "localstack.runtime.main"]

    def variables(self, ports, folder):
        address = f"{HOST}:{ports['s3']}"
        return {
            "GATEWAY_LISTEN": address,
            # Queue URLs are then http://127.0.0.1:PORT/queue/..., which resolve anywhere.
            "LOCALSTACK_HOST": address,
            "SQS_ENDPOINT_STRATEGY": "path",
            "FILESYSTEM_ROOT": str(folder / "volume"),
            # Where it unpacks the code of functions.
            "TMPDIR": str(folder),
            "SERVICES": AWS_SERVICES,
            "LAMBDA_RUNTIME_EXECUTOR": "process",
            "FUNCTION_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "FUNCTION_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            # An event source that found its queue empty looks again after a second, not after ten.
            "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "1",
            # The dashboard, which it does not know.
            "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1",
            # It has no business outside of this machine.
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DNS_ADDRESS": "0",
        }


class SeaweedFS(Service):
    """A second S3 server, which checks signatures and knows conditional writes."""

    name = "seaweedfs"
    environment = SEAWEEDFS
    # Ports that are not given follow from others or are fixed, and clash when two servers run.
    ports = ["s3", "s3.grpc", "master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc"]
    # It would flush to disk for more than ten seconds what the next start removes.
    grace_seconds = 0

    def command(self, ports, folder):
        (folder / "keys.json").write_text(json.dumps(_identities()))
        (folder / "data").mkdir()
        chosen = []
        for name, port in ports.items():
            server, _, kind = name.partition(".")
            chosen.append(f"-{server}.port{'.' + kind if kind else ''}={port}")
        return [
            str(self.environment.binaries / "weed"), "server", "-dir=data", f"-ip={HOST}", f"-ip.bind={HOST}",
            "-s3", "-s3.config=keys.json", *chosen, "-s3.port.iceberg=0", "-s3.port.lance=0",
            # Sockets lie in the temporary folder of the machine unless told; relative, because their paths must be short.
            "-s3.localSocket=s3.sock", "-filer.localSocket=filer.sock",
            "-volume.max=20", "-master.volumeSizeLimitMB=256", "-volume.preStopSeconds=0", "-master.telemetry=false",
        ]

    def variables(self, ports, folder):
        return {}

    def leftovers(self, ports):
        # The place of these sockets is fixed in SeaweedFS.
        servers = [name.partition(".")[0] for name in ports if name.endswith(".grpc")]
        return [Path(f"/tmp/seaweedfs-{server}-grpc-{ports[server + '.grpc']}.sock") for server in servers]


def _identities():
    def identity(key_id: str, secret: str, *actions: str):
        return {"name": key_id, "credentials": [{"accessKey": key_id, "secretKey": secret}], "actions": actions}

    return {"identities": [
        identity(ACCESS_KEY_ID, SECRET_ACCESS_KEY, "Admin", "Read", "Write", "List", "Tagging"),
        # Who may look and not touch.
        identity("reader", "reader", "Read", "List"),
    ]}


SERVICES = {service.name: service for service in (LocalStack(), SeaweedFS())}


def free_ports(names: List[str]) -> Dict[str, int]:
    """Ports that nobody listens on. They are all held until the last is chosen, so that they differ."""
    held = [socket.socket() for _ in names]
    try:
        for each in held:
            each.bind((HOST, 0))
        return {name: each.getsockname()[1] for name, each in zip(names, held)}
    finally:
        for each in held:
            each.close()
