"""Runs a command, and says how long it took and how much memory it held at most."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median


@dataclass
class Run:
    """What one run cost. Memory is the largest resident set of the process or of one of its children."""

    seconds: float
    cpu: float
    memory: int


@dataclass
class Result:
    """The runs of one program."""

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


def once(command: list, codes=(0,), **options) -> Run:
    """Runs a command to its end; it has to end with one of these codes."""
    began = time.monotonic()
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **options}
    process = subprocess.Popen([str(part) for part in command], **options)
    said = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{said.decode(errors='replace')}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def in_turn(rounds: int, programs: dict) -> dict:
    """Runs programs one after the other, so many times over, so that what else the machine does hits all of them. Each is a
    function that prepares, and returns what a run cost."""
    results = {name: Result(name, []) for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            os.sync()
            results[name].runs.append(program())
    return results
