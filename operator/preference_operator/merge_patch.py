"""JSON merge patch (RFC 7396): what has to be said to make one JSON object into another."""

from collections.abc import Mapping
from typing import Any

JsonObject = Mapping[str, Any]


def merge_patch(before: JsonObject, after: JsonObject) -> dict[str, Any]:
    """The patch between two objects, empty where they are the same; null takes a field away.

    Lists are replaced as wholes. Nulls in `after` mean that a field is absent.
    """
    changed = {
        name: _change(before.get(name), value)
        for name, value in after.items()
        if before.get(name) != value
    }
    return {**changed, **{name: None for name in before.keys() - after.keys()}}


def _change(before: Any, after: Any) -> Any:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return merge_patch(before, after)
    return after
