"""Workers take keys from the queue; what fails is retried, what works is forgotten."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from preference_operator.objects import Key
from preference_operator.queue import Stopped, WorkQueue
from skipping_loop import run

A, B, C = ("team", "a"), ("team", "b"), ("team", "c")


def unjittered() -> WorkQueue:
    return WorkQueue(jitter=lambda: 1.0)


async def worked(
    work: WorkQueue, worker: Callable[[Key], Awaitable[None]], *, count: int = 2
) -> None:
    await asyncio.wait_for(work.run(worker, count), timeout=3600)


def test_a_bad_key_is_logged_and_retried_and_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[Key] = []

    async def main() -> None:
        work = unjittered()

        async def worker(key: Key) -> None:
            seen.append(key)
            if key == A and seen.count(A) < 4:
                raise ValueError("garbage")
            if key == A:
                work.stop()

        for key in (A, B, C):
            work.add(key)
        await worked(work, worker, count=1)

    with caplog.at_level(logging.ERROR):
        run(main())
    assert seen == [A, B, C, A, A, A]
    assert len(caplog.records) == 3
    assert vars(caplog.records[0])["k8s_ref"] == {"namespace": "team", "name": "a"}


@pytest.mark.parametrize(("own_retry", "delay"), [(False, 0.2), (True, 0.8)])
def test_a_success_is_forgotten_and_a_workers_own_retry_is_not(
    own_retry: bool, delay: float
) -> None:
    moments: list[float] = []

    async def main() -> None:
        work = unjittered()

        async def worker(key: Key) -> None:
            moments.append(asyncio.get_running_loop().time())
            match len(moments):
                case 1 | 3:
                    raise ValueError
                case 2:
                    (work.retry if own_retry else work.add)(key)
                case 4:
                    work.stop()

        work.add(A)
        await worked(work, worker)

    run(main())
    assert moments[3] - moments[2] == pytest.approx(delay, abs=0.09)


def test_no_more_than_so_many_keys_are_in_work() -> None:
    busy: list[int] = []

    async def main() -> None:
        work, running = unjittered(), set[Key]()

        async def worker(key: Key) -> None:
            assert key not in running
            running.add(key)
            busy.append(len(running))
            work.add(A)
            await asyncio.sleep(1)
            running.discard(key)
            if len(busy) > 40:
                work.stop()

        for number in range(40):
            work.add(("team", str(number)))
        await worked(work, worker, count=3)

    run(main())
    assert max(busy) == 3


def test_a_stop_lets_running_keys_finish_and_drops_the_others() -> None:
    finished: list[Key] = []

    async def main() -> None:
        work = unjittered()

        async def worker(key: Key) -> None:
            work.add(key)
            work.add_after(key, 1)
            if key == B:
                work.stop()
            await asyncio.sleep(5)
            work.add(C)
            work.add_after(C, 1)
            finished.append(key)

        for key in (A, B, C):
            work.add(key)
        work.add_after(C, 2)
        await worked(work, worker)
        with pytest.raises(Stopped):
            await work.get()

    run(main())
    assert sorted(finished) == [A, B]


def test_a_stop_wakes_all_who_wait() -> None:
    async def main() -> None:
        work = unjittered()
        asyncio.get_running_loop().call_later(1, work.stop)
        await worked(work, None, count=5)  # type: ignore[arg-type]

    run(main())
