"""Names of models and datasets as URIs, with what a person has to look at."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from preference_cli.convert.findings import Kind

BUCKET = "s3://your-bucket"
"""Placeholder of a bucket that only the user knows."""
PARQUET_REVISION = "refs/convert/parquet"
"""Revision of every public dataset of the hub that holds its Parquet copy: CONFIG/SPLIT/*.parquet
(https://huggingface.co/docs/dataset-viewer/parquet)."""

_URI = re.compile(r"(s3|hf|pvc)://")
_OTHER_URI = re.compile(r"[a-z][a-z0-9+.-]*://")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_BARE_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LOCAL_ROOTS = {"data", "output", "outputs", "checkpoints", "models", "results", "datasets"}
_DATA_SUFFIXES = {".json", ".jsonl", ".parquet", ".gz", ".zst", ".csv"}

Remark = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Location:
    """A URI and remarks on it."""

    uri: str
    remarks: tuple[Remark, ...] = ()


def model_location(name: str, revision: str) -> Location:
    """The URI of a model: a hub name at a revision, or a placeholder for a path of a machine."""
    if _URI.match(name):
        return Location(name)
    if is_local(name):
        return _upload(name, "models")
    if _COMMIT.fullmatch(revision):
        return Location(f"hf://{hub_name(name)}@{revision}", _no_owner(name))
    pin = (Kind.TO_FILL, f"pin a revision: @{revision} moves, and with it the result")
    return Location(f"hf://{hub_name(name)}@{revision}", (pin, *_no_owner(name)))


def dataset_location(name: str, config: str | None, split: str) -> Location:
    """The URI of one split of a dataset: a folder of the hub's Parquet copy, or a placeholder."""
    if _URI.match(name):
        return Location(name)
    if is_local(name):
        return _upload(name, "datasets")
    whole, _, part = split.partition("[")
    folder = f"{config or 'default'}/{whole}"
    note = (
        f"the split is a folder of the hub's Parquet copy: check that {folder} is there, and pin "
        f"the commit of {PARQUET_REVISION}, which moves"
    )
    remarks: list[Remark] = [(Kind.TO_FILL, note), *_no_owner(name)]
    if part:
        note = f"{split} is a slice, and the whole of {whole} is read; see dataset.maxPairs"
        remarks.append((Kind.UNMAPPED, note))
    return Location(f"hf://datasets/{hub_name(name)}@{PARQUET_REVISION}/{folder}", tuple(remarks))


def hub_name(name: str) -> str:
    """owner/name; OWNER where a name has none."""
    return name if "/" in name else f"OWNER/{name}"


def _no_owner(name: str) -> tuple[Remark, ...]:
    if "/" in name:
        return ()
    return ((Kind.TO_FILL, f"{name} has no owner: names of the hub are owner/name"),)


def is_local(name: str) -> bool:
    """Whether a name is a path of a machine, or a URI of a storage that is not supported."""
    path = PurePosixPath(name)
    if _OTHER_URI.match(name) or path.suffix in _DATA_SUFFIXES or path.parts[0] in _LOCAL_ROOTS:
        return True
    return not (_HUB_NAME.fullmatch(name) or _BARE_NAME.fullmatch(name))


def _upload(name: str, folder: str) -> Location:
    found = re.sub(r"[^\w.-]+", "-", PurePosixPath(name).name) or folder
    note = f"{name} is not in reach of a cluster: upload it and name the place"
    return Location(f"{BUCKET}/{folder}/{found}", ((Kind.TO_FILL, note),))
