"""Rules decided here: what they need to be sound, and that they are typed as in the API server."""

import sys
from typing import Any

import pytest

from preference_api.rules import KEYWORD, broken_rules


def schema(rule: str) -> dict[str, Any]:
    return {
        "properties": {
            "size": {"type": "number"},
            "list": {"items": {"type": "string"}},
            "inner": {"properties": {"uri": {"type": "string"}}},
        },
        KEYWORD: [{"rule": rule, "message": "broken"}],
    }


@pytest.mark.parametrize(
    ("rule", "value", "broken"),
    [
        ("self.size > 0.0", {"size": 0}, True),
        ("self.size > 0.0", {"size": 1}, False),
        ("has(self.size) != has(self.list)", {"size": 1}, False),
        ("has(self.size) != has(self.list)", {}, True),
        ("self.list.exists(entry, entry == 'a')", {"list": ["b"]}, True),
        ("self.list.exists(entry, entry == 'a')", {"list": ["b", "a"]}, False),
        ("!self.inner.uri.startsWith('hf://')", {"inner": {"uri": "hf://a"}}, True),
        ("self.inner.uri.contains('{x}')", {"inner": {"uri": "a {x}"}}, False),
        ("self.inner.uri.endsWith('8Bit')", {"inner": {"uri": "Adam"}}, True),
        ("size(self.list) == 2 && size(self.list) % 2 == 0", {"list": ["a", "b"]}, False),
        ("self.all(key, key.matches('^[a-z]+$'))", {"size": 1}, False),
        ("self.all(key, key.matches('^[a-r]+$'))", {"size": 1}, True),
    ],
)
def test_rule(rule: str, value: Any, broken: bool) -> None:
    assert list(broken_rules(value, schema(rule), ())) == ([((), "broken")] if broken else [])


@pytest.mark.parametrize(
    ("rule", "fault", "decided"),
    [
        ("self.inner.uri == 'a'", ("inner", "uri"), False),
        ("self.inner.uri == 'a'", ("inner",), False),
        ("self.inner.uri == 'a'", ("inner", "other"), True),
        ("self.inner.uri == 'a'", ("size",), True),
        ("self.list.exists(entry, entry == 'a')", ("list", 0), False),
        ("!has(self.inner)", ("inner", "uri"), True),
        ("!has(self.inner)", (), False),
    ],
)
def test_rule_that_reads_a_fault_is_left_undecided(rule: str, fault: Any, decided: bool) -> None:
    value = {"inner": {"uri": "b"}, "list": ["b"], "size": 1}
    assert bool(list(broken_rules(value, schema(rule), [fault]))) == decided


def test_recursion_limit_stays() -> None:
    before = sys.getrecursionlimit()
    list(broken_rules({}, schema("size(self) == 7"), ()))
    assert sys.getrecursionlimit() == before
