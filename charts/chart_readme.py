"""The chart's README: how it is installed, and its values out of values.yaml and its comments."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from chart_paths import CHART

_KEY = re.compile(r"^(?P<indent> *)(?P<name>[A-Za-z]\w*):")
_COMMENT = re.compile(r"^ *# ?(?P<text>.*)$")
_STEP_SPACES = 2
_MOST_CHARACTERS = 80


class UndescribedValue(Exception):
    """A value has no comment above it."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the chart.

    path: Its keys, outermost first.
    text: Its comment in values.yaml, on one line.
    default: None stands for a group of values, which has none of its own.
    """

    path: tuple[str, ...]
    text: str
    default: Any


def rendered() -> str:
    """The README in Markdown."""
    head = (CHART.parent / "README.head.md").read_text(encoding="utf-8")
    return head + "\n".join(_tables(list(values()))) + "\n"


def values() -> Iterator[Value]:
    """Every value that has a comment, in the order of values.yaml.

    Raises:
        UndescribedValue: One has none, and is not part of a value that has.
    """
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    defaults = yaml.safe_load(text)
    comments = dict(_comments(text))
    for path, default in _leaves_and_groups(defaults, comments):
        if path not in comments:
            raise UndescribedValue(f"values.yaml: {'.'.join(path)} needs a comment above it")
        yield Value(path, comments[path], default)


def _comments(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The comment right above a key, for every key that has one."""
    above: list[str] = []
    path: list[str] = []
    for line in text.splitlines():
        if comment := _COMMENT.match(line):
            above.append(comment["text"])
            continue
        if key := _KEY.match(line):
            path = [*path[: len(key["indent"]) // _STEP_SPACES], key["name"]]
            if above:
                yield tuple(path), " ".join(above)
        above = []


def _leaves_and_groups(
    node: dict[str, Any], comments: dict[tuple[str, ...], str], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Values and groups; a mapping none of whose keys has a comment is a value."""
    for name, value in node.items():
        place = (*path, name)
        if isinstance(value, dict) and any((*place, key) in comments for key in value):
            yield place, None
            yield from _leaves_and_groups(value, comments, place)
        else:
            yield place, value


def _tables(found: list[Value]) -> Iterator[str]:
    """A table of the values that stand alone, and one for each group."""
    groups = [()] + [value.path for value in found if value.default is None]
    texts = {value.path: value.text for value in found}
    for group in groups:
        rows = [value for value in found if value.path[:-1] == group and value.default is not None]
        if not rows:
            continue
        if group:
            yield f"\n### {'.'.join(group)}\n\n{texts[group]}\n"
        yield "| value | default | meaning |\n|---|---|---|"
        yield from map(_row, rows)


def _row(value: Value) -> str:
    default = json.dumps(value.default, ensure_ascii=False)
    shown = f"`{default}`" if len(default) <= _MOST_CHARACTERS else "see values.yaml"
    return f"| `{value.path[-1]}` | {shown} | {value.text} |"
