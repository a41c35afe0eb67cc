"""A place in a store: one object, or the prefix that objects lie below."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

from preference_trainer.errors import ConfigurationError, StorageUnavailable
from preference_trainer.storage.errors import Damaged, disk_errors
from preference_trainer.storage.files import PART, copy_hashed, record_of, temporary
from preference_trainer.storage.parallel import in_parallel
from preference_trainer.storage.records import (
    MANIFEST_NAME,
    FileRecord,
    ObjectInfo,
    OnBytes,
    is_plain,
)
from preference_trainer.storage.retries import tried

Listing: TypeAlias = list[ObjectInfo]


@dataclass(frozen=True, slots=True)
class Content:
    """An object that is open for reading: pinned, so that the stream is one version of it."""

    body: BinaryIO
    size: int
    sha256: str | None = None


class Store(Protocol):
    """What a kind of storage has to offer. Keys have no slash at either end.

    Every method raises StorageRefused or StorageUnavailable, and these as told below.
    """

    def uri(self, key: str) -> str:
        """The URI of a key."""

    def stat(self, key: str) -> ObjectInfo | None:
        """The object at a key, None where there is none."""

    def list(self, key: str) -> Iterable[ObjectInfo]:
        """The objects below a key, names relative to it, in any order."""

    def open(self, key: str) -> Content:
        """Opens an object. Raises NotFound; the stream raises Interrupted where it ends early."""

    def write(self, key: str, data: bytes, *, if_absent: bool, if_match: str | None) -> str:
        """Writes an object whole and returns its etag. Raises PreconditionFailed."""

    def upload(self, key: str, path: Path, *, record: FileRecord, on_bytes: OnBytes | None) -> None:
        """Writes an object from a file whose record is known."""

    def delete(self, key: str) -> None:
        """Deletes an object; success where there is none."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a store. Methods raise StorageRefused or StorageUnavailable, as told below."""

    store: Store
    key: str

    def __truediv__(self, name: str) -> "Location":
        """The place of a relative name below this one.

        Raises:
            ConfigurationError: The name leads out of this place.
        """
        if not is_plain(name):
            raise ConfigurationError(
                f"{name!r} is no name below {self.uri}", remedy="Leave out '..' and double slashes."
            )
        return Location(self.store, f"{self.key}/{name}" if self.key else name)

    @property
    def uri(self) -> str:
        """The place as a URI; of the hub with the commit as its revision."""
        return self.store.uri(self.key)

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.key.rpartition("/")[2]

    def stat(self) -> ObjectInfo | None:
        """The object here, None where there is none."""
        return self.store.stat(self.key)

    def list(self) -> Listing:
        """Every object below, at any depth, sorted by name; names are relative to here."""
        return sorted(self.store.list(self.key), key=lambda item: item.name)

    def open(self) -> BinaryIO:
        """A stream of the object here, as it is at this moment.

        Raises:
            NotFound: There is no object.
            StorageUnavailable: While reading, where the body breaks off or the object changes.
        """
        return self.store.open(self.key).body

    def read(self) -> bytes:
        """The whole content, as `open` gives it."""
        with self.open() as body:
            return body.read()

    def read_newest(self) -> bytes:
        """The whole content of a small object that others write anew now and then.

        Raises:
            NotFound: There is no object.
            StorageUnavailable: It was written anew, or broke off, at every try to read it.
        """
        return tried(self.read, again_on=StorageUnavailable)

    def write(self, data: bytes, *, if_absent: bool = False, if_match: str | None = None) -> str:
        """Writes the object whole and returns its etag.

        The answer to a write that went through may be lost, and its repetition then raises
        PreconditionFailed: a caller that has to know reads the object and compares.

        Args:
            data: The content.
            if_absent: Write only where there is no object.
            if_match: Write only where the object has this etag.

        Raises:
            PreconditionFailed: There is an object, or another one.
        """
        return self.store.write(self.key, data, if_absent=if_absent, if_match=if_match)

    def download(
        self, path: Path, *, sha256: str | None = None, on_bytes: OnBytes | None = None
    ) -> FileRecord:
        """Writes the object to a file, which appears only when it is whole.

        Args:
            path: The file; one that lies there is replaced.
            sha256: What the content's SHA-256 has to be.
            on_bytes: Called with bytes written.

        Raises:
            NotFound: There is no object.
            Damaged: The content has another size or SHA-256.
        """
        content, part = self.store.open(self.key), path.with_name(path.name + PART)
        disk = disk_errors(self.uri, path.parent, needed=content.size)
        with content.body, disk, temporary(part):
            with part.open("wb") as file:
                found = copy_hashed(content.body, file, name=path.name, on_bytes=on_bytes)
            _verify(self.uri, found, content.size, {sha256, content.sha256})
            os.replace(part, path)
        return found

    def upload(self, path: Path, *, on_bytes: OnBytes | None = None) -> FileRecord:
        """Writes the object from a file and returns what was written, under this place's name."""
        with disk_errors(self.uri, path.parent):
            record = record_of(path, self.name)
        self.store.upload(self.key, path, record=record, on_bytes=on_bytes)
        return record

    def delete(self) -> None:
        """Deletes the object here; success where there is none."""
        self.store.delete(self.key)

    def delete_tree(self) -> None:
        """Deletes every object below, manifests first: what is half deleted does not exist."""
        names = [item.name for item in self.list()]
        manifests = [name for name in names if name.rpartition("/")[2] == MANIFEST_NAME]
        for group in (manifests, sorted(set(names) - set(manifests))):
            in_parallel(lambda name: (self / name).delete(), group)


def _verify(uri: str, found: FileRecord, size: int, digests: set[str | None]) -> None:
    if found.size == size and digests <= {found.sha256, None}:
        return
    wanted = ", ".join(sorted(digest for digest in digests if digest)) or "none"
    raise Damaged(
        f"{uri} is damaged: {found.size:,} bytes with SHA-256 {found.sha256}, and {size:,} bytes "
        f"with SHA-256 {wanted} were expected",
        remedy="Write the object again, or delete it with its whole tree.",
    )
