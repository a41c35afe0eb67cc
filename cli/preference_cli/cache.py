"""What runs leave on this machine: a folder each with logs, and a record once there is a result."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field, ValidationError

from preference_api.v1alpha1.base import ApiModel
from preference_api.wire import RunDocument
from preference_cli.result import RunResult

_RECORD = "record.json"


class RunRecord(ApiModel):
    """Where the result of a run is, for `preference report`."""

    manifest: str = Field(description="Absolute path of the manifest, or - for standard input.")
    document: RunDocument = Field(description="What the trainer was told.")
    result: RunResult = Field(description="What the run left.")


def cache_folder(environment: Mapping[str, str]) -> Path:
    """The folder of all runs: `preference` under XDG_CACHE_HOME, which is ~/.cache if unset.

    Source: XDG Base Directory Specification; a relative XDG_CACHE_HOME counts as unset.
    """
    home = Path(environment.get("XDG_CACHE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".cache") / "preference"


def new_run_folder(root: Path, name: str) -> Path:
    """A fresh folder for one call, readable by its user alone; names sort by time."""
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    folder = root / name / f"{time}-{os.getpid()}"
    folder.mkdir(parents=True, mode=0o700)
    return folder


def write_record(folder: Path, record: RunRecord) -> None:
    """Put a record into a run folder, whole or not at all."""
    unfinished = folder / f".{_RECORD}"
    unfinished.write_text(record.model_dump_json(by_alias=True, indent=2))
    unfinished.replace(folder / _RECORD)


def read_record(folder: Path) -> RunRecord | None:
    """The record of a run folder; None where there is none, or one of another version."""
    try:
        return RunRecord.model_validate_json((folder / _RECORD).read_bytes())
    except (OSError, ValidationError):
        return None


def records(root: Path) -> Iterator[RunRecord]:
    """All records on this machine, newest first."""
    folders = sorted(root.glob("*/*"), key=lambda folder: folder.name, reverse=True)
    return (record for folder in folders if (record := read_record(folder)))
