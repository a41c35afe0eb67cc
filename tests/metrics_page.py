"""The tables of docs/metrics.md: which metrics there are, of which type, with which labels."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
_CODE = re.compile(r"`([^`]+)`")
_COLUMNS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A metric as the page tells it; labels in the page's order, `le` of a histogram left out."""

    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str


def rows(section: str) -> list[Row]:
    """The metrics under a heading of the page.

    Args:
        section: Text of the heading: `Operator` or `Training`.

    Raises:
        KeyError: The page has no such heading.

    """
    return [_row(line) for line in _sections()[section].splitlines() if line.startswith("| `")]


def _sections() -> dict[str, str]:
    _, *parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {heading: text for heading, _, text in (part.partition("\n") for part in parts)}


def _row(line: str) -> Row:
    cells = [cell.strip() for cell in line.strip().strip("|").split("|", maxsplit=_COLUMNS - 1)]
    name, kind, labels, meaning = cells
    return Row(
        name=_CODE.findall(name)[0],
        type=kind,
        labels=tuple(_CODE.findall(labels)),
        meaning=meaning,
    )
