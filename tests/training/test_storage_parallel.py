"""The same work on many items at once."""

import threading

import pytest

from preference_trainer.storage.parallel import THREADS, in_parallel


def test_results_come_in_the_order_of_the_items() -> None:
    assert in_parallel(lambda number: number**2, range(100)) == [n**2 for n in range(100)]
    assert in_parallel(lambda number: number, []) == []


def test_so_many_items_are_worked_on_at_once() -> None:
    together = threading.Barrier(THREADS, timeout=60)
    in_parallel(lambda _: together.wait(), range(THREADS))


def test_a_failure_leaves_out_what_waits() -> None:
    begun: list[int] = []
    others = threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise OSError("broken")
        others.wait(0.05)

    with pytest.raises(OSError, match="broken"):
        in_parallel(work, range(1000))
    assert len(begun) < 1000
