"""The view where stdout is no terminal: plain lines, few enough for a CI log."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from preference_api.v1alpha1.status import Progress
from preference_api.wire import CheckSummary, RunDocument
from preference_cli import wording
from preference_cli.ending import Ending
from preference_cli.figures import progress_text
from preference_cli.log_lines import readable
from preference_cli.pace import Pace
from preference_cli.result import RunResult

_SECONDS_BETWEEN = 5.0


class PlainView:
    """A line for every stage, and within a stage at most one every few seconds.

    Args:
        out: Where all but failures go, stdout if absent.
    """

    def __init__(self, *, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._pace = Pace(seconds=_SECONDS_BETWEEN)

    def start(self, document: RunDocument, folder: Path) -> None:
        """Say what runs and where the logs go."""
        self._say(f"{document.namespace}/{document.name}, logs in {folder}")

    def progress(self, progress: Progress) -> None:
        """Stage and figures on a line, if they are worth one."""
        if self._pace.passes(progress):
            self._say(f"{progress.stage.value}  {progress_text(progress)}".rstrip())

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
