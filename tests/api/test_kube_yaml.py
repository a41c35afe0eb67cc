"""Plain scalars as kubectl reads them, and what is refused."""

import json
import re
from typing import Any

import pytest

from control_plane import ControlPlane
from manifest_table import manifest
from preference_api.kube_yaml import NotYaml, load_documents

SCALARS: list[tuple[str, Any]] = [
    ("5e-7", 5e-7),
    ("1E3", 1000),
    ("+1", 1),
    ("1.", 1),
    (".5", 0.5),
    ("-.5", -0.5),
    ("1.5e+3", 1500),
    ("1_000", 1000),
    ("1_000.5", 1000.5),
    ("0x1F", 31),
    ("-0x1f", -31),
    ("014", 12),
    ("0o14", 12),
    ("08", 8),
    ("0b101", 5),
    ("0", 0),
    ("1:30", "1:30"),
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    ("on", True),
    ("off", False),
    ("yes", True),
    ("No", False),
    ("y", True),
    ("N", False),
    ("TRUE", True),
    ("tRue", "tRue"),
    ("oN", "oN"),
    ("~", None),
    ("Null", None),
    ("", None),
    ("0o", "0o"),
    ("0o8", "0o8"),
    ("0b", "0b"),
    ("1e", "1e"),
    ("1d", "1d"),
    ("+.nan", "+.nan"),
    ("_1", "_1"),
    ("=", "="),
    ("9223372036854775807", 9223372036854775807),
    ("!!str 5", "5"),
    ("!!float 5", 5),
    ("'5'", "5"),
    ('"y"', "y"),
]


# kubectl prints these rounded, so that they cannot be compared with what it prints.
BEYOND_64_BITS = [("9223372036854775808", 2.0**63), ("-9223372036854775809", -(2.0**63))]
ALL = [*SCALARS, *BEYOND_64_BITS]


@pytest.mark.parametrize(("text", "value"), ALL, ids=[text for text, _ in ALL])
def test_scalar(text: str, value: Any) -> None:
    (document,) = load_documents(f"field: {text}")
    assert document == {"field": value}
    assert isinstance(document["field"], bool) == isinstance(value, bool)


@pytest.mark.cluster
def test_scalars_are_what_kubectl_reads(api_server: ControlPlane) -> None:
    header = json.dumps(manifest({"spec": "<removed>"}))[:-1]
    listed = ", ".join(text or "null" for text, _ in SCALARS)
    text = f'{header}, "spec": {{"x": [{listed}]}}}}'
    options = ["--dry-run=client", "--validate=false", "-o", "json", "-f", "-"]
    read = json.loads(api_server.kubectl("create", *options, stdin=text))
    assert read["spec"]["x"] == [value for _, value in SCALARS]


def test_documents_without_the_empty_ones() -> None:
    assert load_documents("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n") == [{"a": 1}, {"b": 2}]


def test_json() -> None:
    assert load_documents('{"a": [1e-06, "é", null, true]}') == [{"a": [1e-6, "é", None, True]}]


def test_merged_mapping_yields_to_the_one_it_is_merged_into() -> None:
    (document,) = load_documents("a: &a {x: 1, y z: 2}\nb: {<<: *a, x: 3}")
    assert document["b"] == {"x": 3, "y z": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "line 3, column 1: key a is set twice"),
        ("a: {b: 1, b: 2}", "line 1, column 11: key b is set twice"),
        ("1: a", "line 1, column 1: key 1 is not text; put it in quotes"),
        ("on: a", "key on is not text"),
        ("a: .inf", "line 1, column 4: .inf is not a finite number"),
        ("a: -.INF", "-.INF is not a finite number"),
        ("a: .nan", ".nan is not a finite number"),
        ("a: 1e400", "1e400 is not a finite number"),
        ("a: !!int x", "x is not a finite number"),
        ("a: !!bool maybe", "maybe is neither true nor false"),
        ("a: !!binary aGk=", "could not determine a constructor"),
        ("a: !custom 1", "could not determine a constructor"),
        ("a: &a [*a]", "an alias stands within its own anchor"),
        ("a:\n\tb: 1", "line 2, column 1: found character"),
        ("a: [1,", "line 1, column 7: expected the node content"),
        ("\x00", "special characters are not allowed"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(NotYaml, match=re.escape(message)):
        load_documents(text)
