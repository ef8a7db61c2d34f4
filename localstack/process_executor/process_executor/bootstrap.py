"""A function's bootstrap as a process of the host."""

import os
import select
import shutil
import signal
import subprocess
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_first
from pathlib import Path

from .runtime_api import RuntimeApi

# Lambda gives a runtime with an extension 500 ms after SIGTERM.
GRACE_SECONDS = 0.5
# Output beyond this is dropped, the oldest first, until somebody takes it.
OUTPUT_LIMIT_BYTES = 6 * 1024 * 1024

# `setpriv --pdeathsig` has the kernel kill a function when LocalStack dies, however it dies. The signal comes with the end of
# the *thread* that started the process, so that all are started by one thread that lives as long as LocalStack.
SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bootstrap-spawner")
SETPRIV = shutil.which("setpriv")


class Bootstrap:
    """One run of a bootstrap, from its start to its exit, with the Runtime API that belongs to it."""

    def __init__(self, task_root: Path, variables: dict[str, str]):
        self.api = RuntimeApi({
            "functionName": variables["AWS_LAMBDA_FUNCTION_NAME"],
            "functionVersion": variables["AWS_LAMBDA_FUNCTION_VERSION"],
            "handler": variables.get("_HANDLER", ""),
        })
        self.exit_code: Future[int] = Future()
        self._started = time.monotonic()
        self._peak_bytes = 0
        self._output = bytearray()
        self._output_lock = threading.Lock()
        self._process = SPAWNER.submit(self._spawn, task_root, variables).result()
        self._pipe = self._process.stdout.fileno()
        os.set_blocking(self._pipe, False)
        threading.Thread(target=self._read_all, daemon=True, name="bootstrap-output").start()
        threading.Thread(target=self._await_exit, daemon=True, name="bootstrap-exit").start()

    def _spawn(self, task_root: Path, variables: dict[str, str]) -> subprocess.Popen:
        program = task_root / "bootstrap"
        program.chmod(0o755)
        command = [str(program)]
        if SETPRIV:
            command = [SETPRIV, "--pdeathsig", "KILL", "--", *command]
        return subprocess.Popen(
            command,
            cwd=task_root,
            env={**variables, "LAMBDA_TASK_ROOT": str(task_root), "AWS_LAMBDA_RUNTIME_API": self.api.address},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def initialise(self, seconds: float) -> float:
        """Waits until it asks for its first event. Milliseconds that this took since its start.

        Raises RuntimeError with the reason when it does not come to that.
        """
        wait_for_first([self.api.initialised, self.exit_code], seconds, "FIRST_COMPLETED")
        if self.api.initialised.done():
            if self.api.initialised.result():
                return (time.monotonic() - self._started) * 1000
            raise RuntimeError(self.api.init_error.decode(errors="replace"))
        if self.exit_code.done():
            raise RuntimeError(f"Runtime exited with error: {self.describe_exit()}")
        raise RuntimeError(f"Runtime did not ask for an event within {seconds:g} seconds")

    def runs(self) -> bool:
        return not self.exit_code.done()

    def describe_exit(self) -> str:
        """How it ended, in the words of Lambda. It must have ended."""
        code = self.exit_code.result()
        if code >= 0:
            return f"exit status {code}"
        return f"signal: {signal.Signals(-code).name[3:].lower()}"

    def stop(self) -> None:
        """Ends it, with a warning when it has asked for one, and waits."""
        if self.runs() and self.api.has_extension:
            self._process.terminate()
            wait_for_first([self.exit_code], GRACE_SECONDS)
        self.kill()
        self.api.close()

    def kill(self) -> None:
        self._note_peak()
        self._process.kill()
        self.exit_code.result()

    def peak_megabytes(self) -> int | None:
        """The most memory that it has held, as far as that is known here."""
        self._note_peak()
        return -(-self._peak_bytes // (1024 * 1024)) or None

    def take_output(self) -> str:
        """What it has printed since the last time, everything that was written before this call included."""
        with self._output_lock:
            self._drain()
            text = self._output.decode(errors="replace")
            self._output.clear()
        return text

    def _read_all(self) -> None:
        """Empties the pipe as long as anybody holds its other end, so that nobody blocks on it."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        open_still = True
        while open_still:
            poll.poll()
            with self._output_lock:
                open_still = self._drain()

    def _drain(self) -> bool:
        """Reads what is in the pipe; the lock is held. False at its end."""
        while True:
            try:
                chunk = os.read(self._pipe, 65536)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            self._output += chunk
            del self._output[:-OUTPUT_LIMIT_BYTES]

    def _await_exit(self) -> None:
        self.exit_code.set_result(self._process.wait())

    def _note_peak(self) -> None:
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return  # It has ended, or this is not Linux.
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self._peak_bytes = max(self._peak_bytes, int(line.split()[1]) * 1024)
