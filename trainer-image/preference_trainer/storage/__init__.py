"""Objects in buckets, on the model hub, on claims and on this machine, behind one interface."""

from preference_trainer.storage.errors import Damaged, NotFound, PreconditionFailed, Replaced
from preference_trainer.storage.location import Location
from preference_trainer.storage.manifest import fetch_tree, publish_tree, read_manifest
from preference_trainer.storage.opening import open_location
from preference_trainer.storage.records import FileRecord, Manifest, ObjectInfo, OnBytes

__all__ = [
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
    "open_location",
    "publish_tree",
    "read_manifest",
]
