"""Lines for people, with a style where a terminal can show one."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from preference_cli.view import draws, needs_rich
from preference_cli.wording import table

GOOD, BAD, CAUTION, HEAD = "green", "bold red", "yellow", "bold"


@dataclass(frozen=True, slots=True)
class Line:
    """A line and its style, as rich names it."""

    text: str
    style: str = ""


Show = Callable[[Sequence[Line]], None]


def rows(entries: Sequence[tuple[str, str]]) -> list[Line]:
    """Two columns, indented; a second line of a value stands below its first."""
    apart = [
        (name if number == 0 else "", text)
        for name, value in entries
        for number, text in enumerate(value.splitlines() or [""])
    ]
    return [Line(text.rstrip()) for text in table(apart)]


def columns(head: Sequence[str], entries: Sequence[Sequence[str]]) -> list[str]:
    """A table with a headline, its cells as wide as needed; empty cells are a dash."""
    cells = [head, *([cell or "-" for cell in entry] for entry in entries)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def age(moment: datetime, now: datetime) -> str:
    """From a moment to a later one, in the largest unit that leaves at least 2: 45s, 12m, 3d."""
    seconds = max(0, int((now - moment).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def shower(form: str) -> Show:
    """How lines are shown on stdout: with styles where it is a terminal that can.

    Raises:
        CommandError: Styles are wanted and rich is not installed.
    """
    if not draws(form):
        return _show_plain
    try:
        from rich.console import Console
    except ModuleNotFoundError as error:
        raise needs_rich(error) from error
    console = Console(highlight=False, markup=False, emoji=False)

    def show(lines: Sequence[Line]) -> None:
        for line in lines:
            console.print(line.text, style=line.style or None, soft_wrap=True)

    return show


def _show_plain(lines: Sequence[Line]) -> None:
    for line in lines:
        print(line.text, flush=True, file=sys.stdout)
