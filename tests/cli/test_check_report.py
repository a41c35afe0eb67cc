"""The reader of check reports against what the trainer writes."""

from collections.abc import Iterator
from typing import Any

from preference_cli.check_report import CheckReport
from preference_cli.check_wording import CONDITIONS
from preference_trainer import check
from preference_trainer.estimate import MemoryEstimate

Schema = dict[str, Any]


def test_every_field_that_is_read_is_written() -> None:
    read, written = CheckReport.model_json_schema(), check.CheckReport.model_json_schema()
    assert set(_fields(read, read)) <= set(_fields(written, written))


def test_the_conditions_of_the_memory_estimate_are_written() -> None:
    assert set(CONDITIONS) <= set(MemoryEstimate.model_json_schema(by_alias=True)["properties"])


def _fields(node: Schema, root: Schema, path: str = "") -> Iterator[str]:
    """Dotted names of all fields beneath a schema."""
    if "$ref" in node:
        node = root["$defs"][node["$ref"].rsplit("/", 1)[1]]
    for name, field in node.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from _fields(field, root, f"{path}.{name}")
    for below in (node.get("items"), *node.get("anyOf", ())):
        if below:
            yield from _fields(below, root, path)
