"""A proxy before an S3 server that cuts bodies short, spoils them or answers that it is busy.

Requests for objects (not for the bucket) misbehave; Host and signature are passed on as they came.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_OWN_HEADERS = ("connection", "content-length", "server", "date", "transfer-encoding")


@dataclass
class BrokenProxy:
    """The running proxy, and how many of the next requests go wrong."""

    endpoint: str = ""
    cuts: int = 0
    """GETs whose body ends in the middle, with the connection."""
    flips: int = 0
    """GETs whose last byte is another one."""
    busy: int = 0
    """Requests that are answered with 503 SlowDown."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method and Range of every request."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, what: str) -> bool:
        """Whether this request is one that goes wrong so."""
        with self.lock:
            left = getattr(self, what)
            setattr(self, what, max(left - 1, 0))
            return bool(left)


@contextmanager
def before(endpoint: str) -> Iterator[BrokenProxy]:
    """A proxy before a server, on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    proxy = BrokenProxy(f"http://127.0.0.1:{server.server_port}")
    server.proxy, server.upstream = proxy, urlsplit(endpoint).netloc  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._pass_on()

    def do_HEAD(self) -> None:
        self._pass_on()

    def do_PUT(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        proxy: BrokenProxy = self.server.proxy  # type: ignore[attr-defined]
        proxy.requests.append((self.command, self.headers["Range"] or ""))
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if proxy.take("busy"):
            self._send(503, [], _BUSY, len(_BUSY))
            return
        answer, data = self._ask(body)
        length = int(answer.headers["Content-Length"] or 0)
        if self.command == "GET" and proxy.take("flips"):
            data = data[:-1] + bytes([data[-1] ^ 1])
        cut = self.command == "GET" and proxy.take("cuts")
        self._send(answer.status, answer.getheaders(), data[: length // 2] if cut else data, length)
        self.close_connection = self.close_connection or cut

    def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        upstream = http.client.HTTPConnection(self.server.upstream)  # type: ignore[attr-defined]
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        return answer, data

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes, length: int) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
