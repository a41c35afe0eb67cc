"""Files of this machine, hashed while they are written and never seen half-written."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from preference_trainer.storage.records import FileRecord, OnBytes

PART = ".part"
"""Ending of a file that is being written."""
BLOCK_BYTES = 1 << 20


def record_of(path: Path, name: str) -> FileRecord:
    """Size and SHA-256 of a file, under a name."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileRecord(name=name, size=file.tell(), sha256=digest)


def copy_hashed(
    source: BinaryIO, target: BinaryIO, *, name: str, on_bytes: OnBytes | None = None
) -> FileRecord:
    """Copies a stream to its end and records what went through."""
    size, digest = 0, hashlib.sha256()
    for block in iter(partial(source.read, BLOCK_BYTES), b""):
        target.write(block)
        digest.update(block)
        size += len(block)
        if on_bytes is not None:
            on_bytes(len(block))
    return FileRecord(name=name, size=size, sha256=digest.hexdigest())


@contextmanager
def temporary(part: Path) -> Iterator[None]:
    """Makes the folder of a path to write to; what still lies there afterwards goes away."""
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        part.unlink(missing_ok=True)
