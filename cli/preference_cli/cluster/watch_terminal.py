"""The page of a PreferenceJob, drawn again in place as it changes."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from preference_cli.cluster.job import Job
from preference_cli.cluster.lines import shower
from preference_cli.cluster.page import page, summary


class TerminalWatch:
    """Drawn when something has changed, so that no thread draws beside the main one."""

    def __init__(self) -> None:
        console = Console(highlight=False, markup=False, emoji=False)
        self._live = Live(console=console, auto_refresh=False)

    def show(self, job: Job) -> None:
        """Draw the page."""
        lines = summary(job, now=datetime.now(UTC))
        styled = (Text(line.text, style=line.style) for line in lines)
        self._live.update(Text("\n").join(styled), refresh=True)

    def notice(self, text: str) -> None:
        """The text above the page."""
        self._live.console.print(text, style="bold yellow", soft_wrap=True)

    def end(self, job: Job) -> None:
        """The whole page in place of the drawn one, its locations not broken over lines."""
        self._live.transient = True
        self._live.stop()
        shower("auto")(page(job, now=datetime.now(UTC)))

    def __enter__(self) -> Self:
        """Hide the cursor."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the terminal its cursor back; what was drawn last stays."""
        self._live.stop()
