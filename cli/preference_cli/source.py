"""From a file to one PreferenceJob: read, choose, override, resolve, parse."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from preference_api.manifest import ManifestError, from_document
from preference_api.v1alpha1 import KIND, ObjectMeta, PreferenceJob
from preference_api.wire import Origin, RunDocument
from preference_cli.errors import CommandError
from preference_cli.locations import resolve_locations
from preference_cli.origin import find_origin
from preference_cli.overrides import apply_override, parse_override
from preference_cli.yaml_text import load_documents

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """What the command line says about the manifest.

    Args:
        file: Path of the manifest, or - for standard input.
        name: Name of the PreferenceJob, where the file holds several.
        overrides: `--set` options, in order.
    """

    file: str
    name: str | None = None
    overrides: Sequence[str] = ()

    @property
    def identity(self) -> str:
        """The file's absolute path, or - for standard input."""
        return self.file if self.file == STANDARD_INPUT else str(self._path)

    @property
    def folder(self) -> Path:
        """What relative paths in the manifest are relative to."""
        return Path.cwd() if self.file == STANDARD_INPUT else self._path.parent

    @property
    def _path(self) -> Path:
        return Path(os.path.abspath(self.file))

    def origin(self) -> Origin:
        """Commit and repository of the file."""
        return Origin() if self.file == STANDARD_INPUT else find_origin(self._path)


def load_document(source: Source) -> RunDocument:
    """What a trainer process is told to do what the manifest says on this machine.

    Raises:
        CommandError: The file, its YAML, the choice among its documents or an override is at
            fault, or the manifest breaks the rules of the kind; then every fault is named.
    """
    overrides = [parse_override(text) for text in source.overrides]
    manifest = _choose(load_documents(_read(source.file), source.file), source)
    written = resolve_locations(manifest, source.folder)
    changed = resolve_locations(reduce(apply_override, overrides, written), Path.cwd())
    job = parse_job(changed, source.file)
    return RunDocument(
        name=job.metadata.name,
        namespace=job.metadata.namespace,
        spec=job.spec,
        local=True,
        origin=source.origin(),
    )


def change_document(document: RunDocument, overrides: Sequence[str]) -> RunDocument:
    """The document with `--set` options applied, in order.

    Raises:
        CommandError: An override is at fault, or breaks the rules of the kind.
    """
    metadata = ObjectMeta(name=document.name, namespace=document.namespace)
    job = PreferenceJob(metadata=metadata, spec=document.spec)
    manifest = job.model_dump(mode="json", by_alias=True, exclude_none=True)
    changed = reduce(apply_override, map(parse_override, overrides), manifest)
    return document.model_copy(update={"spec": parse_job(changed, "--set").spec})


def parse_job(manifest: Any, origin: str) -> PreferenceJob:
    """The PreferenceJob that JSON values describe.

    Args:
        manifest: The values.
        origin: What they are called in a fault.

    Raises:
        CommandError: They break the rules of the kind; every fault is named.
    """
    try:
        return from_document(manifest, local=True)
    except ManifestError as error:
        raise CommandError(
            f"{origin} is no valid {KIND}",
            details=[str(fault) for fault in error.faults],
            reason="InvalidManifest",
        ) from error


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == STANDARD_INPUT else Path(file).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: this is not text in UTF-8", reason="BadFile") from error
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", reason="BadFile") from error


def _choose(documents: list[Any], source: Source) -> Any:
    """The one PreferenceJob that is meant."""
    if not documents:
        raise CommandError(f"{source.file} is empty", reason="BadFile")
    jobs = [document for document in documents if _kind(document) == KIND]
    if not jobs:
        kinds = ", ".join(sorted({_kind(document) for document in documents}))
        raise CommandError(
            f"{source.file} holds no {KIND} but {kinds}",
            remedy=f"a manifest starts with apiVersion: preference.dev/v1alpha1, kind: {KIND}",
            reason="WrongKind",
        )
    named = [job for job in jobs if source.name in (None, _name(job))]
    if len(named) == 1:
        return named[0]
    raise _ambiguous(source, [_name(job) for job in jobs])


def _ambiguous(source: Source, names: list[str]) -> CommandError:
    held = f"{source.file} holds {', '.join(names)}"
    if source.name is not None and source.name not in names:
        message = f"{held} and no {KIND} {source.name}"
    else:
        message = f"{held}: more than one {KIND} that could be meant"
    return CommandError(message, remedy="choose one by --name", reason="Ambiguous")


def _kind(document: Any) -> str:
    return (
        str(document.get("kind", "nothing with a kind")) if isinstance(document, dict) else "text"
    )


def _name(job: Any) -> str:
    metadata = job.get("metadata")
    return str(metadata.get("name", "?")) if isinstance(metadata, dict) else "?"
