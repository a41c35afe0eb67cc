"""What the storage can answer instead of doing as told.

StorageRefused
├── NotFound             no such object, bucket, repository or claim
└── PreconditionFailed   the object is there already, or is another one by now
StorageUnavailable
├── Damaged              the content is not what its manifest or digest says
├── Replaced             the object was written anew while it was read
└── Interrupted          a body ended early
"""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from preference_trainer.errors import StorageRefused, StorageUnavailable, TrainerError

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR)


class NotFound(StorageRefused):
    """Nothing lies there."""

    default_reason = "NotFound"


class PreconditionFailed(StorageRefused):
    """A conditional write came too late: somebody else wrote the object before."""

    default_reason = "PreconditionFailed"


class Replaced(StorageUnavailable):
    """The object was written anew while it was read."""

    default_reason = "Changed"


class Damaged(StorageUnavailable):
    """The content is not what its manifest or digest says."""

    default_reason = "Damaged"


class Interrupted(StorageUnavailable):
    """A body ended early; the same request may go through."""

    default_reason = "Interrupted"


def object_missing(uri: str) -> NotFound:
    """The error for an object that is not there."""
    return NotFound(
        f"{uri} does not exist",
        remedy="Correct the field that names it (model.uri, dataset.uri or output.uri), or put "
        "the object there.",
    )


def written_before(uri: str) -> PreconditionFailed:
    """The error for a conditional write that found another state than it asked for."""
    return PreconditionFailed(
        f"{uri} was written by somebody else in the meantime",
        remedy="Read it again and decide anew; if two jobs share the run, stop one of them.",
    )


@contextmanager
def disk_errors(uri: str, folder: Path, *, needed: int | None = None) -> Iterator[None]:
    """Turns an OSError of the block into a TrainerError.

    Args:
        uri: The object that is read or written.
        folder: The folder of this machine that the block works in.
        needed: Bytes that the block writes there.

    Raises:
        StorageUnavailable: The disk is full (reason DiskFull) or broken.
        StorageRefused: Reading or writing there is not allowed.
    """
    try:
        yield
    except OSError as error:
        raise _disk_error(error, uri, folder, needed) from error


def _disk_error(error: OSError, uri: str, folder: Path, needed: int | None) -> TrainerError:
    if error.errno in _DISK_FULL:
        return _disk_full(uri, folder, needed)
    if error.errno in _NO_RIGHT:
        return StorageRefused(
            f"{uri} cannot be reached in {folder}: {error.strerror}",
            remedy="Look at what lies there, and let the user that the trainer runs as read and "
            "write it.",
        )
    return StorageUnavailable(
        f"{uri}: {folder} failed: {error}", remedy="Look at the disk of this machine and try again."
    )


def _disk_full(uri: str, folder: Path, needed: int | None) -> StorageUnavailable:
    size = "" if needed is None else f" needs {needed:,} bytes,"
    return StorageUnavailable(
        f"the disk is full: {uri}{size} and {folder} has {_free(folder):,} left",
        remedy="Give the pod or the claim more disk, or keep fewer files there.",
        reason="DiskFull",
    )


def _free(folder: Path) -> int:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(existing).free
