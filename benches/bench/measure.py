"""Runs a command, and says how long it took and how much memory it held at most."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from statistics import median


@dataclass
class Run:
    """What one run cost. Memory is the largest resident set of the process, or of one of its children."""

    seconds: float
    cpu: float
    memory: int


@dataclass
class Result:
    """The runs of one program, one for each round."""

    name: str
    runs: list

    @property
    def seconds(self) -> float:
        return median(run.seconds for run in self.runs)

    @property
    def cpu(self) -> float:
        return median(run.cpu for run in self.runs)

    @property
    def memory(self) -> int:
        return max(run.memory for run in self.runs)

    def times(self, base: "Result") -> list:
        """How many times as long as `base` it took, round by round: what slows the machine down in a round slows both."""
        return [ours.seconds / theirs.seconds for ours, theirs in zip(self.runs, base.runs)]


def once(command: list, codes=(0,), **options) -> Run:
    """Runs a command to its end; it has to end with one of these codes.

    GNU time runs it: a process that is made of this one begins with this one's memory as its largest.
    """
    command = [str(part) for part in command]
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **options}
    with tempfile.NamedTemporaryFile("r") as noted:
        began = time.monotonic()
        process = subprocess.Popen(["/usr/bin/time", "-q", "-f", "%M", "-o", noted.name, *command], **options)
        said = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{said.decode(errors='replace')}")
        memory = int(noted.read().split()[-1]) * 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, memory)


def in_turn(rounds: int, programs: dict) -> dict:
    """Runs programs one after the other, so many times over, so that what else the machine does hits all of them. Each is a
    function that prepares, and returns what a run cost."""
    results = {name: Result(name, []) for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            os.sync()
            results[name].runs.append(program())
    return results
