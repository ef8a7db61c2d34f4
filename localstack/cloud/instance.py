"""One local cloud that runs: its folder, its processes, and the variables that lead to it. Several may run side by side."""

import json
import os
import shlex
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from . import processes
from .environments import CHECKOUT, locked, say
from .processes import Process
from .services import ACCESS_KEY_ID, HOST, REGION, SECRET_ACCESS_KEY, SERVICES, Service, free_ports

READY_SECONDS = 90
# A port that was free when it was chosen may be taken a moment later.
ATTEMPTS = 3


class Failed(Exception):
    """Something of the local cloud did not work."""


class Instance:
    """The local cloud in a folder:

    env.sh            what to source
    pids/SERVICE      who runs
    ports/SERVICE     its ports; that of the endpoint is named s3
    logs/SERVICE.log  what it says
    SERVICE/          what it stores
    """

    def __init__(self, home: Path):
        self.home = home.resolve()
        self.variables_file = self.home / "env.sh"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else starts or stops it meanwhile."""
        self.home.mkdir(parents=True, exist_ok=True)
        with locked(self.home / "lock"):
            yield

    def start(self, names: List[str]) -> None:
        """Starts what does not run yet, and waits until it takes writes."""
        for name in names:
            process = self._process(name)
            if process and process.runs():
                say(f"{name} is running: {self.endpoint(name)}, process {process.pid}")
                continue
            if process:
                self._end(SERVICES[name], process)  # It died, and may have left members of its group behind.
            SERVICES[name].environment.install()
            self._start(SERVICES[name])
        self._write_variables()

    def _start(self, service: Service) -> None:
        for _ in range(ATTEMPTS):
            ports = free_ports(service.ports)
            process = service.launch(self.home, ports)
            self._save(service.name, process, ports)
            if self._ready(service, process):
                say(f"{service.name} is ready: {self.endpoint(service.name)}, process {process.pid}")
                return
            self._end(service, process)
        raise Failed(f"{service.name} does not start: see {self._log(service.name)}")

    def _ready(self, service: Service, process: Process) -> bool:
        """Whether it takes writes before the time is over or its process has ended."""
        probe = subprocess.Popen(
            [service.environment.python, str(Path(__file__).parent / "probe.py"),
             self.endpoint(service.name), str(READY_SECONDS)],
            env={**os.environ, **credentials()}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        while probe.poll() is None:
            try:
                probe.wait(0.2)
            except subprocess.TimeoutExpired:
                if not process.runs():
                    probe.kill()
                    probe.wait()
        return probe.returncode == 0 and process.runs()

    def stop(self, names: List[str]) -> None:
        """Ends it, whatever state it is in."""
        for name in names:
            process = self._process(name)
            if process is None:
                continue
            self._end(SERVICES[name], process)
            say(f"{name} is stopped")
        self._write_variables()

    def _end(self, service: Service, process: Process) -> None:
        processes.stop(process, service.grace_seconds)
        for file in service.leftovers(self._ports(service.name)):
            file.unlink(missing_ok=True)
        for folder in ("pids", "ports"):
            (self.home / folder / service.name).unlink(missing_ok=True)

    def running(self) -> List[str]:
        return [name for name in SERVICES if (process := self._process(name)) and process.runs()]

    def endpoint(self, name: str) -> str:
        return f"http://{HOST}:{self._ports(name)['s3']}"

    def variables(self) -> Dict[str, str]:
        """What leads a program to it: the standard variables of AWS, and where SeaweedFS is."""
        found = dict(credentials())
        running = self.running()
        if "localstack" in running:
            found["AWS_ENDPOINT_URL"] = self.endpoint("localstack")
        if "seaweedfs" in running:
            found["GRANARY_LOCAL_S3"] = self.endpoint("seaweedfs")
            found["GRANARY_LOCAL_S3_ACCESS_KEY_ID"] = ACCESS_KEY_ID
            found["GRANARY_LOCAL_S3_SECRET_ACCESS_KEY"] = SECRET_ACCESS_KEY
        return found

    def _write_variables(self) -> None:
        if not self.running():
            self.variables_file.unlink(missing_ok=True)
            return
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.variables().items()]
        # Else a session or a profile of the real AWS would take part.
        lines.append("unset AWS_SESSION_TOKEN AWS_PROFILE")
        self.variables_file.write_text("\n".join(lines) + "\n")

    def _process(self, name: str) -> Optional[Process]:
        return Process.load(self.home / "pids" / name)

    def _ports(self, name: str) -> Dict[str, int]:
        return json.loads((self.home / "ports" / name).read_text())

    def _save(self, name: str, process: Process, ports: Dict[str, int]) -> None:
        for folder in ("pids", "ports"):
            (self.home / folder).mkdir(exist_ok=True)
        (self.home / "ports" / name).write_text(json.dumps(ports) + "\n")
        process.save(self.home / "pids" / name)

    def _log(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"


def credentials() -> Dict[str, str]:
    return {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }


def default_home() -> Path:
    return Path(os.environ.get("GRANARY_LOCAL_CLOUD") or CHECKOUT / "target/local-cloud")
