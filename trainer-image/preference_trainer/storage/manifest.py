"""Trees of objects that exist whole or not at all.

A tree is a prefix with a manifest, which is written last and names size and SHA-256 of every other
object. What lies below a prefix without one is the rest of an attempt that ended early.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import JsonValue, ValidationError

from preference_trainer.errors import ConfigurationError
from preference_trainer.storage.errors import Damaged, NotFound, PreconditionFailed, disk_errors
from preference_trainer.storage.files import PART, record_of
from preference_trainer.storage.location import Location
from preference_trainer.storage.parallel import in_parallel
from preference_trainer.storage.records import MANIFEST_NAME, FileRecord, Manifest, OnBytes


def read_manifest(location: Location) -> Manifest | None:
    """The manifest of a tree, None where there is none.

    Raises:
        Damaged: It is not a manifest, or names a file outside the tree.
    """
    place = location / MANIFEST_NAME
    try:
        return Manifest.model_validate_json(place.read())
    except NotFound as missing:
        if missing.reason != NotFound.default_reason:
            raise
        return None
    except ValidationError as error:
        raise Damaged(
            f"{place.uri} is no manifest: {error.errors()[0]['msg']}",
            remedy="Delete the tree; it will be written again.",
        ) from error


def missing_files(tree: Location) -> list[str]:
    """The files that a tree lacks, or has in another size, by its manifest.

    Raises:
        Damaged: As `read_manifest`.
    """
    manifest = read_manifest(tree)
    if manifest is None:
        return [MANIFEST_NAME]
    sizes = {item.name: item.size for item in tree.list()}
    return [file.name for file in manifest.files if sizes.get(file.name) != file.size]


def publish_tree(
    folder: Path,
    location: Location,
    *,
    about: Mapping[str, JsonValue],
    on_bytes: OnBytes | None = None,
    before_end: Callable[[], object] = lambda: None,
) -> Manifest:
    """Uploads every file of a folder, in parallel, and the manifest when all have arrived.

    A tree that is there already with the same files is success. Only one attempt at a time may
    publish to a location: another's files would fail this manifest's digests.

    Args:
        folder: The files; those that end in .part are left out.
        location: Where the tree will lie.
        about: What the manifest says besides.
        on_bytes: Called with bytes sent.
        before_end: Called when all files have arrived; what it raises leaves the tree incomplete.

    Raises:
        PreconditionFailed: Another tree lies there. It stays as it is.
    """
    names = _names(folder, location)
    existing = read_manifest(location)
    if existing is not None:
        files = in_parallel(lambda name: record_of(folder / name, name), names)
        return _same(existing, files, location)

    def upload(name: str) -> FileRecord:
        record = (location / name).upload(folder / name, on_bytes=on_bytes)
        return record.model_copy(update={"name": name})

    sent = tuple(in_parallel(upload, names))
    before_end()
    return _commit(Manifest(files=sent, about=dict(about)), location)


def _commit(manifest: Manifest, location: Location) -> Manifest:
    data = manifest.model_dump_json(by_alias=True, indent=1).encode()
    try:
        (location / MANIFEST_NAME).write(data, if_absent=True)
    except PreconditionFailed:
        # A first answer may have been lost, and the manifest that is there be this one.
        return _same(read_manifest(location), list(manifest.files), location)
    return manifest


def _names(folder: Path, location: Location) -> list[str]:
    with disk_errors(location.uri, folder):
        files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != PART)
        names = sorted(path.relative_to(folder).as_posix() for path in files)
    if MANIFEST_NAME in names or not names:
        fault = "has a manifest.json of its own" if names else "has no files"
        raise ConfigurationError(
            f"{folder} {fault} and cannot be published as {location.uri}",
            remedy="Publish a folder of files that were made for it.",
        )
    return names


def _same(existing: Manifest | None, files: list[FileRecord], location: Location) -> Manifest:
    if existing is not None and existing.files == tuple(files):
        return existing
    raise PreconditionFailed(
        f"{location.uri} holds another tree already",
        remedy="Published trees are never overwritten: delete that one, or change what is trained.",
    )


def fetch_tree(location: Location, folder: Path, *, on_bytes: OnBytes | None = None) -> Manifest:
    """Downloads a tree, in parallel, and verifies every file.

    Files that lie in the folder already, whole, are kept and counted.

    Args:
        location: Where the tree lies.
        folder: Where its files go, under their names.
        on_bytes: Called with bytes written, from several threads.

    Raises:
        NotFound: There is no manifest, and so no tree.
        Damaged: A file is missing or differs from the manifest; the message names it.
    """
    manifest = read_manifest(location)
    if manifest is None:
        raise NotFound(
            f"{location.uri} has no {MANIFEST_NAME}: it is incomplete or does not exist",
            remedy="Correct the field that names it, or have it written again.",
        )

    def fetch(record: FileRecord) -> None:
        _fetch(location / record.name, folder / record.name, record, on_bytes)

    in_parallel(fetch, manifest.files)
    return manifest


def _fetch(place: Location, path: Path, record: FileRecord, on_bytes: OnBytes | None) -> None:
    if _lies_there(place, path, record):
        if on_bytes is not None:
            on_bytes(record.size)
        return
    try:
        place.download(path, sha256=record.sha256, on_bytes=on_bytes)
    except NotFound as missing:
        raise Damaged(
            f"{place.uri} is missing, and its manifest names it",
            remedy="Delete the tree; it will be written again.",
        ) from missing


def _lies_there(place: Location, path: Path, record: FileRecord) -> bool:
    with disk_errors(place.uri, path.parent):
        if not path.is_file() or os.path.getsize(path) != record.size:
            return False
        return record_of(path, record.name) == record
