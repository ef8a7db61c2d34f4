#!/usr/bin/env python3
"""Stands in front of an S3 or SQS server, counts what is asked of it, and makes the network a bad one.

    localstack/faulty_proxy.py http://127.0.0.1:4566 --slow-down 0.05 --lose 0.03 --seed 7

prints its own URL, and takes requests there until it is ended. Of all requests it answers a share with "503 SlowDown"
without passing them on (--slow-down). Of another share it cuts the connection after the server has done what was asked
and the answer has come (--lose): half of the answer's body is sent, and nothing at all when it has no body. Which
requests it hits follows from the seed and their order.

Requests are passed on as they came, with their Host: signatures that hold for this proxy hold behind it, since a server
checks them against the host that the client named. Bodies are streamed in both directions.

    GET /_count      {"requests": 12, "operations": {"PutObject": 7, ...}, "slowed": {...}, "lost": {...}}
    POST /_reset     begins to count anew
    POST /_faults    {"slow_down": 0.05, "lose": 0.03, "seed": 7}: other faults from now on; absent ones are 0

"requests" and "operations" count everything that arrived, whatever became of it.
"""

import argparse
import http.client
import json
import random
import select
import socket
import sys
import threading
from collections import Counter
from contextlib import suppress
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Dict, Iterator, Optional
from urllib.parse import parse_qs, urlsplit

CHUNK_BYTES = 64 * 1024
# Of one connection only (RFC 9110, section 7.6.1).
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


class Fate(Enum):
    """What becomes of a request."""

    PASSED = "passed"
    SLOWED = "slowed"
    LOST = "lost"


class Chance:
    """Draws fates, one for each request in the order of their arrival."""

    def __init__(self, slow_down: float = 0, lose: float = 0, seed: int = 0):
        if min(slow_down, lose) < 0 or slow_down + lose > 1:
            raise ValueError("shares lie between 0 and 1, and so does their sum")
        self._slow_down, self._lose = slow_down, lose
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def draw(self) -> Fate:
        with self._lock:
            drawn = self._random.random()
        if drawn < self._slow_down:
            return Fate.SLOWED
        return Fate.LOST if drawn < self._slow_down + self._lose else Fate.PASSED


