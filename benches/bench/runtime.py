"""Lambda's runtime API, as a function sees it: a function runs as a process here, and is given events one after the other."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# Longer than any batch here takes.
PATIENCE_SECONDS = 120


class Runtime:
    """A function that was started. `init` is the time from there to its first request for an event, in seconds."""

    def __init__(self, bootstrap: Path, environment: dict):
        self._events, self._answers, self._ready = queue.Queue(), queue.Queue(), queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        variables = {
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % self._server.server_address[1],
            "AWS_LAMBDA_FUNCTION_NAME": "measured",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_GROUP_NAME": "measured",
            "AWS_LAMBDA_LOG_STREAM_NAME": "measured",
        }
        began = time.monotonic()
        self._process = subprocess.Popen(
            [str(bootstrap)], env=environment | variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        self.init = self._ready.get(timeout=PATIENCE_SECONDS) - began

    def __enter__(self) -> "Runtime":
        return self

    def __exit__(self, *_) -> None:
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, event: dict) -> float:
        """Hands over an event; the seconds until its answer. Every message of it must have been settled."""
        began = time.monotonic()
        self._events.put(event)
        answer, at = self._answers.get(timeout=PATIENCE_SECONDS)
        if answer != {"batchItemFailures": []}:
            sys.exit(f"the function answered {json.dumps(answer)}")
        return at - began

    def memory(self) -> int:
        """The largest resident set so far, in bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def handler(runtime: Runtime):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            runtime._ready.put(time.monotonic())
            event = json.dumps(runtime._events.get()).encode()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", os.urandom(8).hex())
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 600) * 1000)))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:measured")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(event)))
            self.end_headers()
            self.wfile.write(event)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            runtime._answers.put((json.loads(body), time.monotonic()))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_) -> None:
            """The numbers are what matters."""

    return Handler
