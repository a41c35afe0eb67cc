"""A queue of keys to work on: each one once at a time, later again, with back-off."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from preference_operator.logs import about
from preference_operator.objects import Key

_LOG = logging.getLogger(__name__)
FIRST_DELAY = 0.2
MOST_DELAY = 60.0
_MOST_DOUBLINGS = 32


class Stopped(Exception):
    """The queue gives no more keys."""


class WorkQueue:
    """Keys that wait, keys in work, and keys that come later; all in one event loop.

    A key that waits is not added twice. A key added while it is in work waits again as soon as
    that work is done, so no change is missed and no two workers hold the same key.
    """

    def __init__(self, *, jitter: Callable[[], float] = random.random) -> None:
        """`jitter` gives numbers from 0 to 1 that spread retries: 0 halves their delay."""
        self._jitter = jitter
        self._waiting: dict[Key, None] = {}
        self._available = asyncio.Semaphore(0)
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._later: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._stopped = False

    @property
    def depth(self) -> int:
        """How many keys wait for a worker."""
        return len(self._waiting)

    def add(self, key: Key) -> None:
        """Have a key worked on as soon as a worker is free."""
        if self._stopped or key in self._waiting:
            return
        if key in self._working:
            self._again.add(key)
            return
        self._waiting[key] = None
        self._available.release()

    def add_after(self, key: Key, seconds: float) -> None:
        """Add a key later; where it is to be added later already, the earlier moment wins."""
        loop = asyncio.get_running_loop()
        moment = loop.time() + max(0.0, seconds)
        planned = self._later.get(key)
        if planned and planned.when() <= moment:
            return
        if planned:
            planned.cancel()
        self._later[key] = loop.call_at(moment, self._add_now, key)

    def retry(self, key: Key) -> None:
        """Add a key after a delay that doubles with each failure, from 0.2 s up to 60 s."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(FIRST_DELAY * 2 ** min(failures, _MOST_DOUBLINGS), MOST_DELAY)
        self.add_after(key, delay * (0.5 + 0.5 * self._jitter()))

    def forget(self, key: Key) -> None:
        """Have the next failure of a key count as its first."""
        self._failures.pop(key, None)

    async def get(self) -> Key:
        """Wait for a key and take it; `done` has to follow.

        Raises:
            Stopped: The queue was stopped.
        """
        await self._available.acquire()
        if self._stopped:
            self._available.release()
            raise Stopped
        key = next(iter(self._waiting))
        del self._waiting[key]
        self._working.add(key)
        return key

    def done(self, key: Key) -> None:
        """Give back a key that `get` gave."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    async def run(self, worker: Callable[[Key], Awaitable[None]], count: int) -> None:
        """Work on keys, `count` at a time, until `stop`.

        A key whose work raises is logged and retried. A key whose work returns is forgotten,
        unless the worker itself called `retry`.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(self._work(worker))

    def stop(self) -> None:
        """Drop the keys that wait or come later; `run` returns when those in work are done."""
        self._stopped = True
        self._waiting.clear()
        self._again.clear()
        for planned in self._later.values():
            planned.cancel()
        self._later.clear()
        self._available.release()

    async def _work(self, worker: Callable[[Key], Awaitable[None]]) -> None:
        while True:
            try:
                key = await self.get()
            except Stopped:
                return
            try:
                await self._attempt(worker, key)
            finally:
                self.done(key)

    async def _attempt(self, worker: Callable[[Key], Awaitable[None]], key: Key) -> None:
        failures = self._failures.get(key, 0)
        try:
            await worker(key)
        except Exception:
            _LOG.exception("work failed", extra=about(key))
            self.retry(key)
        else:
            if self._failures.get(key, 0) == failures:
                self.forget(key)

    def _add_now(self, key: Key) -> None:
        del self._later[key]
        self.add(key)
