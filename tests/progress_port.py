"""The port at which the training pods of a test answer `GET /progress`.

All of them share it, since an operator knows one port for all pods; each has an address of its own
among those of the loopback network.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

from preference_api.wire import LiveProgress

_ADDRESSES = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressPort:
    """What the pods answer; nothing, where nothing was told.

    Args:
        port: Of every pod.
    """

    port: int
    _told: dict[str, LiveProgress] = field(default_factory=dict)

    def new_address(self) -> str:
        """The address of another pod."""
        high, low = divmod(next(_ADDRESSES), 250)
        return f"127.1.{high}.{low + 1}"

    def tell(self, address: str, progress: LiveProgress) -> None:
        """Have the pod at an address answer so from now on."""
        self._told[address] = progress


@contextmanager
def listening() -> Iterator[ProgressPort]:
    """The port, served by a thread."""
    told: dict[str, LiveProgress] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = told.get(self.connection.getsockname()[0])
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(found.model_dump_json(by_alias=True).encode() if found else b"")

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield ProgressPort(port=server.server_port, _told=told)
        finally:
            server.shutdown()
            thread.join()
