"""How a request passes from the operator to the API server, and what meets it on the way."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector, web
from multidict import CIMultiDict, MultiMapping
from yarl import URL

from api_faults import Asked, Forward, Rule, Severed, When, anything

_OF_ONE_CONNECTION = (
    "Connection",
    "Content-Length",
    "Date",
    "Host",
    "Keep-Alive",
    "Server",
    "Transfer-Encoding",
)
_NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(slots=True, kw_only=True)
class Passage:
    """The inside of the proxy; everything here happens in its own event loop.

    Args:
        upstream: URL of the API server.
        session: Connections to it.
        requests: All that came, in order, those included that never got through.
        rules: Faults to come.
        stalled: Watches that deliver nothing while `flowing` is not set.
    """

    upstream: str
    session: ClientSession
    requests: list[Asked] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    stalled: When = anything
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _watches: list[tuple[web.Request, Asked]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request, as the API server does or as a fault wants it."""
        asked = Asked(method=request.method, path=request.path, query=dict(request.query))
        self.requests.append(asked)
        fault = next((rule.fault for rule in self.rules if rule.takes(asked)), None)
        forward = self._forward(request, asked)
        try:
            return await (fault.apply(forward) if fault else forward())
        except (Severed, ClientError):
            _abort(request)
            return web.Response()

    def cut(self, when: When) -> None:
        """Close the connections of open watches."""
        for request, asked in self._watches:
            if when(asked):
                _abort(request)

    def _forward(self, request: web.Request, asked: Asked) -> Forward:
        if asked.is_watch:
            return lambda: self._stream(request, asked)
        # What was sent is carried out, even where the operator does not live to see the answer.
        return lambda: asyncio.shield(asyncio.ensure_future(self._exchange(request)))

    async def _exchange(self, request: web.Request) -> web.StreamResponse:
        async with self._ask(request, await request.read()) as answer:
            body = await answer.read()
        return web.Response(status=answer.status, headers=_passed_on(answer.headers), body=body)

    async def _stream(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        async with self._ask(request) as answer:
            stream = web.StreamResponse(status=answer.status, headers=_passed_on(answer.headers))
            await stream.prepare(request)
            watch = (request, asked)
            self._watches.append(watch)
            try:
                async for chunk in answer.content.iter_any():
                    if self.stalled(asked):
                        await self.flowing.wait()
                    await stream.write(chunk)
            finally:
                self._watches.remove(watch)
        return stream

    def _ask(
        self, request: web.Request, body: bytes = b""
    ) -> AbstractAsyncContextManager[ClientResponse]:
        return self.session.request(
            request.method,
            URL(self.upstream + request.raw_path, encoded=True),
            headers=_passed_on(request.headers),
            data=body or None,
            skip_auto_headers=_NOT_ADDED,
        )


@asynccontextmanager
async def serving(upstream: str, trust: ssl.SSLContext) -> AsyncIterator[tuple[Passage, str]]:
    """A passage that is open, and the URL at which the operator finds it."""
    connector = TCPConnector(limit=0, ssl=trust)
    timeout = ClientTimeout(total=None)
    async with ClientSession(
        connector=connector, timeout=timeout, auto_decompress=False
    ) as session:
        passage = Passage(upstream=upstream, session=session)
        passage.flowing.set()
        # A request whose sender is gone is given up.
        runner = web.AppRunner(_application(passage), handler_cancellation=True, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0, shutdown_timeout=0)
            await site.start()
            yield passage, f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


def _application(passage: Passage) -> web.Application:
    application = web.Application(client_max_size=2**26)
    application.router.add_route("*", "/{path:.*}", passage.handle)
    return application


def _passed_on(headers: MultiMapping[str]) -> "CIMultiDict[str]":
    """The headers, without those of the connection that they came by."""
    kept = CIMultiDict(headers)
    for name in _OF_ONE_CONNECTION:
        kept.popall(name, None)
    return kept


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
