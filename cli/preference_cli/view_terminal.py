"""The view in a terminal: a bar for every stage, and what has to be said above the bars."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Column

from preference_api.v1alpha1.status import Progress, Stage
from preference_api.wire import CheckSummary, RunDocument
from preference_cli import wording
from preference_cli.ending import Ending
from preference_cli.figures import progress_text
from preference_cli.log_lines import readable
from preference_cli.result import RunResult

_WHOLE = 100.0
_BAR_CELLS = 12
_STAGE_CELLS = 9


class TerminalView:
    """Bars are drawn when the trainer is asked, so that no thread draws beside the main one."""

    def __init__(self) -> None:
        self._console = _console(stderr=False)
        self._errors = _console(stderr=True)
        self._bars = Bars(*_columns(), console=self._console, auto_refresh=False, expand=True)
        self._tasks: dict[Stage, TaskID] = {}
        self._latest: dict[Stage, Progress] = {}

    def start(self, document: RunDocument, folder: Path) -> None:
        """Say what runs, and show the first bar while the trainer starts."""
        self._say(f"{document.namespace}/{document.name}", style="bold")
        self._say(f"logs in {folder}", style="dim")
        self._bars.start()
        self.progress(Progress())

    def progress(self, progress: Progress) -> None:
        """Draw the stage's bar; the other stages are done."""
        self._complete(stage for stage in self._latest if stage != progress.stage)
        if progress.stage != Stage.DONE:
            self._draw(progress)
        self._bars.refresh()

    def log(self, line: str) -> None:
        """The line, readable, above the bars."""
        self._say(readable(line), style="dim")

    def notice(self, text: str) -> None:
        """The text above the bars."""
        self._say(text, style="bold yellow")

    def checked(self, summary: CheckSummary, details: Sequence[str]) -> None:
        """What the check found, above the bars."""
        self._complete(self._latest)
        for line in (*wording.checked_lines(summary), *details):
            self._say(line, style="yellow" if line.startswith("warning:") else None)

    def end(self, ending: Ending, result: RunResult | None) -> None:
        """The result, or why there is none, below the bars."""
        if result:
            self._complete(self._latest)
        self._bars.stop()
        if result:
            head, *rows = wording.result_lines(result)
            self._say(head, style="bold green")
            self._say(*rows)
        for number, line in enumerate(wording.ending_lines(ending)):
            self._errors.print(line, style=None if number else "bold red", soft_wrap=True)

    def close(self) -> None:
        """Give the terminal its cursor back."""
        self._bars.stop()

    def _draw(self, progress: Progress) -> None:
        if progress.stage not in self._tasks:
            self._tasks[progress.stage] = self._bars.add_task(progress.stage.value, figures="")
        self._latest[progress.stage] = progress
        self._bars.update(
            self._tasks[progress.stage],
            total=_WHOLE if progress.steps or progress.percent else None,
            completed=progress.percent,
            figures=progress_text(progress),
        )

    def _complete(self, stages: Iterable[Stage]) -> None:
        """Fill the bars of stages whose last steps nobody asked about."""
        for stage in list(stages):
            last = self._latest[stage]
            done = {"step": last.steps, "percent": _WHOLE, "seconds_left": None}
            self._draw(last.model_copy(update=done))

    def _say(self, *lines: str, style: str | None = None) -> None:
        for line in lines:
            self._console.print(line, style=style, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def _columns() -> tuple[TextColumn | BarColumn, ...]:
    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return (
        TextColumn("{task.description}", table_column=Column(width=_STAGE_CELLS)),
        BarColumn(bar_width=_BAR_CELLS),
        TextColumn("{task.fields[figures]}", table_column=rest),
    )
