"""Objects in buckets, on the model hub, on claims and on this machine, behind one interface."""

from preference_trainer.storage.errors import Damaged, NotFound, PreconditionFailed, Replaced
from preference_trainer.storage.location import Location
from preference_trainer.storage.manifest import (
    fetch_tree,
    missing_files,
    publish_tree,
    read_manifest,
)
from preference_trainer.storage.opening import open_location
from preference_trainer.storage.records import (
    MANIFEST_NAME,
    FileRecord,
    Manifest,
    ObjectInfo,
    OnBytes,
)

__all__ = [
    "MANIFEST_NAME",
    "Damaged",
    "FileRecord",
    "Location",
    "Manifest",
    "NotFound",
    "ObjectInfo",
    "OnBytes",
    "PreconditionFailed",
    "Replaced",
    "fetch_tree",
    "missing_files",
    "open_location",
    "publish_tree",
    "read_manifest",
]
