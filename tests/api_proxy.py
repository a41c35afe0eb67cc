"""A proxy between the operator and the API server, which loses, delays, refuses and cuts.

It speaks plain HTTP to the operator, whose kubeconfig names it as the server, and passes on the
operator's own credentials: rights are the API server's matter, as ever.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

from api_faults import (
    Answer,
    Broken,
    Expired,
    Fault,
    Held,
    Killed,
    Rule,
    Side,
    When,
    any_write,
    anything,
)
from api_passage import Passage, serving
from control_plane import ControlPlane

_COMMAND_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiProxy:
    """A running proxy. A fault that is asked for meets requests that come afterwards.

    Args:
        url: What the operator's kubeconfig names as the server.
    """

    url: str
    _passage: Passage
    _loop: asyncio.AbstractEventLoop

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Method and path of every write that came, in order, save those of the election."""
        return [(a.method, a.path) for a in list(self._passage.requests) if a.is_write]

    def count(self, when: When) -> int:
        """How many fitting requests came."""
        return sum(when(asked) for asked in list(self._passage.requests))

    def answer(
        self,
        when: When,
        status: int,
        *,
        reason: str = "",
        retry_after: int | None = None,
        nth: int = 1,
        times: int = 1,
    ) -> None:
        """Answer the nth fitting request, and those after it so many times, in the server's name.

        Args:
            when: Which requests fit.
            status: 401, 403, 409, 429, 500 or 503.
            reason: Of the Status object, where it is not the usual one: AlreadyExists.
            retry_after: Seconds, for the header of that name.
            nth: The first request that is met, counted from now on.
            times: How many are met.
        """
        fault = Answer(status=status, reason=reason, retry_after=retry_after)
        self._add(when, fault, nth=nth, times=times)

    def lose_answer(self, when: When, *, nth: int = 1, times: int = 1) -> None:
        """Have the API server act, and close the connection in place of the answer."""
        self._add(when, Broken(Side.AFTER), nth=nth, times=times)

    def refuse(self, when: When, *, nth: int = 1, times: int = 1) -> None:
        """Close the connection before the API server hears of the request."""
        self._add(when, Broken(Side.BEFORE), nth=nth, times=times)

    def hold(self, when: When, side: Side, *, nth: int = 1) -> Held:
        """Make the nth fitting request wait, before the API server acts or after."""
        held = Held(side)
        self._add(when, held, nth=nth, times=1)
        return held

    def kill_at_write(
        self, number: int, side: Side, kill: Callable[[], None], *, when: When = any_write
    ) -> Killed:
        """Call `kill` at the fitting write of that number, 1 for the next; it gets no answer."""
        killed = Killed(side, kill)
        self._add(when, killed, nth=number, times=1)
        return killed

    def heal(self) -> None:
        """Forget the faults that have not met their requests yet."""
        self._command(self._passage.rules.clear)

    def cut_watches(self, when: When = anything) -> None:
        """Close the connections of the watches that are open now."""
        self._command(lambda: self._passage.cut(when))

    def stall_watches(self, when: When = anything) -> None:
        """Deliver nothing of watches, bookmarks included, whether open now or begun later."""

        def stall() -> None:
            self._passage.stalled = when
            self._passage.flowing.clear()

        self._command(stall)

    def release_watches(self) -> None:
        """Deliver what was kept back, in order, as a network does that is there again."""
        self._command(self._passage.flowing.set)

    def expire_watches(self, *, times: int) -> None:
        """Tell so many watches that are begun that what they start from is too old (410)."""
        self._add(lambda asked: asked.is_watch, Expired(), nth=1, times=times)

    def _add(self, when: When, fault: Fault, *, nth: int, times: int) -> None:
        rule = Rule(when=when, fault=fault, nth=nth, times=times)
        self._command(lambda: self._passage.rules.append(rule))

    def _command(self, act: Callable[[], object]) -> None:
        """Act in the proxy's event loop, and return when that is done."""

        async def acted() -> None:
            act()

        asyncio.run_coroutine_threadsafe(acted(), self._loop).result(_COMMAND_SECONDS)


@contextmanager
def before(plane: ControlPlane) -> Iterator[ApiProxy]:
    """A proxy before a control plane, in a thread of its own."""
    trust = ssl.create_default_context(cafile=str(plane.certificate))
    opened: Future[ApiProxy] = Future()
    stop = asyncio.Event()

    async def serve() -> None:
        async with serving(plane.url, trust) as (passage, url):
            loop = asyncio.get_running_loop()
            opened.set_result(ApiProxy(url=url, _passage=passage, _loop=loop))
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    proxy = opened.result(_COMMAND_SECONDS)
    try:
        yield proxy
    finally:
        proxy._command(stop.set)
        thread.join()
