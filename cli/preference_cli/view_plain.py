"""The view where stdout is no terminal: plain lines, few enough for a CI log."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from preference_api.v1alpha1.status import Progress, Stage
from preference_api.wire import CheckSummary, RunDocument
from preference_cli import wording
from preference_cli.ending import Ending
from preference_cli.figures import progress_text
from preference_cli.log_lines import readable
from preference_cli.result import RunResult

_SECONDS_BETWEEN = 5.0


class PlainView:
    """A line for every stage, and within a stage at most one every few seconds.

    Args:
        out: Where all but failures go, stdout if absent.
        clock: Seconds that only ever grow.
    """

    def __init__(
        self, *, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out or sys.stdout
        self._clock = clock
        self._stage: Stage | None = None
        self._line = ""
        self._next = 0.0

    def start(self, document: RunDocument, folder: Path) -> None:
        """Say what runs and where the logs go."""
        self._say(f"{document.namespace}/{document.name}, logs in {folder}")

    def progress(self, progress: Progress) -> None:
        """A line, if the stage is another or the last line is old enough."""
        line, time_ = f"{progress.stage.value}  {progress_text(progress)}".rstrip(), self._clock()
        due = progress.stage != self._stage or time_ >= self._next
        if due and line != self._line:
            self._stage, self._line, self._next = progress.stage, line, time_ + _SECONDS_BETWEEN
            self._say(line)

    def log(self, line: str) -> None:
        """The line, readable."""
        self._say(readable(line))

    def notice(self, text: str) -> None:
        """The text on a line."""
        self._say(text)

    def checked(self, summary: CheckSummary, details: Sequence[str]) -> None:
        """What the check found."""
        self._say("Check passed", *wording.checked_lines(summary), *details)

    def end(self, ending: Ending, result: RunResult | None) -> None:
        """The result on stdout, a failure on stderr."""
        if result:
            self._say(*wording.result_lines(result))
        for line in wording.ending_lines(ending):
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing is open."""

    def _say(self, *lines: str) -> None:
        for line in lines:
            print(line, file=self._out, flush=True)
