from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from preference_api.structural import structural


class Colour(StrEnum):
    """Colours.

    Red: as a rose.
    """

    RED = "Red"


class Inner(BaseModel):
    """An inner object."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"x-kubernetes-validations": [{"rule": "true", "message": "never"}]},
    )
    size: int = 1


class Outer(BaseModel):
    """An outer object."""

    needed: Inner
    filled: Inner = Field(default_factory=Inner, description="Filled in.")
    maybe: Inner | None = None
    colour: Colour = Field(Colour.RED, description="A colour.")
    colours: list[Colour] = [Colour.RED]
    above: Annotated[float, Field(gt=0, lt=1)] | None = None
    names: dict[str, Annotated[str, Field(max_length=3)]] | None = None


INNER = {
    "type": "object",
    "properties": {"size": {"type": "integer", "default": 1}},
    "x-kubernetes-validations": [{"rule": "true", "message": "never"}],
}


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("needed", {**INNER, "description": "An inner object."}),
        ("filled", {**INNER, "description": "Filled in.", "default": {}}),
        ("maybe", {**INNER, "description": "An inner object."}),
        (
            "colour",
            {
                "type": "string",
                "enum": ["Red"],
                "default": "Red",
                "description": "A colour.\n\nRed: as a rose.",
            },
        ),
        (
            "above",
            {
                "type": "number",
                "minimum": 0,
                "exclusiveMinimum": True,
                "maximum": 1,
                "exclusiveMaximum": True,
            },
        ),
        (
            "names",
            {"type": "object", "additionalProperties": {"type": "string", "maxLength": 3}},
        ),
    ],
)
def test_field(field: str, schema: dict[str, Any]) -> None:
    assert structural(Outer)["properties"][field] == schema


def test_list_entries_are_inlined() -> None:
    assert structural(Outer)["properties"]["colours"]["items"]["enum"] == ["Red"]


def test_only_fields_without_default_are_required() -> None:
    assert structural(Outer)["required"] == ["needed"]


def test_union_of_two_kinds_is_refused() -> None:
    class Either(BaseModel):
        value: int | str

    with pytest.raises(ValueError, match="too many values"):
        structural(Either)
