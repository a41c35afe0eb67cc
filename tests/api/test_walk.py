from typing import Any

import pytest

from manifest_table import rows
from preference_api.crd import object_schema
from preference_api.schema_faults import read_strictly
from preference_api.walk import as_stored, dotted, fields, nodes, schema_at, with_defaults

SCHEMA: dict[str, Any] = {
    "properties": {
        "size": {"type": "number", "default": 2},
        "inner": {"properties": {"name": {"type": "string", "default": "x"}}, "default": {}},
        "list": {"items": {"properties": {"weight": {"type": "number", "default": 1.0}}}},
        "map": {"additionalProperties": {"type": "string"}},
    }
}


def test_dotted() -> None:
    assert dotted(("spec", "mixture", 0, "uri")) == "spec.mixture[0].uri"
    assert dotted(()) == ""


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ({}, {"size": 2.0, "inner": {"name": "x"}}),
        ({"size": 3, "inner": {"name": "y"}}, {"size": 3.0, "inner": {"name": "y"}}),
        ({"list": [{}]}, {"size": 2.0, "inner": {"name": "x"}, "list": [{"weight": 1.0}]}),
        ("text", "text"),
    ],
)
def test_defaults(value: Any, filled: Any) -> None:
    result = with_defaults(value, SCHEMA)
    assert result == filled
    assert not isinstance(value, dict) or isinstance(result["size"], float)


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name) for row in rows() if row.layer == "none"]
)
def test_defaults_are_the_ones_of_the_models(row: Any) -> None:
    document = as_stored(row.document)
    parsed = read_strictly(document).spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert with_defaults(document, object_schema())["spec"] == parsed


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a": None, "b": {"c": None}}, {"b": {}}),
        ([None, {"a": None}], [None, {}]),
        (16.0, 16),
        (0.5, 0.5),
        (1e30, 1e30),
        (True, True),
    ],
)
def test_as_stored(value: Any, stored: Any) -> None:
    assert as_stored(value) == stored
    assert type(as_stored(value)) is type(stored)


def test_nodes_are_what_the_schema_knows() -> None:
    value = {"list": [{"weight": 1}], "map": {"a": "b"}, "unknown": {"c": 1}}
    places = [loc for loc, _, _ in nodes(value, SCHEMA)]
    assert places == [(), ("list",), ("list", 0), ("list", 0, "weight"), ("map",), ("map", "a")]


def test_schema_at() -> None:
    assert schema_at(("list", 0, "weight"), SCHEMA)["default"] == 1.0
    assert schema_at(("list", "unknown"), SCHEMA) == {}


def test_fields() -> None:
    assert [dotted(loc) for loc, _ in fields(SCHEMA)] == [
        "size", "inner", "inner.name", "list", "list[].weight", "map",
    ]  # fmt: skip
