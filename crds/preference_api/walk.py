"""A document and its structural schema, walked side by side."""

from collections.abc import Iterator
from typing import Any

from preference_api.structural import Schema

Loc = tuple[str | int, ...]
"""Where a value stands: names of fields and indices of lists, from the root."""


def dotted(loc: Loc) -> str:
    """A place as people write it: `spec.dataset.mixture[0].uri`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return text.removeprefix(".")


def nodes(value: Any, schema: Schema, loc: Loc = ()) -> Iterator[tuple[Loc, Any, Schema]]:
    """The value and everything beneath it that the schema knows, outermost first."""
    yield loc, value, schema
    for step, child in _children(value):
        below = _schema_of(step, schema)
        if below is not None:
            yield from nodes(child, below, (*loc, step))


def schema_at(loc: Loc, schema: Schema) -> Schema:
    """The schema of a place; empty where there is none."""
    for step in loc:
        schema = _schema_of(step, schema) or {}
    return schema


def fields(schema: Schema, loc: Loc = ()) -> Iterator[tuple[Loc, Schema]]:
    """Every field that a schema has, with list entries as `name[]`."""
    for name, field in schema.get("properties", {}).items():
        yield (*loc, name), field
        yield from fields(field, (*loc, name))
        yield from fields(field.get("items", {}), (*loc, f"{name}[]"))


def with_defaults(value: Any, schema: Schema) -> Any:
    """The value with defaults filled in and numbers as floats, as the API server keeps it."""
    if isinstance(value, list):
        return [with_defaults(entry, schema.get("items", {})) for entry in value]
    if isinstance(value, dict):
        known = schema.get("properties", {})
        added = {name: field["default"] for name, field in known.items() if "default" in field}
        whole = {**added, **value}
        return {step: with_defaults(whole[step], _schema_of(step, schema) or {}) for step in whole}
    return float(value) if schema.get("type") == "number" and type(value) is int else value


def as_stored(value: Any) -> Any:
    """The value without null fields and with whole floats as integers, as the API server reads it.

    The API server takes `16.0` for an integer, and a field that is null for one that is absent.
    """
    if isinstance(value, list):
        return [as_stored(entry) for entry in value]
    if isinstance(value, dict):
        return {name: as_stored(field) for name, field in value.items() if field is not None}
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**63
    return int(value) if whole else value


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _schema_of(step: str | int, schema: Schema) -> Schema | None:
    if isinstance(step, int):
        below = schema.get("items")
    else:
        below = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
    return below if isinstance(below, dict) else None
