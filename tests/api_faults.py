"""What can go wrong between the operator and the API server, request by request."""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from aiohttp import web

WAIT_SECONDS = 60
_READS = ("GET", "HEAD", "OPTIONS")
_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    409: "Conflict",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came from the operator.

    Args:
        method: Such as POST.
        path: Without the query.
        query: The query's parameters.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_watch(self) -> bool:
        """Whether the answer goes on until somebody ends it."""
        return self.query.get("watch") in ("1", "true")

    @property
    def is_write(self) -> bool:
        """Whether it changes objects; the election's Lease, renewed by the clock, is left out."""
        return self.method not in _READS and "/coordination.k8s.io/" not in self.path


When = Callable[[Asked], bool]
Forward = Callable[[], Awaitable[web.StreamResponse]]


class Severed(Exception):
    """The operator gets no answer: its connection is closed."""


class Fault(Protocol):
    """What becomes of a request."""

    async def apply(self, forward: Forward) -> web.StreamResponse:
        """The answer; `forward` asks the API server.

        Raises:
            Severed: There is none.
        """
        ...


class Side(Enum):
    """Whether something happens before the API server acts, or after it has acted."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that the API server never gave; the request does not reach it."""

    status: int
    reason: str = ""
    retry_after: int | None = None

    async def apply(self, forward: Forward) -> web.StreamResponse:
        body = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": f"the proxy of the tests answers {self.status}",
            "reason": self.reason or _REASONS[self.status],
            "code": self.status,
        }
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return web.json_response(body, status=self.status, headers=headers)


@dataclass(frozen=True, slots=True)
class Expired:
    """A watch that cannot begin, since nobody remembers what happened since its beginning."""

    async def apply(self, forward: Forward) -> web.StreamResponse:
        status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
        return web.json_response({"type": "ERROR", "object": status})


@dataclass(frozen=True, slots=True)
class Broken:
    """The connection is closed, before the API server acts or in place of its answer."""

    side: Side

    async def apply(self, forward: Forward) -> web.StreamResponse:
        if self.side is Side.AFTER:
            await forward()
        raise Severed


@dataclass(frozen=True, slots=True)
class Killed:
    """The operator is killed at this very request; nothing else passes meanwhile."""

    side: Side
    kill: Callable[[], None]
    _done: threading.Event = field(default_factory=threading.Event)

    async def apply(self, forward: Forward) -> web.StreamResponse:
        if self.side is Side.AFTER:
            await forward()
        self.kill()
        self._done.set()
        raise Severed

    @property
    def done(self) -> bool:
        """Whether it has happened."""
        return self._done.is_set()

    def await_done(self) -> None:
        """Return once it has happened."""
        assert self._done.wait(WAIT_SECONDS), "the request at which to kill never came"


@dataclass(frozen=True, slots=True)
class Held:
    """A request that waits for the test's word, before the API server acts or after."""

    side: Side
    _reached: threading.Event = field(default_factory=threading.Event)
    _go_on: "Future[bool]" = field(default_factory=Future)

    async def apply(self, forward: Forward) -> web.StreamResponse:
        answer = await forward() if self.side is Side.AFTER else None
        self._reached.set()
        # Shielded, so that the word may still be given after the operator has died meanwhile.
        if not await asyncio.shield(asyncio.wrap_future(self._go_on)):
            raise Severed
        return answer or await forward()

    def await_reached(self) -> None:
        """Return once the request is there."""
        assert self._reached.wait(WAIT_SECONDS), "the request to be held never came"

    def release(self) -> None:
        """Let it go on."""
        self._go_on.set_result(True)

    def drop(self) -> None:
        """Close its connection; one that is held before never reaches the API server."""
        self._go_on.set_result(False)


@dataclass(slots=True)
class Rule:
    """Which requests a fault meets: the nth that fits and those after it, so many times."""

    when: When
    fault: Fault
    nth: int
    times: int

    def takes(self, asked: Asked) -> bool:
        """Whether this request is met; counts it."""
        if not self.times or not self.when(asked):
            return False
        self.nth -= 1
        if self.nth > 0:
            return False
        self.times -= 1
        return True


def asking(method: str = "", path: str = "") -> When:
    """Requests with this method and with a path that the regular expression is found in."""

    def fits(asked: Asked) -> bool:
        return method in ("", asked.method) and re.search(path, asked.path) is not None

    return fits


def any_write(asked: Asked) -> bool:
    """Every request that changes objects."""
    return asked.is_write


def anything(asked: Asked) -> bool:
    """Every request."""
    return True
