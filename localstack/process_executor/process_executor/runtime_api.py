"""The Runtime API of Lambda, version 2018-06-01, for one bootstrap process.

See "Building a custom runtime" in the developer guide of AWS Lambda. Of the Extensions API there is as much as an internal
extension needs that only wants to be told of the end by SIGTERM.
"""

import json
import threading
import uuid
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

RUNTIME = "/2018-06-01/runtime"
EXTENSION = "/2020-01-01/extension"


@dataclass(frozen=True)
class Outcome:
    """What became of an invocation: the function's answer, or an error document."""

    body: bytes
    is_error: bool

    @staticmethod
    def failed(request_id: str, kind: str, what: str) -> "Outcome":
        document = {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {what}"}
        return Outcome(json.dumps(document).encode(), is_error=True)


@dataclass(frozen=True)
class Invocation:
    """One event for the function. Its outcome is set once: by the function's answer."""

    request_id: str
    function_arn: str
    event: bytes
    deadline_ms: int
    trace_id: str
    outcome: Future[Outcome] = field(default_factory=Future)


class RuntimeApi:
    """A server on a loopback port of its own. It hands out one invocation at a time, as Lambda does.

    `function` is what an extension is told of the function: its name, version and handler.
    """

    def __init__(self, function: dict[str, str]) -> None:
        self.function = function
        # True once the bootstrap has asked for its first event, False when it says that it cannot begin.
        self.initialised: Future[bool] = Future()
        self.init_error = b""
        self.has_extension = False
        self._waiting: SimpleQueue[Invocation | None] = SimpleQueue()
        self._current: Invocation | None = None
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True, name="runtime-api").start()

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"{host}:{port}"

    def hand_out(self, invocation: Invocation) -> None:
        self._current = invocation
        self._waiting.put(invocation)

    def close(self) -> None:
        """Whoever still waits for an event gets none."""
        self._closing.set()
        self._waiting.put(None)
        self._server.shutdown()
        self._server.server_close()

    def next_event(self) -> Invocation | None:
        """Waits for an event; none when there will be none."""
        if not self.initialised.done():
            self.initialised.set_result(True)
        return self._waiting.get()

    def wait_for_end(self) -> None:
        self._closing.wait()

    def begin_failed(self, error: bytes) -> None:
        self.init_error = error
        if not self.initialised.done():
            self.initialised.set_result(False)

    def answer(self, request_id: str, outcome: Outcome) -> bool:
        """Whether that invocation is in work. A late or second answer is not heard."""
        current = self._current
        if current is None or current.request_id != request_id or current.outcome.done():
            return False
        current.outcome.set_result(outcome)
        return True


def _handler(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    """A handler class for one API: `http.server` makes an object of it for each connection."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_) -> None:
            """Requests are not logged; LocalStack tells of invocations itself."""

        def do_GET(self) -> None:
            if self.path == f"{RUNTIME}/invocation/next":
                self._next()
            elif self.path == f"{EXTENSION}/event/next":
                api.wait_for_end()
                self._end()
            else:
                self._send(404)

        def do_POST(self) -> None:
            body = self._body()
            if self.path == f"{RUNTIME}/init/error":
                api.begin_failed(body)
                self._send(202, b'{"status":"OK"}')
            elif self.path == f"{EXTENSION}/register":
                api.has_extension = True
                self._send(200, json.dumps(api.function).encode(), {"Lambda-Extension-Identifier": str(uuid.uuid4())})
            else:
                self._answer(body)

        def _next(self) -> None:
            invocation = api.next_event()
            if invocation is None:
                self._end()
                return
            self._send(200, invocation.event, {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                "Lambda-Runtime-Trace-Id": invocation.trace_id,
            })

        def _answer(self, body: bytes) -> None:
            prefix, _, rest = self.path.partition(f"{RUNTIME}/invocation/")
            request_id, _, kind = rest.partition("/")
            if prefix or kind not in ("response", "error"):
                self._send(404)
            elif api.answer(request_id, Outcome(body, is_error=kind == "error")):
                self._send(202, b'{"status":"OK"}')
            else:
                self._send(400, b'{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}')

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # Trailers.
            return body

        def _send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _end(self) -> None:
            self.close_connection = True
            with suppress(OSError):  # The process may have gone already.
                self._send(503)

    return Handler
