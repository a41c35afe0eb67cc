"""Records on the local disk between the two passes over a dataset."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from preference_trainer.dataset.records import SCHEMA, Record, from_batch, to_batch

BATCH = 1024


class Spool:
    """Writes records to a file in Arrow's stream format and reads them back batch by batch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: list[Record] = []
        self._writer = pa.ipc.new_stream(str(path), SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._flush()
        self._writer.close()

    def add(self, record: Record) -> None:
        """Append a record."""
        self._held.append(record)
        if len(self._held) == BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_batch(to_batch(self._held))
            self._held = []


def read_spool(path: Path) -> Iterator[list[Record]]:
    """Batches of records in the order in which they were added."""
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as batches:
        for batch in batches:
            yield from_batch(batch)
