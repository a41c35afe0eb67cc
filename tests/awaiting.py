"""Waiting for a condition."""

import time
from collections.abc import Callable

_PAUSE = 0.01
_MOST_SECONDS = 60


def until(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; fail where it never does."""
    end = time.monotonic() + _MOST_SECONDS
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(_PAUSE)
