"""`--set path=value`: single fields of a manifest, changed for one call."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from preference_api.schema_faults import nearest
from preference_api.v1alpha1 import PreferenceJob
from preference_cli.errors import CommandError
from preference_cli.yaml_text import load_value

JSON = Any
Schema = dict[str, Any]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Override:
    """A value for a field; None removes the field."""

    path: Path
    value: JSON


def parse_override(text: str) -> Override:
    """Read `path=value`; a path is under `spec` unless it says `metadata` or `spec`.

    Raises:
        CommandError: There is no `=`, no path, or the value is not YAML.
    """
    written, separator, value = text.partition("=")
    path = tuple(written.strip().split("."))
    if not separator or not all(path):
        raise CommandError(
            f"--set {text}: this is not path=value", remedy="write it as --set training.steps=3"
        )
    root = () if path[0] in ("metadata", "spec") else ("spec",)
    return Override((*root, *path), load_value(value, f"--set {text}"))


def apply_override(manifest: JSON, override: Override) -> JSON:
    """The manifest with the override's field set, or removed; the given one stays as it is.

    Raises:
        CommandError: The kind has no such field, or the list no such entry.
    """
    return _changed(manifest, _schema(), (), override.path, override.value)


@cache
def _schema() -> Schema:
    return PreferenceJob.model_json_schema(by_alias=True)


def _resolved(node: Schema) -> Schema:
    """The schema behind references and behind `X | None`."""
    if "$ref" in node:
        return _resolved(_schema()["$defs"][node["$ref"].rsplit("/", 1)[1]])
    for option in node.get("anyOf", ()):
        if option.get("type") != "null":
            return _resolved(option)
    return node


def _changed(node: JSON, schema: Schema, at: Path, rest: Path, value: JSON) -> JSON:
    """The node with the value at `rest` below it; schema and node are walked side by side."""
    if not rest:
        return value
    schema = _resolved(schema)
    if "properties" in schema:
        return _changed_field(node, schema["properties"], at, rest, value)
    if "additionalProperties" in schema:
        return _stored(node, ".".join(rest), value)
    if schema.get("type") == "array":
        return _changed_entry(node, schema["items"], at, rest, value)
    raise _unknown(f"{_dotted(at)} is a single value and has no field {rest[0]}")


def _changed_field(
    node: JSON, fields: dict[str, Schema], at: Path, rest: Path, value: JSON
) -> JSON:
    name, below = rest[0], (*at, rest[0])
    if name not in fields:
        raise _unknown(f"there is no field {_dotted(below)}", remedy=_offer(name, at, fields))
    child = node.get(name) if isinstance(node, dict) else None
    return _stored(node, name, _changed(child, fields[name], below, rest[1:], value))


def _changed_entry(node: JSON, items: Schema, at: Path, rest: Path, value: JSON) -> JSON:
    entries = node if isinstance(node, list) else []
    if not rest[0].isdecimal() or int(rest[0]) >= len(entries):
        raise _unknown(
            f"{_dotted(at)} has no entry {rest[0]}: the manifest lists {len(entries)}",
            remedy=f"set the whole list: --set '{_dotted(at)}=[...]'",
        )
    index = int(rest[0])
    entry = _changed(entries[index], items, (*at, rest[0]), rest[1:], value)
    kept = [] if entry is None else [entry]
    return [*entries[:index], *kept, *entries[index + 1 :]]


def _stored(node: JSON, name: str, value: JSON) -> dict[str, JSON]:
    fields = node if isinstance(node, dict) else {}
    others = {key: kept for key, kept in fields.items() if key != name}
    return others if value is None else {**others, name: value}


def _offer(name: str, at: Path, fields: Iterable[str]) -> str:
    guess = nearest(name, list(fields))
    if guess:
        return f"did you mean {_dotted((*at, guess))}?"
    return f"{_dotted(at)} has {', '.join(sorted(fields))}"


def _dotted(path: Path) -> str:
    return ".".join(path)


def _unknown(message: str, *, remedy: str = "") -> CommandError:
    return CommandError(f"--set: {message}", remedy=remedy, reason="UnknownField")
