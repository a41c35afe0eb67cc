"""The CRD's CEL rules, decided here as the API server decides them."""

import re
import sys
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import celpy
from celpy.adapter import json_to_cel

from preference_api.structural import Schema
from preference_api.walk import Loc, nodes, with_defaults

KEYWORD = "x-kubernetes-validations"
_HAS = re.compile(r"has\([^)]*\)")
_FIELD = re.compile(r"self((?:\.\w+\b(?!\())+)")


def broken_rules(
    document: Any, schema: Schema, faulty: Collection[Loc]
) -> Iterator[tuple[Loc, str]]:
    """Place and message of every rule that a document breaks.

    Args:
        document: The object as it was written; its defaults are filled in here.
        schema: Its structural schema, with the rules.
        faulty: Places that break the schema; rules that read them decide nothing.
    """
    for loc, value, node in nodes(with_defaults(document, schema), schema):
        for entry in node.get(KEYWORD, ()):
            if _decidable(entry["rule"], loc, faulty) and not _holds(entry["rule"], value):
                yield loc, entry["message"]


def _decidable(rule: str, loc: Loc, faulty: Collection[Loc]) -> bool:
    """Whether what the rule reads is sound: the object itself, and each field whole."""
    read = [(*loc, *name.split(".")[1:]) for name in _FIELD.findall(_HAS.sub("", rule))]
    return not any(
        loc[: len(fault)] == fault
        or any(fault[: len(place)] == place or place[: len(fault)] == fault for place in read)
        for fault in faulty
    )


def _holds(rule: str, value: Any) -> bool:
    return bool(_program(rule).evaluate({"self": json_to_cel(value)}))


@cache
def _program(rule: str) -> celpy.Runner:
    limit = sys.getrecursionlimit()
    environment = celpy.Environment()
    sys.setrecursionlimit(limit)  # celpy raises it for the whole process
    return environment.program(environment.compile(rule))
