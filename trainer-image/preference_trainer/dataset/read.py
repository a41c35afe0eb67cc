"""Rows of a dataset in a bucket or on a disk, streamed file by file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from preference_trainer.dataset.lines import DAMAGE, read_lines
from preference_trainer.dataset.parquet import read_parquet
from preference_trainer.errors import DataError
from preference_trainer.storage import Location, NotFound

LINE_FORMS = (".jsonl", ".json", ".jsonl.gz", ".json.gz", ".jsonl.zst", ".json.zst")
FORMS = (*LINE_FORMS, ".parquet")
_NO_DATA = {"manifest.json", "dataset_info.json", "dataset_infos.json", "state.json"}
_SHOWN = 5
_KINDS = {
    str: "text",
    list: "a list",
    dict: "an object",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in its file.

    Args:
        source: URI of the file.
        number: Line of a JSON Lines file or row of a Parquet file, counted from 1.
        values: Value of each column.
    """

    source: str
    number: int
    values: dict[str, Any]

    def fault(self, message: str, *, remedy: str) -> DataError:
        """An error that names this row."""
        return DataError(f"{self.source}, row {self.number}: {message}", remedy=remedy)


def kind_of(value: Any) -> str:
    """What a JSON value is, in a word."""
    return _KINDS.get(type(value), type(value).__name__)


def data_files(location: Location, *, field: str) -> list[Location]:
    """Files with rows at a location, an object or a prefix, sorted by name.

    Hidden files (a part of the path begins with `.` or `_`) and descriptions that other tools leave
    beside data are no data.

    Args:
        location: Where the dataset lies.
        field: Path of the field that names it, for messages.

    Raises:
        NotFound: There is nothing.
        DataError: No file of a known form.
        StorageRefused, StorageUnavailable: As the storage answers.
    """
    if location.stat() is not None:
        known = location.name.endswith(FORMS)
        return [location] if known else _unknown(location, field, [location.name])
    infos = location.list()
    files = [location / info.name for info in infos if is_data(info.name)]
    return files or _unknown(location, field, [info.name for info in infos])


def read_rows(files: list[Location], *, workdir: Path) -> Iterator[Row]:
    """Rows of the files in their order.

    Args:
        files: As `data_files` found them.
        workdir: Folder for Parquet files, which cannot be read as a stream.

    Raises:
        DataError: A file or a row cannot be read; the message names both.
    """
    for file in files:
        if file.name.endswith(".parquet"):
            numbered = enumerate(read_parquet(file, workdir=workdir), start=1)
            yield from (Row(file.uri, number, values) for number, values in numbered)
        else:
            yield from _read_json_lines(file)


def is_data(name: str) -> bool:
    """Whether an object below a prefix is a file with rows, by its name."""
    parts = name.split("/")
    hidden = any(part.startswith((".", "_")) for part in parts)
    return name.endswith(FORMS) and not hidden and parts[-1] not in _NO_DATA


def _unknown(location: Location, field: str, names: list[str]) -> NoReturn:
    if not names:
        raise NotFound(f"{field}: nothing lies at {location.uri}", remedy=f"Correct {field}.")
    found = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    raise DataError(
        f"{field}: {location.uri} has no file of a known form, only {found}",
        remedy=f"Name an object or a prefix with files of the form {', '.join(FORMS)}.",
        reason="NoRows",
    )


def _read_json_lines(file: Location) -> Iterator[Row]:
    number = 0
    try:
        with file.open() as stream:
            for number, line in enumerate(read_lines(stream), start=1):
                if line.strip():
                    yield _parse(line, Row(file.uri, number, {}))
    except DAMAGE as error:
        raise DataError(
            f"{file.uri} is damaged after row {number}: {error}",
            remedy="Write the file again, and upload it whole.",
            reason="DamagedFile",
        ) from error


def _parse(line: bytes, row: Row) -> Row:
    try:
        value = json.loads(line)
        if b"\\ud" in line.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise row.fault(
            f"no valid JSON at column {error.colno} ({error.msg})",
            remedy="Write one JSON object a line (JSON Lines).",
        ) from error
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise row.fault(f"no valid UTF-8 ({error.reason})", remedy="Write UTF-8.") from error
    except RecursionError as error:
        raise row.fault("nested too deeply", remedy="Write a flat object.") from error
    if not isinstance(value, dict):
        raise row.fault(
            f"{kind_of(value)} in place of an object",
            remedy='Write one JSON object a line; `jq -c ".[]"` turns an array into lines.',
        )
    return replace(row, values=value)
