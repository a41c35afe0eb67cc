"""Pydantic's JSON Schema rewritten as a structural schema, the only form that a CRD may have.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

_UNKNOWN_TO_CRDS = ("$defs", "title", "additionalProperties")


def structural(model: type[BaseModel]) -> Schema:
    """The structural schema of a model.

    References are inlined; "or null" is dropped, since absence means unset; bounds take the form
    of OpenAPI 3.0; fields whose default is a whole object get the default `{}`, so that the API
    server fills in what lies beneath.
    """
    raw = model.model_json_schema(by_alias=True)
    return _rewrite(raw, raw.get("$defs", {}))


def _rewrite(node: Schema, definitions: dict[str, Schema]) -> Schema:
    node = _one_type(_inlined(node, definitions), definitions)
    result = {key: value for key, value in node.items() if key not in _UNKNOWN_TO_CRDS}
    if isinstance(node.get("additionalProperties"), dict):
        result["additionalProperties"] = _rewrite(node["additionalProperties"], definitions)
    if "items" in node:
        result["items"] = _rewrite(node["items"], definitions)
    if "properties" in node:
        result["properties"] = {
            name: _object_default(_rewrite(field, definitions), field, name, node)
            for name, field in node["properties"].items()
        }
    return _open_api_bounds(result)


def _inlined(node: Schema, definitions: dict[str, Schema]) -> Schema:
    """A reference replaced by what it names; the meaning of an enum's values stays told."""
    if "$ref" not in node:
        return node
    definition = definitions[node["$ref"].rsplit("/", 1)[1]]
    merged = {**definition, **{key: value for key, value in node.items() if key != "$ref"}}
    values = definition["description"].partition("\n\n")[2]
    if "enum" in definition and values and "description" in node:
        merged["description"] = f"{node['description']}\n\n{values}"
    return merged


def _one_type(node: Schema, definitions: dict[str, Schema]) -> Schema:
    """`X or null` as X without a default."""
    if "anyOf" not in node:
        return node
    (kind,) = (choice for choice in node["anyOf"] if choice.get("type") != "null")
    outer = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
    return _inlined({**kind, **outer}, definitions)


def _open_api_bounds(node: Schema) -> Schema:
    """`exclusiveMinimum: 0` as `minimum: 0, exclusiveMinimum: true`, and so for the maximum."""
    for bound in ("minimum", "maximum"):
        exclusive = f"exclusive{bound.capitalize()}"
        if exclusive in node:
            node = {**node, bound: node[exclusive], exclusive: True}
    return node


def _object_default(rewritten: Schema, raw: Schema, name: str, parent: Schema) -> Schema:
    left_out = name not in parent.get("required", ()) and "default" not in raw
    return {**rewritten, "default": {}} if left_out else rewritten
