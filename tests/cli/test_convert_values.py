from collections.abc import Callable
from typing import Any

import pytest

from preference_cli.convert import values


@pytest.mark.parametrize(
    ("reader", "value", "found"),
    [
        (values.number, "5e-7", 5e-7),
        (values.number, 3, 3.0),
        (values.integer, "8", 8),
        (values.integer, 8.0, 8),
        (values.boolean, "True", True),
        (values.boolean, True, True),
        (values.boolean, "off", False),
        (values.boolean, 0, False),
        (values.text, False, "no"),
        (values.text, 4, "4"),
        (values.texts, "a, b", ["a", "b"]),
        (values.texts, ["a", 1], ["a", "1"]),
        (values.numbers, "0.8,0.2", [0.8, 0.2]),
        (values.numbers, 1, [1.0]),
        (values.mapping, '{"a": 1}', {"a": 1}),
        (values.mapping, {"a": 1}, {"a": 1}),
        (values.mappings, [{"a": 1}], [{"a": 1}]),
    ],
)
def test_reading(reader: Callable[[Any], Any], value: Any, found: Any) -> None:
    assert reader(value) == found


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (values.number, "x"),
        (values.number, True),
        (values.number, [1]),
        (values.integer, 1.5),
        (values.boolean, "2"),
        (values.text, [1]),
        (values.texts, {"a": 1}),
        (values.mapping, "{"),
        (values.mapping, "[1]"),
        (values.mappings, {"a": 1}),
    ],
)
def test_refusing(reader: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(ValueError, match=r"^is n"):
        reader(value)


@pytest.mark.parametrize("value", [None, "", "none", "NULL", [], {}])
def test_absent(value: Any) -> None:
    assert values.is_absent(value)


@pytest.mark.parametrize("value", [0, False, "no", [0]])
def test_present(value: Any) -> None:
    assert not values.is_absent(value)
