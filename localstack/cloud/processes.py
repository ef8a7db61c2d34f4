"""Processes that outlive the command that started them: each leads a group of its own, and is found again by its number.

A number alone is not enough, since numbers are used again: the moment of birth is kept beside it.
"""

import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, Optional

KILL_SECONDS = 10


@dataclass(frozen=True)
class Process:
    """A process that leads a group, and when it was born, in the system's own notation."""

    pid: int
    born: str

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)) + "\n")

    @staticmethod
    def load(path: Path) -> Optional["Process"]:
        """The process that was saved there; none when nothing was, or only half of it."""
        try:
            return Process(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def runs(self) -> bool:
        row = _table().get(self.pid)
        return row is not None and row.born == self.born

    def members(self) -> List[int]:
        """The live processes of its group. They may outlive it."""
        table = _table()
        leader = table.get(self.pid)
        if leader is not None and leader.born != self.born:
            # The number belongs to someone else by now, which the system allows only when the group is empty.
            return []
        return [pid for pid, row in table.items() if row.group == self.pid]


def start(command: List[str], folder: Path, environment: Dict[str, str], log: Path) -> Process:
    """Starts a process that leads a group of its own; what it prints goes to `log`, which is begun anew."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, cwd=folder, env=environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )
    # A child that has died already is a zombie of ours, and still in the table of processes.
    row = _table(zombies=True)[child.pid]
    return Process(child.pid, row.born)


def stop(process: Process, grace_seconds: float) -> None:
    """Ends a process and all of its group: orderly if it heeds that in time, else by force. Waits until nobody is left."""
    if grace_seconds and process.runs():
        os.kill(process.pid, signal.SIGTERM)
        _wait(lambda: not process.runs(), grace_seconds)
    if process.members():
        os.killpg(process.pid, signal.SIGKILL)
    if not _wait(lambda: not process.members(), KILL_SECONDS):
        raise RuntimeError(f"processes {process.members()} do not end")


def _wait(condition, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@dataclass(frozen=True)
class _Row:
    group: int
    born: str


def _table(zombies: bool = False) -> Dict[int, _Row]:
    """All processes by number. Zombies are dead, and left out unless asked for."""
    rows = _table_of_proc() if Path("/proc/self/stat").exists() else _table_of_ps()
    return {pid: _Row(group, born) for pid, group, state, born in rows if zombies or not state.startswith("Z")}


def _table_of_proc():
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text(errors="replace")
        except OSError:
            continue  # It ended meanwhile.
        # `pid (name) state parent group ...`; the name may hold blanks and brackets. Field 22 is the time of birth.
        fields = text.rpartition(")")[2].split()
        yield int(folder.name), int(fields[2]), fields[0], fields[19]


def _table_of_ps():
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,stat=,lstart="], check=True, capture_output=True, text=True
    ).stdout
    for line in listing.splitlines():
        pid, group, state, born = line.split(None, 3)
        yield int(pid), int(group), state, born
