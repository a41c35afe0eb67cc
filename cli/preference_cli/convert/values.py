"""Readers of single values: words of a command line, or what YAML made of them.

YAML 1.1 reads `no` as False and `5e-7` as text, so that a reader takes every form. Each raises
ValueError with the reason; absent values (null, none, empty) never reach them.
"""

import json
from collections.abc import Mapping
from typing import Any

_TRUE = {"true", "yes", "t", "y", "1", "on"}
_FALSE = {"false", "no", "f", "n", "0", "off"}
_ABSENT = {"", "none", "null"}


def is_absent(value: Any) -> bool:
    """Whether a value means that nothing was set: null, none, or nothing in it."""
    if isinstance(value, str):
        return value.lower() in _ABSENT
    return value is None or value in ([], {})


def number(value: Any) -> float:
    """A number; booleans are none."""
    if isinstance(value, bool):
        raise ValueError("is not a number")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError("is not a number") from None


def integer(value: Any) -> int:
    """A whole number, also written 5.0."""
    found = number(value)
    if not found.is_integer():
        raise ValueError("is not a whole number")
    return int(found)


def boolean(value: Any) -> bool:
    """True or False in any spelling that transformers' argument parser takes."""
    word = str(value).lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("is neither true nor false")


def text(value: Any) -> str:
    """Text. False is `no`: YAML 1.1 makes it of `save_strategy: no`."""
    if value is False:
        return "no"
    if isinstance(value, list | dict):
        raise ValueError("is not a single value")
    return str(value)


def texts(value: Any) -> list[str]:
    """A list of texts, from a list, a single one, or one with commas."""
    if isinstance(value, list):
        return [text(entry) for entry in value]
    return [part.strip() for part in text(value).split(",")]


def numbers(value: Any) -> list[float]:
    """A list of numbers, from a list, a single one, or one with commas."""
    return [number(entry) for entry in (value if isinstance(value, list) else texts(value))]


def mapping(value: Any) -> Mapping[str, Any]:
    """Names and values, from YAML or as JSON in a word of a command line."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        raise ValueError("is not JSON") from None
    if not isinstance(found, Mapping):
        raise ValueError("is not a mapping of names to values")
    return found


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """A list of mappings."""
    if not isinstance(value, list):
        raise ValueError("is not a list")
    return [mapping(entry) for entry in value]
