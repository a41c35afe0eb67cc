"""Coroutines that wait for minutes, run at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps over the time in which nothing happens."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped = 0.0
        self._select = self._selector.select
        self._selector.select = self._skip

    def time(self) -> float:
        return super().time() + self._skipped

    def _skip(self, timeout: float | None = None) -> Any:
        if timeout is None:
            return self._select(None)
        self._skipped += timeout
        return self._select(0)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a loop that does not wait, and in which no callback may fail."""
    failures: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _loop, failure: failures.append(failure))
        runner.run(main)
    assert not failures
