"""The trainer's log: new lines while it runs, the last ones when it died."""

import json
from pathlib import Path
from types import TracebackType
from typing import IO, Any

_TAIL_BYTES = 65536
_ENVELOPE = ("time", "level", "event")


class LogReader:
    """Reads the lines that were added to a file since the last look."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open(errors="replace")
        self._rest = ""

    def __enter__(self) -> "LogReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def new_lines(self) -> list[str]:
        """Complete lines that were added, without their ends."""
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        return lines


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a log, readable; a trainer that died mid-line keeps that line."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [readable(line) for line in text.splitlines() if line.strip()][-count:]


def readable(line: str) -> str:
    """A JSON log line as `event key=value`; any other line as it is."""
    try:
        fields: dict[str, Any] = json.loads(line)
        event = fields["event"]
    except (ValueError, KeyError, TypeError):
        return line.rstrip()
    more = [f"{key}={value}" for key, value in fields.items() if key not in _ENVELOPE]
    return " ".join([str(event), *more])
