"""What a user sees of a call: one protocol, and the choice between its three forms."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from preference_api.installing import from_checkout
from preference_api.v1alpha1.status import Progress
from preference_api.wire import CheckSummary, RunDocument
from preference_cli.ending import Ending
from preference_cli.errors import CommandError
from preference_cli.result import RunResult
from preference_cli.view_json import JsonView
from preference_cli.view_plain import PlainView

FORMS = ("auto", "plain", "json")


class View(Protocol):
    """A view is told what happens, in order, and ends with exactly one `end`."""

    def start(self, document: RunDocument, folder: Path) -> None:
        """A call has begun; its logs go to the folder."""

    def progress(self, progress: Progress) -> None:
        """The trainer told how far it is; the same figures may come many times."""

    def log(self, line: str) -> None:
        """The trainer logged a line, and the user asked to see it."""

    def notice(self, text: str) -> None:
        """Something that the user should know at once."""

    def checked(self, summary: CheckSummary, details: Sequence[str]) -> None:
        """A check went well; the details are lines of its report."""

    def end(self, ending: Ending, result: RunResult | None) -> None:
        """The call is over."""

    def close(self) -> None:
        """Give back what was taken from the terminal; may come more than once."""


def choose_view(form: str) -> View:
    """The view that was asked for; `auto` draws where stdout is a terminal that can.

    Raises:
        CommandError: The terminal view is wanted and rich is not installed.
    """
    if form == "json":
        return JsonView()
    if not draws(form):
        return PlainView()
    try:
        from preference_cli.view_terminal import TerminalView
    except ModuleNotFoundError as error:
        raise needs_rich(error) from error
    return TerminalView()


def draws(form: str) -> bool:
    """Whether stdout is drawn on, and not only written to."""
    return form == "auto" and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def needs_rich(error: ModuleNotFoundError) -> CommandError:
    """The fault where drawing is wanted and its package is not installed."""
    return CommandError(
        f"the terminal view needs the package {error.name}",
        remedy=f"run {from_checkout('cli')}, or use --output plain",
    )
