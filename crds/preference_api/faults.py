"""Everything that is wrong with a manifest at once: schema first, CEL second, code last."""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfoNotFoundError, available_timezones

from preference_api.crd import object_schema
from preference_api.fault import CREDENTIALS, Fault, shown
from preference_api.rules import broken_rules
from preference_api.schedule import next_moment, zone
from preference_api.schema_faults import nearest, schema_faults
from preference_api.v1alpha1 import API_VERSION, KIND
from preference_api.v1alpha1.base import URI_PATTERN
from preference_api.walk import Loc, as_stored, nodes

_URI = re.compile(URI_PATTERN, re.ASCII)
_SCHEMES = "s3://bucket/prefix, hf://org/name@revision or pvc://claim/path"
_SCHEDULE = ("spec", "retrain", "schedule")
_TIME_ZONE = ("spec", "retrain", "timeZone")
_METADATA = (
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "finalizers",
    "ownerReferences",
    "uid",
    "generation",
    "resourceVersion",
    "selfLink",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
)


def find_faults(document: Any, *, local: bool = False) -> list[Fault]:
    """Every fault of a PreferenceJob, ordered by place; empty where it is sound.

    Args:
        document: The manifest as JSON values.
        local: True where the run happens on this machine: `file://` and paths are locations too.
    """
    manifest = as_applied(document)
    found = [*_header_faults(manifest), *schema_faults(manifest)]
    found += _location_faults(manifest, local=local)
    faulty = {fault.loc for fault in found}
    found += (Fault(*broken) for broken in broken_rules(manifest, object_schema(), faulty))
    found += _time_zone_faults(manifest)
    found += _schedule_faults(manifest, faulty)
    return sorted(found, key=lambda fault: fault.path)


def as_applied(document: Any) -> Any:
    """The document as the API server takes it up: null fields and the status are left out."""
    manifest = as_stored(document)
    if isinstance(manifest, dict):
        manifest.pop("status", None)
    return manifest


def _header_faults(manifest: Any) -> Iterator[Fault]:
    """What stands outside of the spec and pydantic lets pass."""
    if not isinstance(manifest, dict):
        return
    for name, value in (("apiVersion", API_VERSION), ("kind", KIND)):
        if name not in manifest:
            yield Fault((name,), "missing", f"write {name}: {value}")
    metadata = manifest.get("metadata")
    for name in metadata if isinstance(metadata, dict) else ():
        if name not in _METADATA:
            guess = nearest(name, _METADATA)
            remedy = f"did you mean {guess}?" if guess else "labels and annotations take any key"
            yield Fault(("metadata", name), "unknown field", remedy)


def _location_faults(manifest: Any, *, local: bool) -> Iterator[Fault]:
    for loc, value, schema in nodes(manifest, object_schema()):
        if schema.get("pattern") == URI_PATTERN and isinstance(value, str) and value:
            words = _refused_location(value, local=local)
            if words:
                yield Fault(loc, *words)


def _refused_location(uri: str, *, local: bool) -> tuple[str, str] | None:
    """Why a location cannot be used, and what to write; None where it can."""
    scheme, separator, _ = uri.partition("://")
    here = not separator or scheme == "file"
    if _URI.fullmatch(uri) or (local and here):
        return None
    if CREDENTIALS.search(uri):
        return (
            f"{shown(uri)} holds credentials",
            "name a Secret in storage.credentialsSecret",
        )
    if here:
        return f"{shown(uri)} is on this machine, where no pod reaches it", f"use {_SCHEMES}"
    return f"{shown(uri)} is no location", f"use {_SCHEMES}"


def _time_zone_faults(manifest: Any) -> Iterator[Fault]:
    """A time zone that does not exist; neither schema nor CEL knows their names."""
    for loc, value, _ in nodes(manifest, object_schema()):
        if loc == _TIME_ZONE and isinstance(value, str) and not _is_time_zone(value):
            guess = nearest(value, sorted(available_timezones()))
            remedy = f"did you mean {guess}?" if guess else "use an IANA name such as Europe/Paris"
            yield Fault(loc, f"there is no time zone {shown(value)}", remedy)


def _schedule_faults(manifest: Any, faulty: Collection[Loc]) -> Iterator[Fault]:
    """A schedule that has the form of one and no moment, such as the 30th of February."""
    for loc, value, _ in nodes(manifest, object_schema()):
        if loc == _SCHEDULE and loc not in faulty and not _has_moments(value):
            remedy = "write minute, hour, day, month and day of the week: 0 3 * * 1"
            yield Fault(loc, f"{shown(value)} never comes", remedy)


def _has_moments(schedule: str) -> bool:
    try:
        return next_moment(schedule, None, datetime.now(UTC)) is not None
    except ValueError:
        return False


def _is_time_zone(name: str) -> bool:
    try:
        return bool(zone(name).key)
    except (ZoneInfoNotFoundError, ValueError):
        return False
