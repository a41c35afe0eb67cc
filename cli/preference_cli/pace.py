"""Which of the many answers to `GET /progress` are worth a line."""

import time
from collections.abc import Callable

from preference_api.v1alpha1.status import Progress, Stage

_UNTIMED = {"updated_at": None, "seconds_left": None}


class Pace:
    """Lets another stage pass at once, and other figures of a stage every so many seconds.

    Args:
        seconds: Least time between two lines of a stage.
        clock: Seconds that only ever grow.
    """

    def __init__(self, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._passed: Progress | None = None
        self._next = 0.0

    def passes(self, progress: Progress) -> bool:
        """Whether these figures are worth a line; then the next ones have to wait."""
        figures = progress.model_copy(update=_UNTIMED)
        if progress.stage == Stage.DONE or not self._due(figures):
            return False
        self._passed, self._next = figures, self._clock() + self._seconds
        return True

    def _due(self, figures: Progress) -> bool:
        if self._passed is None or figures.stage != self._passed.stage:
            return True
        return figures != self._passed and self._clock() >= self._next
