"""Ctrl-C and SIGTERM as a question that the waiting loop asks."""

import signal
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Within the context, signals are remembered in place of ending the process.

    The first of either asks for an orderly stop. Only another Ctrl-C asks to stop at once: service
    managers repeat SIGTERM without meaning more by it.
    """

    def __init__(self) -> None:
        self.asked = False
        self.at_once = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        self._previous = {number: signal.signal(number, self._remember) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.at_once = self.asked and number == signal.SIGINT
        self.asked = True
