"""What `watch` shows: a page that is drawn again, or plain lines where stdout is no terminal."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from preference_cli.cluster.job import Job
from preference_cli.cluster.lines import shower
from preference_cli.cluster.page import page, standing
from preference_cli.view import draws, needs_rich
from preference_cli.view_plain import PlainView


class WatchView(Protocol):
    """A context within which every version is shown, and last the one that has ended."""

    def show(self, job: Job) -> None:
        """The job is under way."""

    def notice(self, text: str) -> None:
        """Something that the user should know at once."""

    def end(self, job: Job) -> None:
        """The job has ended."""

    def __enter__(self) -> Self:
        """Begin to draw."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back what was taken from the terminal."""


def choose_watch_view(form: str) -> WatchView:
    """The view for stdout as it is.

    Raises:
        CommandError: Drawing is wanted and rich is not installed.
    """
    if not draws(form):
        return PlainWatch()
    try:
        from preference_cli.cluster.watch_terminal import TerminalWatch
    except ModuleNotFoundError as error:
        raise needs_rich(error) from error
    return TerminalWatch()


class PlainWatch:
    """A line for another state or stage, and within a stage at most one every few seconds."""

    def __init__(self) -> None:
        self._lines = PlainView()
        self._said = ""

    def show(self, job: Job) -> None:
        """What is new of it, on lines."""
        state = standing(job)
        if state != self._said:
            self._lines.notice(state)
            self._said = state
        if job.status.progress:
            self._lines.progress(job.status.progress)

    def notice(self, text: str) -> None:
        """The text on a line."""
        self._lines.notice(text)

    def end(self, job: Job) -> None:
        """The page of the ended job."""
        shower("plain")(page(job, now=datetime.now(UTC)))

    def __enter__(self) -> Self:
        """Nothing is taken."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is open."""
