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


def open_ranges(
    fetch: Fetch,
    *,
    size: int,
    ranges: Ranges,
    uri: str,
    on_again: Callable[[], object] = lambda: None,
) -> BinaryIO:
    """A stream over an object of a known size; memory is bounded by the ranges in flight.

    Args:
        fetch: Gets a range.
        size: Bytes of the object.
        ranges: How it is cut.
        uri: Of the object, for errors.
        on_again: Called before a range is fetched again, from the threads that fetch.

    Raises:
        Interrupted: While reading, where a range stays short after all tries.
    """

    def whole(start: int, end: int) -> bytes:
        return tried(
            lambda: _exact(fetch, start, end, uri), again_on=Interrupted, on_again=on_again
        )

    return io.BufferedReader(_ChunkStream(_chunks(whole, size, ranges), size, uri), BLOCK_BYTES)


def _exact(fetch: Fetch, start: int, end: int, uri: str) -> bytes:
    data = fetch(start, end)
    if len(data) != end - start:
        raise _cut(uri, f"got {len(data):,} of {end - start:,} bytes from byte {start:,}")
    return data


def _cut(uri: str, fault: str) -> Interrupted:
    return Interrupted(
        f"{uri}: {fault}",
        remedy="Try again; look at proxies between this machine and the storage.",
    )


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
    """A raw stream over chunks of bytes that ends only when all have been read.

    A generator that failed is over: who reads on after the error must not take that for the end.
    """

    def __init__(self, chunks: Generator[bytes, None, None], size: int, uri: str) -> None:
        super().__init__()
        self._chunks = chunks
        self._chunk = memoryview(b"")
        self._left = size
        self._uri = uri

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._chunk and self._left:
            self._chunk = memoryview(next(self._chunks, b""))
            if not self._chunk:
                raise _cut(self._uri, f"{self._left:,} bytes are missing at the end")
        count = min(len(buffer), len(self._chunk))
        buffer[:count], self._chunk = self._chunk[:count], self._chunk[count:]
        self._left -= count
        return count

    def close(self) -> None:
        if not self.closed:
            self._chunks.close()
        super().close()
