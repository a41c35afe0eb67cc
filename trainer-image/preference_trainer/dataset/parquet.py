"""Rows of a Parquet file, a batch at a time."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from preference_trainer.errors import DataError
from preference_trainer.storage import Location

BATCH_ROWS = 512


def read_parquet(file: Location, *, workdir: Path) -> Iterator[dict[str, Any]]:
    """Rows of a file, which is fetched to `workdir` for the time being.

    Keys with a null are left out of nested objects: Parquet gives every object the keys that any
    object of the file has.

    Raises:
        DataError: The file is no whole Parquet file.
        StorageRefused, StorageUnavailable: As the storage answers.
    """
    with tempfile.TemporaryDirectory(dir=workdir) as folder:
        path = Path(folder) / "rows.parquet"
        file.download(path)
        try:
            with pq.ParquetFile(path) as opened:
                for batch in opened.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                    yield from map(_without_nulls, batch.to_pylist())
        except (pa.ArrowException, OSError) as error:
            raise DataError(
                f"{file.uri} is no whole Parquet file: {error}",
                remedy="Write the file again, and upload it whole.",
                reason="DamagedFile",
            ) from error


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _pruned(value) for name, value in row.items()}


def _pruned(value: Any) -> Any:
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    return value
