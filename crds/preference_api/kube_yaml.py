"""YAML as kubectl reads it.

kubectl's reader (sigs.k8s.io/yaml) takes YAML 1.1, but not as PyYAML does: `5e-7` is a number,
`1:30` and dates are strings, `y` and `n` are booleans beside `yes`, `no`, `on` and `off`. Keys that
occur twice are refused here; kubectl takes the last without a word.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

import yaml

_NULL, _BOOL, _INT, _FLOAT, _STR, _SEQ, _MAP, _MERGE = (
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "str", "seq", "map", "merge")
)
_TRUE = ("y", "yes", "on", "true")
_FALSE = ("n", "no", "off", "false")
_WHOLE = re.compile(
    r"[-+]?(0[bB]_*[01][01_]*|0[xX]_*[0-9a-fA-F][0-9a-fA-F_]*|0[oO]_*[0-7][0-7_]*|0[0-7_]*"
    r"|[1-9][0-9_]*)"
)
_DECIMAL = re.compile(r"[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9_]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BASES = {"0b": 2, "0x": 16, "0o": 8}


class NotYaml(ValueError):
    """The text cannot be read.

    Args:
        problem: What is wrong, in a few words.
        line: Number of the line, from 1; None where the fault has no place.
        column: Number of the column, from 1.
    """

    def __init__(self, problem: str, *, line: int | None = None, column: int | None = None) -> None:
        place = "" if line is None else f"line {line}, column {column}: "
        super().__init__(f"{place}{problem}")
        self.problem = problem
        self.line = line
        self.column = column


def load_documents(text: str) -> list[Any]:
    """The documents of a YAML or JSON text as JSON values, empty documents left out.

    Raises:
        NotYaml: The text is not YAML, repeats a key, or holds what JSON cannot.
    """
    try:
        found = list(yaml.load_all(text, _Loader))
        json.dumps(found)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = {"line": mark.line + 1, "column": mark.column + 1} if mark else {}
        raise NotYaml(error.problem or str(error), **place) from error
    except yaml.YAMLError as error:
        raise NotYaml(str(error)) from error
    except ValueError as error:
        raise NotYaml("an alias stands within its own anchor") from error
    return [document for document in found if document is not None]


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with kubectl's plain scalars and nothing that JSON has not."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set[str]()
        for key, _ in node.value:
            if key.tag not in (_STR, _MERGE):
                raise _at(key, f"key {key.value} is not text; put it in quotes")
            if key.value in seen:
                raise _at(key, f"key {key.value} is set twice")
            seen.add(key.value)
        return node


def _at(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _boolean(loader: _Loader, node: yaml.ScalarNode) -> bool:
    text = str(loader.construct_scalar(node)).lower()
    if text not in (*_TRUE, *_FALSE):
        raise _at(node, f"{text} is neither true nor false")
    return text in _TRUE


def _number(loader: _Loader, node: yaml.ScalarNode) -> int | float:
    text = str(loader.construct_scalar(node)).replace("_", "")
    if _WHOLE.fullmatch(text):
        return _whole(text)
    if _DECIMAL.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    raise _at(node, f"{text} is not a finite number")


def _whole(text: str) -> int | float:
    """An integer; beyond 64 bits a float, as Go's JSON has it."""
    digits = text.lstrip("+-").lower()
    base = _BASES.get(digits[:2]) or (8 if digits.startswith("0") else 10)
    value = -int(digits, base) if text.startswith("-") else int(digits, base)
    return value if -(2**63) <= value < 2**63 else float(value)


def _words(words: tuple[str, ...]) -> str:
    return "|".join(f"{word}|{word.capitalize()}|{word.upper()}" for word in words)


def _plain_scalar(tag: str, pattern: str, first: Iterable[str]) -> None:
    _Loader.add_implicit_resolver(tag, re.compile(f"^(?:{pattern})$"), list(first))


_Loader.yaml_implicit_resolvers = {}
_plain_scalar(_NULL, "|~|null|Null|NULL", ["", "~", "n", "N"])
_plain_scalar(_BOOL, _words((*_TRUE, *_FALSE)), "yYnNtTfFoO")
_plain_scalar(_INT, _WHOLE.pattern, "-+0123456789")
_plain_scalar(_FLOAT, f"{_DECIMAL.pattern}|{_NOT_FINITE.pattern}", "-+.0123456789")
_plain_scalar(_MERGE, "<<", "<")
_Loader.yaml_constructors = {
    _NULL: yaml.SafeLoader.construct_yaml_null,
    _BOOL: _boolean,
    _INT: _number,
    _FLOAT: _number,
    _STR: yaml.SafeLoader.construct_yaml_str,
    _SEQ: yaml.SafeLoader.construct_yaml_seq,
    _MAP: yaml.SafeLoader.construct_yaml_map,
    None: yaml.SafeLoader.construct_undefined,
}
