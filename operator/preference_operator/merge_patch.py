"""JSON merge patch (RFC 7396): what has to be said to make one JSON object into another."""

from collections.abc import Mapping
from typing import Any

JsonObject = Mapping[str, Any]


def merge_patch(before: object, after: JsonObject) -> dict[str, Any]:
    """The patch that makes a value into an object, empty where it is that; null removes a field.

    Lists are replaced as wholes. What is no object counts as an empty one.
    """
    known: JsonObject = before if isinstance(before, Mapping) else {}
    changed = {
        name: merge_patch(known.get(name), value) if isinstance(value, Mapping) else value
        for name, value in after.items()
        if known.get(name) != value
    }
    return {**changed, **{name: None for name in known.keys() - after.keys()}}
