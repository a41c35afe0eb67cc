"""JSON merge patch: what has to be said to make one object into another."""

from typing import Any

import pytest

from preference_operator.merge_patch import merge_patch


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {}, {"a": None}),
        ({}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}, {"a": {"b": {"c": 2}}}),
        ({"a": "text"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": "text"}, {"a": "text"}),
        ({"a": [{"b": 1}, 2]}, {"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
        (None, {"a": 1}, {"a": 1}),
        (7, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": 50}, {"a": 50.0}, {}),
        ({}, {"a": None}, {}),
    ],
)
def test_the_patch(before: object, after: dict[str, Any], patch: dict[str, Any]) -> None:
    assert merge_patch(before, after) == patch
