"""Waiting for a condition."""

import time
from collections.abc import Callable

_PAUSE = 0.01
_MOST_SECONDS = 60


def until(condition: Callable[[], bool], *, seconds: float = _MOST_SECONDS) -> None:
    """Return as soon as the condition holds; fail where it does not within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(_PAUSE)
