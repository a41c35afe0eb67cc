"""Writes the API reference: `python -m preference_api.reference [--write]`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from preference_api.crd import object_schema
from preference_api.generated import GeneratedFile
from preference_api.rules import KEYWORD
from preference_api.structural import Schema
from preference_api.v1alpha1 import API_VERSION, KIND
from preference_api.walk import dotted, fields

_HEAD = f"""\
<!-- Generated from the models by `python -m preference_api.reference --write`; edit those. -->

# API reference

`{KIND}` of `{API_VERSION}`, namespaced; short names `pj` and `prefjob`. The smallest manifest:

```yaml
apiVersion: {API_VERSION}
kind: {KIND}
metadata:
  name: helpful
spec:
  method: DPO
  model:
    uri: hf://org/base@main
  dataset:
    uri: s3://bucket/pairs.jsonl
  output:
    uri: s3://bucket/models
```

The API server refuses unknown fields, wrong types, values out of range and broken rules, and fills
in defaults. A field without a default is unset where it is absent.
"""
_BOUNDS = (("minimum", "exclusiveMinimum", "≥", ">"), ("maximum", "exclusiveMaximum", "≤", "<"))
_SIZES = (("minItems", "at least"), ("maxItems", "at most"), ("maxProperties", "at most"))


def rendered() -> str:
    """The API reference in Markdown."""
    sections = [_section(KIND, object_schema(), table=False)]
    for loc, schema in fields(object_schema()):
        node = schema.get("items", schema)
        if "properties" in node:
            title = dotted(loc) + ("[]" if "items" in schema else "")
            sections.append(_section(title, {**node, "description": schema["description"]}))
    return "\n".join([_HEAD, *sections])


def _section(title: str, schema: Schema, *, table: bool = True) -> str:
    parts = [f"## {title}", schema["description"]]
    if table:
        parts.append("\n".join(_table(schema)))
    rules = "\n".join(f"- {rule['message']}" for rule in schema.get(KEYWORD, ()))
    return "\n\n".join(filter(None, [*parts, rules])) + "\n"


def _table(schema: Schema) -> Iterator[str]:
    yield "| field | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in schema["properties"].items():
        default = "required" if name in schema.get("required", ()) else _default(field)
        yield f"| `{name}` | {_type(field)} | {default} | {_meaning(field)} |"


def _default(field: Schema) -> str:
    return f"`{json.dumps(field['default'])}`" if "default" in field else ""


def _meaning(field: Schema) -> str:
    """The description on one line, with the rules of a field that has no section of its own."""
    lines = field["description"].replace("\n    ", " ").replace("\n\n", "\n").split("\n")
    if "additionalProperties" in field:
        lines += [rule["message"] for rule in field.get(KEYWORD, ())]
    return "<br>".join(lines).replace("|", "\\|")


def _type(field: Schema) -> str:
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    limits = ", ".join([*_ranges(field), *_sizes(field)])
    return f"{_kind(field)} ({limits})" if limits else _kind(field)


def _kind(field: Schema) -> str:
    if "items" in field:
        return f"list of {_type(field['items'])}"
    if "additionalProperties" in field:
        return f"map of {_type(field['additionalProperties'])}"
    return "time" if field.get("format") == "date-time" else str(field["type"])


def _ranges(field: Schema) -> Iterator[str]:
    for bound, exclusive, inclusive_sign, exclusive_sign in _BOUNDS:
        if bound in field:
            sign = exclusive_sign if field.get(exclusive) else inclusive_sign
            yield f"{sign} {field[bound]:.15g}"


def _sizes(field: Schema) -> Iterator[str]:
    for keyword, words in _SIZES:
        if keyword in field:
            yield f"{words} {field[keyword]} entries"


FILE = GeneratedFile(path=Path(__file__).parents[2] / "docs" / "api.md", render=rendered)

if __name__ == "__main__":
    FILE.command(sys.argv[1:], module="preference_api.reference")
