"""Keys are given out once at a time, again after changes, later after failures."""

import asyncio

import pytest

from preference_operator.objects import Key
from preference_operator.queue import WorkQueue
from skipping_loop import run

A, B, C = ("team", "a"), ("team", "b"), ("team", "c")


def queue(jitter: float = 1.0) -> WorkQueue:
    return WorkQueue(jitter=lambda: jitter)


async def taken(work: WorkQueue, count: int) -> list[Key]:
    """The next keys, each done at once."""
    keys = []
    for _ in range(count):
        keys.append(await work.get())
        work.done(keys[-1])
    return keys


async def is_empty(work: WorkQueue) -> bool:
    """Whether nothing waits now."""
    try:
        async with asyncio.timeout(0.001):
            await work.get()
    except TimeoutError:
        return True
    return False


def test_a_key_that_waits_is_not_added_twice() -> None:
    async def main() -> None:
        work = queue()
        for key in (A, B, A, C, B):
            work.add(key)
        assert await taken(work, 3) == [A, B, C]
        assert await is_empty(work)

    run(main())


def test_a_key_added_in_work_comes_again_once_when_it_is_done() -> None:
    async def main() -> None:
        work = queue()
        work.add(A)
        assert await work.get() == A
        work.add(A)
        work.add(A)
        assert await is_empty(work)
        work.done(A)
        assert await taken(work, 1) == [A]
        assert await is_empty(work)

    run(main())


def test_later_keys_come_in_the_order_of_their_moments() -> None:
    async def main() -> None:
        work = queue()
        work.add_after(A, 30)
        work.add_after(B, 20)
        work.add_after(C, -1)
        assert await taken(work, 3) == [C, B, A]

    run(main())


@pytest.mark.parametrize(("first", "second"), [(10, 60), (60, 10)])
def test_the_earlier_moment_wins(first: float, second: float) -> None:
    async def main() -> None:
        work, clock = queue(), asyncio.get_running_loop().time
        start = clock()
        work.add_after(A, first)
        work.add_after(A, second)
        await taken(work, 1)
        assert 10 <= clock() - start < 20
        work.add_after(B, 300)
        assert await taken(work, 1) == [B]

    run(main())


def test_a_key_that_is_due_while_in_work_waits_for_its_end() -> None:
    async def main() -> None:
        work = queue()
        work.add(A)
        await work.get()
        work.add_after(A, 5)
        work.add_after(B, 10)
        assert await work.get() == B
        work.done(A)
        assert await taken(work, 1) == [A]

    run(main())


@pytest.mark.parametrize(
    ("jitter", "delays"),
    [
        (1.0, [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60]),
        (0.0, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30]),
    ],
)
def test_retries_double_up_to_a_minute(jitter: float, delays: list[float]) -> None:
    async def main() -> None:
        work = queue(jitter)
        assert await waits(work, len(delays)) == pytest.approx(delays, abs=0.09)
        work.forget(A)
        assert await waits(work, 1) == pytest.approx(delays[:1], abs=0.09)

    run(main())


async def waits(work: WorkQueue, count: int) -> list[float]:
    clock, found = asyncio.get_running_loop().time, []
    for _ in range(count):
        start = clock()
        work.retry(A)
        await taken(work, 1)
        found.append(clock() - start)
    return found


def test_a_thousand_failures_are_still_a_minute_apart() -> None:
    async def main() -> None:
        work = queue()
        for _ in range(1100):
            work.retry(A)
            await taken(work, 1)
        assert await waits(work, 1) == pytest.approx([60], abs=1)

    run(main())