class Tally:
    """Counts requests by operation and fate."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._counts = {fate: Counter() for fate in Fate}

    def add(self, operation: str, fate: Fate) -> None:
        with self._lock:
            self._counts[fate][operation] += 1

    def report(self) -> Dict:
        with self._lock:
            arrived = sum(self._counts.values(), Counter())
            return {
                "requests": sum(arrived.values()),
                "operations": dict(sorted(arrived.items())),
                "slowed": dict(sorted(self._counts[Fate.SLOWED].items())),
                "lost": dict(sorted(self._counts[Fate.LOST].items())),
            }


def operation_of(method: str, target: str, headers) -> str:
    """The name that AWS has for what a request asks."""
    named = headers.get("X-Amz-Target")  # `AmazonSQS.SendMessageBatch`
    if named:
        return named.rpartition(".")[2]
    parts = urlsplit(target)
    asked = parse_qs(parts.query, keep_blank_values=True)
    has_key = len(parts.path.strip("/").split("/", 1)) > 1
    return _of_object(method, asked, headers) if has_key else _of_bucket(method, asked)


def _of_object(method: str, asked, headers) -> str:
    if "partNumber" in asked and method == "PUT":
        return "UploadPart"
    if "uploadId" in asked:
        names = {"POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload", "GET": "ListParts"}
    elif "uploads" in asked:
        names = {"POST": "CreateMultipartUpload"}
    else:
        put = "CopyObject" if headers.get("x-amz-copy-source") else "PutObject"
        names = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": put, "DELETE": "DeleteObject"}
    return names.get(method, method)


def _of_bucket(method: str, asked) -> str:
    if method == "GET" and "list-type" in asked:
        return "ListObjectsV2"
    if method == "POST" and "delete" in asked:
        return "DeleteObjects"
    if asked and method != "HEAD":
        # Some setting of the bucket: `GET ?versioning`.
        return f"{method} ?{next(iter(asked))}"
    return {"HEAD": "HeadBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket", "GET": "ListObjects"}.get(method, method)


class Proxy(ThreadingHTTPServer):
    """The server. A thread for each connection of a client, each with a connection of its own to the server behind."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, upstream: str, chance: Chance):
        super().__init__(address, Handler)
        parts = urlsplit(upstream)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"{upstream} is not http://HOST:PORT")
        self.upstream = (parts.hostname, parts.port or 80)
        self.chance = chance
        self.tally = Tally()

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host}:{port}"

    def handle_error(self, request, client_address) -> None:
        """A client that went away is no event; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def setup(self) -> None:
        super().setup()
        self._upstream: Optional[http.client.HTTPConnection] = None

    def finish(self) -> None:
        super().finish()
        if self._upstream:
            self._upstream.close()

    def log_message(self, *_) -> None:
        """Nothing is logged: what matters is counted."""

    def _handle(self) -> None:
        if self.path.startswith("/_"):
            self._control()
            return
        operation, fate = operation_of(self.command, self.path, self.headers), self.server.chance.draw()
        self.server.tally.add(operation, fate)
        if fate is Fate.SLOWED:
            self._slow_down()
            return
        try:
            answer = self._ask()
        except (OSError, http.client.HTTPException) as error:
            # Part of the body may have been read, so that this connection is of no more use.
            self.close_connection = True
            self._send(502, f"{self.server.upstream} does not answer: {error}\n".encode(), "text/plain")
            return
        if fate is Fate.LOST:
            self._lose(answer)
        else:
            self._pass_back(answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_PATCH = _handle

    def _control(self) -> None:
        body = b"".join(self._body())
        server, asked = self.server, (self.command, self.path)
        if asked == ("GET", "/_count"):
            self._send_json(200, server.tally.report())
        elif asked == ("POST", "/_reset"):
            server.tally.reset()
            self._send_json(200, {})
        elif asked == ("POST", "/_faults"):
            try:
                server.chance = Chance(**json.loads(body))
            except (ValueError, TypeError) as error:
                self._send_json(400, {"error": str(error)})
            else:
                self._send_json(200, {})
        else:
            self._send_json(404, {"error": "there are GET /_count, POST /_reset and POST /_faults"})

    def _slow_down(self) -> None:
        for _ in self._body():
            pass  # Else it would be taken for the next request.
        if self.headers.get("X-Amz-Target"):
            self._send_json(503, {"__type": "ServiceUnavailable", "message": "Slow down."})
        else:
            text = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            self._send(503, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(), "application/xml")

    def _ask(self) -> http.client.HTTPResponse:
        """Passes the request on, and waits for the head of the answer."""
        upstream = self._connection()
        # The path goes as it came: a signature is over its very bytes.
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            # `Expect` has been answered already.
            if name.lower() not in HOP_BY_HOP | {"expect"}:
                upstream.putheader(name, value)
        chunked = self._is_chunked()
        if chunked:
            upstream.putheader("Transfer-Encoding", "chunked")
        upstream.endheaders()
        for chunk in self._body():
            upstream.send(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
        if chunked:
            upstream.send(b"0\r\n\r\n")
        return upstream.getresponse()

    def _connection(self) -> http.client.HTTPConnection:
        """The connection to the server behind; a new one when the last was closed over there."""
        kept = self._upstream
        if kept and kept.sock and not select.select([kept.sock], [], [], 0)[0]:
            return kept
        if kept:
            kept.close()
        self._upstream = http.client.HTTPConnection(*self.server.upstream)
        return self._upstream

    def _is_chunked(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def _body(self) -> Iterator[bytes]:
        """The body of the request, piece by piece."""
        if not self._is_chunked():
            yield from _pieces(self.rfile, int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield from _pieces(self.rfile, size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # Trailers.

    def _pass_back(self, answer: http.client.HTTPResponse) -> None:
        chunked = self._send_head(answer)
        while piece := answer.read(CHUNK_BYTES):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        elif answer.length:
            # The server broke off. The client has been promised more, and must not wait for it.
            self.close_connection = True

    def _lose(self, answer: http.client.HTTPResponse) -> None:
        """The server has done its work, and the client does not learn of it."""
        size = answer.length or 0
        if size:
            self._send_head(answer)
            for piece in _pieces(answer, size // 2):
                self.wfile.write(piece)
        self._upstream.close()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send_head(self, answer: http.client.HTTPResponse) -> bool:
        """Whether the body has to be sent in chunks, because nobody knows how long it is."""
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        chunked = answer.length is None and self.command != "HEAD"
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        return chunked

    def _send_json(self, status: int, value) -> None:
        self._send(status, json.dumps(value).encode() + b"\n", "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _pieces(stream, size: int) -> Iterator[bytes]:
    """So many bytes of a stream, piece by piece; fewer never, since half a body would pass for a whole one."""
    while size:
        piece = stream.read(min(size, CHUNK_BYTES))
        if not piece:
            raise ConnectionError("the body ended early")
        size -= len(piece)
        yield piece


def main() -> None:
    summary = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(description=summary, epilog="What it does in detail is said at the head of its source.")
    parser.add_argument("upstream", metavar="http://HOST:PORT", help="the server behind")
    parser.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1 (default: a free one)")
    parser.add_argument("--slow-down", type=float, default=0, metavar="SHARE", help="answered with 503 and not passed on")
    parser.add_argument("--lose", type=float, default=0, metavar="SHARE", help="passed on, and the answer lost")
    parser.add_argument("--seed", type=int, default=0, help="what the faults follow from (default: 0)")
    options = parser.parse_args()
    try:
        chance = Chance(options.slow_down, options.lose, options.seed)
        proxy = Proxy(("127.0.0.1", options.port), options.upstream, chance)
    except ValueError as error:
        parser.error(str(error))
    print(proxy.url, flush=True)
    with suppress(KeyboardInterrupt):
        proxy.serve_forever()


if __name__ == "__main__":
    main()
