"""Being told to stop: a signal sets a flag, and every phase looks at it where it can stop well."""

import signal
import threading
from types import FrameType

from preference_trainer.errors import StoppedEarly
from preference_trainer.log import log


class StopRequest:
    """A flag that SIGTERM and SIGINT set; once set, it stays."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def listen(self) -> None:
        """Install the signal handlers; from the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        log("StopRequested", signal=signal.Signals(number).name)
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether the process was told to stop."""
        return self._event.is_set()

    def check(self, doing: str) -> None:
        """Raise StoppedEarly where the process was told to stop.

        Args:
            doing: What is left undone, for the message.

        """
        if self.requested:
            raise StoppedEarly(
                f"told to stop while {doing}",
                remedy="Start the same job again: it goes on from what is saved.",
            )
