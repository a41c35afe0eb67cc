"""Files as objects: persistent volume claims, and in local runs any folder of this machine."""

import fcntl
import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from preference_api import wire
from preference_trainer.errors import ConfigurationError, StorageRefused
from preference_trainer.storage.errors import (
    NotFound,
    disk_errors,
    object_missing,
    written_before,
)
from preference_trainer.storage.files import PART, copy_hashed, record_of, temporary
from preference_trainer.storage.location import Content, Location
from preference_trainer.storage.records import FileRecord, ObjectInfo, OnBytes, is_plain

LOCK = ".lock"
_FULL_ACCESS = 0o666


def open_claim(rest: str) -> Location:
    """The location of claim/path in the folder where the pod sees its claims.

    Raises:
        NotFound: The claim is not mounted.
        ConfigurationError: The path leads out of the claim.
    """
    claim, _, path = rest.partition("/")
    key = path.strip("/")
    _demand_plain(f"pvc://{rest}", f"{claim}/{key}" if key else claim)
    folder = Path(wire.CLAIMS_FOLDER) / claim
    if not folder.is_dir():
        raise NotFound(
            f"the claim {claim} of pvc://{rest} is not mounted",
            remedy="Create the PersistentVolumeClaim in the namespace of the PreferenceJob, or "
            "correct the field that names it.",
            reason="NoSuchClaim",
        )
    return Location(FolderStore(f"pvc://{claim}", folder), key)


def open_file(rest: str, local: bool) -> Location:
    """The location of an absolute path of this machine, with %-escapes as RFC 8089 has them.

    Raises:
        StorageRefused: This is no local run.
        ConfigurationError: The path is not absolute or has dots for steps.
    """
    uri = f"file://{rest}"
    if not local:
        raise StorageRefused(
            f"{uri} can be read only in local runs",
            remedy="Put the files into a bucket (s3://bucket/prefix) or a claim "
            "(pvc://claim/path), which the pod can reach.",
        )
    if not rest.startswith("/"):
        raise ConfigurationError(
            f"{uri} is no absolute path", remedy="Use three slashes: file:///folder/file."
        )
    key = unquote(rest).strip("/")
    _demand_plain(uri, key)
    return Location(FolderStore("file://", Path("/")), key)


def _demand_plain(uri: str, name: str) -> None:
    if not is_plain(name):
        raise ConfigurationError(
            f"{uri} has '.', '..' or nothing as a step of its path",
            remedy="Write the path out, with single slashes.",
        )


@dataclass(frozen=True, slots=True)
class FolderStore:
    """The files below a folder, but for what belongs to a write: *.part and .*.lock."""

    prefix: str
    folder: Path

    def uri(self, key: str) -> str:
        """The URI of a key."""
        path = quote(key) if self.prefix == "file://" else key
        return f"{self.prefix}/{path}" if key else self.prefix

    def _path(self, key: str) -> Path:
        return self.folder / key

    def stat(self, key: str) -> ObjectInfo | None:
        """The file at a key, None where there is none. Reads it for its SHA-256."""
        path = self._path(key)
        with disk_errors(self.uri(key), path.parent):
            return _info(path, path.name) if path.is_file() else None

    def list(self, key: str) -> Iterator[ObjectInfo]:
        """The files below a key. Reads them for their SHA-256."""
        folder = self._path(key)
        with disk_errors(self.uri(key), folder):
            for parent, _, names in os.walk(folder, followlinks=True):
                for name in names:
                    if not _is_scaffold(name):
                        path = Path(parent, name)
                        yield _info(path, path.relative_to(folder).as_posix())

    def open(self, key: str) -> Content:
        """Opens a file; a later replacement does not change what is read."""
        path = self._path(key)
        with disk_errors(self.uri(key), path.parent):
            if not path.is_file():
                raise object_missing(self.uri(key))
            body = path.open("rb")
            return Content(body, os.fstat(body.fileno()).st_size)

    def write(self, key: str, data: bytes, *, if_absent: bool, if_match: str | None) -> str:
        """Writes a file whole, under the given conditions."""
        target = self._path(key)
        with self._incoming(key, len(data)) as part:
            with part.open("wb") as file:
                record = copy_hashed(io.BytesIO(data), file, name=target.name)
            self._put(part, target, self.uri(key), if_absent=if_absent, if_match=if_match)
        return record.sha256

    @contextmanager
    def _incoming(self, key: str, size: int) -> Iterator[Path]:
        # Every writer has a name of its own, beside the target so that it can be renamed.
        target = self._path(key)
        part = target.with_name(f".{target.name}.{secrets.token_hex(8)}{PART}")
        with disk_errors(self.uri(key), target.parent, needed=size), temporary(part):
            yield part

    def _put(
        self, part: Path, target: Path, uri: str, *, if_absent: bool, if_match: str | None
    ) -> None:
        if if_absent:
            # A link is made whole and only where nothing is, on network file systems too.
            try:
                os.link(part, target)
            except FileExistsError:
                raise written_before(uri) from None
            return
        with _locked(target) if if_match else nullcontext():
            if if_match and not _matches(target, if_match):
                raise written_before(uri)
            os.replace(part, target)

    def upload(self, key: str, path: Path, *, record: FileRecord, on_bytes: OnBytes | None) -> None:
        """Copies a file to a key."""
        with self._incoming(key, record.size) as part:
            with path.open("rb") as source, part.open("wb") as file:
                copy_hashed(source, file, name=record.name, on_bytes=on_bytes)
            os.replace(part, self._path(key))

    def delete(self, key: str) -> None:
        """Deletes a file; success where there is none."""
        path = self._path(key)
        with disk_errors(self.uri(key), path.parent):
            path.unlink(missing_ok=True)


def _is_scaffold(name: str) -> bool:
    return name.endswith(PART) or (name.startswith(".") and name.endswith(LOCK))


def _info(path: Path, name: str) -> ObjectInfo:
    record = record_of(path, name)
    return ObjectInfo(name, record.size, record.sha256)


def _matches(target: Path, etag: str) -> bool:
    return target.is_file() and record_of(target, target.name).sha256 == etag


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Keeps other conditional writers of a file out, of other processes too."""
    lock = os.open(target.with_name(f".{target.name}{LOCK}"), os.O_RDWR | os.O_CREAT, _FULL_ACCESS)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
