"""Reading an object as a stream, in ranges that are fetched ahead and each tried again."""

import io
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from preference_trainer.storage.errors import Interrupted
from preference_trainer.storage.files import BLOCK_BYTES
from preference_trainer.storage.retries import tried

Fetch = Callable[[int, int], bytes]
"""The bytes of an object from a start to an end (exclusive). Raises Interrupted where a second
request may go better."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """How an object is cut: bytes of one range, and how many are in flight at once."""

    size: int
    ahead: int


def open_ranges(fetch: Fetch, *, size: int, ranges: Ranges, uri: str) -> BinaryIO:
    """A stream over an object of a known size; memory is bounded by the ranges in flight.

    Raises:
        Interrupted: While reading, where a range stays short after all tries.
    """

    def whole(start: int, end: int) -> bytes:
        return tried(lambda: _exact(fetch, start, end, uri), again_on=Interrupted)

    return io.BufferedReader(_ChunkStream(_chunks(whole, size, ranges)), BLOCK_BYTES)


def _exact(fetch: Fetch, start: int, end: int, uri: str) -> bytes:
    data = fetch(start, end)
    if len(data) != end - start:
        raise Interrupted(
            f"{uri}: got {len(data):,} of {end - start:,} bytes from byte {start:,}",
            remedy="Try again; look at proxies between this machine and the storage.",
        )
    return data


def _chunks(fetch: Fetch, size: int, ranges: Ranges) -> Generator[bytes, None, None]:
    bounds = [(start, min(start + ranges.size, size)) for start in range(0, size, ranges.size)]
    if len(bounds) <= 1:
        yield from (fetch(*bound) for bound in bounds)
        return
    pending: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(ranges.ahead, thread_name_prefix="range") as pool:
        try:
            for bound in bounds:
                pending.append(pool.submit(fetch, *bound))
                if len(pending) == ranges.ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class _ChunkStream(io.RawIOBase):
    """A raw stream over chunks of bytes."""

    def __init__(self, chunks: Generator[bytes, None, None]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def close(self) -> None:
        if not self.closed:
            self._chunks.close()
        super().close()
