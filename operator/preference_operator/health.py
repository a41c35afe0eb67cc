"""What kubelet asks: `/healthz` (restart me if not) and `/readyz` (count on me if so)."""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from aiohttp import web

from preference_operator.settings import PREFIX, SettingsError

Check = Callable[[], str | None]
"""Says in a sentence what is wrong; None where nothing is."""
Page = Callable[[str], Awaitable[tuple[bytes, str]]]
"""Gives a text and its content type for what a header `Accept` asks for."""

_LOG = logging.getLogger(__name__)
_BEAT_SECONDS = 1.0
_STOP_SECONDS = 1.0


class LoopLag:
    """Measures how late the event loop is, by a task that wants to run every second."""

    def __init__(self, *, most_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most_seconds = most_seconds
        self._clock = clock
        self._beat = clock()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            self._beat = self._clock()
            await asyncio.sleep(_BEAT_SECONDS)

    def check(self) -> str | None:
        """Fails while the loop is later than it may be."""
        late = self._clock() - self._beat - _BEAT_SECONDS
        return f"the event loop is {late:.1f} seconds late" if late > self._most_seconds else None


class HealthServer:
    """Answers with 200 where no check fails and 503 where one does; the body names which."""

    def __init__(
        self,
        port: int,
        *,
        liveness: Mapping[str, Check],
        readiness: Mapping[str, Check],
        pages: Mapping[str, Page] = MappingProxyType({}),
    ) -> None:
        """`pages` are further ones by their path."""
        self._port = port
        application = web.Application()
        application.router.add_get("/healthz", _handler(liveness))
        application.router.add_get("/readyz", _handler(readiness))
        for path, page in pages.items():
            application.router.add_get(path, _page_handler(page))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_STOP_SECONDS)

    async def start(self) -> int:
        """Listen on every address of the pod; the port.

        Raises:
            SettingsError: The port cannot be used.
        """
        try:
            listener = _listener(self._port)
        except OSError as error:
            variable = f"{PREFIX}HEALTH_PORT"
            raise SettingsError(f"{variable}={self._port}: {error.strerror}") from error
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        port = int(listener.getsockname()[1])
        _LOG.info("health is told", extra={"port": port})
        return port

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()


def failing(checks: Mapping[str, Check]) -> dict[str, str]:
    """The checks that fail, and why; one that raises fails, too."""
    answers = {name: _answer(check) for name, check in checks.items()}
    return {name: answer for name, answer in answers.items() if answer is not None}


def _answer(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:
        _LOG.exception("a health check failed to run")
        return f"{type(error).__name__}: {error}"


def _handler(checks: Mapping[str, Check]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_request: web.Request) -> web.Response:
        faults = failing(checks)
        return web.json_response({"failing": faults}, status=503 if faults else 200)

    return answer


def _page_handler(page: Page) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        text, content_type = await page(request.headers.get("Accept", ""))
        return web.Response(body=text, headers={"Content-Type": content_type})

    return answer


def _listener(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))
