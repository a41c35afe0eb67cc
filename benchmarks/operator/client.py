"""The client that both sides share: it makes objects, and sees when others first appear."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

import credentials
from control_plane import STRATEGIC_MERGE_PATCH, ControlPlane

Body = dict[str, Any]

AT_ONCE = 8
"""Calls that a burst has under way at a time."""
_LINE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Client:
    """Calls with every right, all in one event loop."""

    http: aiohttp.ClientSession
    url: str

    @classmethod
    @asynccontextmanager
    async def connect(cls, plane: ControlPlane) -> AsyncIterator[Self]:
        trusted = ssl.create_default_context(cafile=str(plane.certificate))
        token = credentials.token(credentials.ADMINISTRATOR)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trusted, limit=0),
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=30),
            read_bufsize=_LINE_BYTES,
        ) as http:
            yield cls(http, plane.url)

    async def create(self, path: str, body: Body) -> float:
        """Make an object; the moment of the answer."""
        await self._send("POST", path, body, "application/json")
        return time.monotonic()

    async def patch(self, path: str, body: Body) -> None:
        await self._send("PATCH", path, body, STRATEGIC_MERGE_PATCH)

    async def _send(self, method: str, path: str, body: Body, kind: str) -> None:
        async with self.http.request(
            method, self.url + path, data=json.dumps(body), headers={"Content-Type": kind}
        ) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {await answer.text()}")

    async def version(self, path: str) -> str:
        """The version of a list, from which a watch misses nothing."""
        async with self.http.get(f"{self.url}{path}?limit=1") as answer:
            return str((await answer.json())["metadata"]["resourceVersion"])

    async def watch(self, path: str, version: str) -> AsyncIterator[Body]:
        """Everything that changes from a version on, until cancelled."""
        without_end = aiohttp.ClientTimeout(total=None)
        while True:
            # The API server ends a watch that reads more slowly than objects come.
            url = f"{self.url}{path}?watch=1&resourceVersion={version}"
            async with self.http.get(url, timeout=without_end) as answer:
                async for line in answer.content:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise RuntimeError(f"watch of {path}: {event['object']}")
                    version = event["object"]["metadata"]["resourceVersion"]
                    yield event["object"]


@dataclass(slots=True)
class Arrivals:
    """When the first child of each object was first seen, by the object's name."""

    first: dict[str, float] = field(default_factory=dict)
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    @classmethod
    @asynccontextmanager
    async def watched(cls, client: Client, path: str) -> AsyncIterator[Self]:
        """Filled by a watch as long as the block lasts, with what comes after its beginning."""
        arrivals, version = cls(), await client.version(path)
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(arrivals._follow(client, path, version))
            yield arrivals
            watch.cancel()

    async def count(self, wanted: int, *, seconds: float) -> None:
        """Return once so many have come.

        Raises:
            RuntimeError: They did not come in so many seconds.
        """
        try:
            async with asyncio.timeout(seconds), self._came:
                await self._came.wait_for(lambda: len(self.first) >= wanted)
        except TimeoutError as error:
            raise RuntimeError(f"{len(self.first)} of {wanted} came in {seconds} s") from error

    async def _follow(self, client: Client, path: str, version: str) -> None:
        async for body in client.watch(path, version):
            now = time.monotonic()
            owner = body["metadata"]["ownerReferences"][0]["name"]
            if owner not in self.first:
                async with self._came:
                    self.first[owner] = now
                    self._came.notify_all()


async def at_once(work: Callable[[Any], Awaitable[object]], items: Iterable[Any]) -> None:
    """Do the work for every item, eight at a time."""
    left = iter(items)

    async def worker() -> None:
        for item in left:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())
