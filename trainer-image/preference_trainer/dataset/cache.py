"""Cleaned pairs in the bucket, under the digest of their content.

`cache/datasets/<digest>/` holds `train.parquet` and `evaluation.parquet`, or
`demonstrations.parquet`. The bytes follow from the content alone: neither file names nor row
numbers of the source are in them, so that two writers of one digest write the same.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from preference_trainer.dataset.pairs import Demonstration, Pair
from preference_trainer.dataset.records import (
    SCHEMA,
    ContentDigest,
    Record,
    from_batch,
    to_batch,
    to_demonstration,
    to_pair,
)
from preference_trainer.storage import (
    MANIFEST_NAME,
    Damaged,
    Location,
    fetch_tree,
    missing_files,
    publish_tree,
)

TRAINING = "train.parquet"
EVALUATION = "evaluation.parquet"
DEMONSTRATIONS = "demonstrations.parquet"
GROUP_ROWS = 4096


class RecordFile:
    """Writes records to a Parquet file and digests them on the way."""

    def __init__(self, path: Path) -> None:
        self._digest = ContentDigest()
        self._held: list[Record] = []
        self._writer = pq.ParquetWriter(path, SCHEMA, compression="zstd")
        self.rows = 0

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

    def add(self, record: Record, copies: int = 1) -> None:
        """Append a record so many times."""
        self._held.extend([record] * copies)
        self.rows += copies
        if len(self._held) >= GROUP_ROWS:
            self._flush()

    @property
    def digest(self) -> str:
        """Digest of the records; complete once the file is closed."""
        return self._digest.hexdigest()

    def _flush(self) -> None:
        if self._held:
            self._digest.update(self._held)
            self._writer.write_batch(to_batch(self._held))
            self._held = []


def cache_place(output: Location, digest: str) -> Location:
    """Where the cleaned data of a digest lies below `output.uri`."""
    return output / f"cache/datasets/{digest}"


def publish(folder: Path, place: Location, *, about: dict[str, int]) -> None:
    """Put a folder into the cache, where it is not there yet or no longer whole.

    Raises:
        StorageRefused, StorageUnavailable: As the storage answers.
    """
    if not lies_whole(place):
        publish_tree(folder, place, about=about)


def lies_whole(place: Location) -> bool:
    """Whether the cache holds every file of a digest, by size; the rest of one no longer counts.

    Rules of a bucket expire object by object, so that a manifest may outlive what it names.

    Raises:
        StorageRefused, StorageUnavailable: As the storage answers.
    """
    try:
        missing = missing_files(place)
    except Damaged:
        _disown(place)
        return False
    if missing and missing != [MANIFEST_NAME]:
        _disown(place)
    return not missing


def _disown(place: Location) -> None:
    """Let the tree be written again. The reports of other runs' checks, which lie there, stay."""
    (place / MANIFEST_NAME).delete()


def read_pairs(place: Location) -> tuple[list[Pair], list[Pair]]:
    """Training and held-out pairs of a digest, verified; `source` is the file in the cache.

    Raises:
        NotFound: The cache does not hold them.
        Damaged: A file is not what the manifest says; the next check writes all of them again.
    """
    with tempfile.TemporaryDirectory() as folder:
        _fetch(place, Path(folder))
        training, held_out = (
            [
                to_pair(record, source=(place / name).uri, row=row)
                for row, record in enumerate(_records(Path(folder) / name), start=1)
            ]
            for name in (TRAINING, EVALUATION)
        )
    return training, held_out


def read_demonstrations(place: Location) -> list[Demonstration]:
    """Demonstrations of a digest, verified; raises as `read_pairs`."""
    with tempfile.TemporaryDirectory() as folder:
        _fetch(place, Path(folder))
        numbered: Iterable[tuple[int, Record]] = enumerate(
            _records(Path(folder) / DEMONSTRATIONS), start=1
        )
        source = (place / DEMONSTRATIONS).uri
        return [to_demonstration(record, source=source, row=row) for row, record in numbered]


def _fetch(place: Location, folder: Path) -> None:
    try:
        fetch_tree(place, folder)
    except Damaged:
        # The next attempt finds none and checks again.
        _disown(place)
        raise


def _records(path: Path) -> Iterator[Record]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=GROUP_ROWS, use_threads=False):
            yield from from_batch(pa.RecordBatch.from_arrays(batch.columns, schema=SCHEMA))
