"""Manifests with their verdicts: a valid one, and the rows of tests/api/manifests.yaml."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from preference_api.kube_yaml import load_documents

TABLE = Path(__file__).parent / "api" / "manifests.yaml"
REMOVED = "<removed>"

Layer = Literal["none", "schema", "cel", "code", "check"]


@dataclass(frozen=True, slots=True)
class Row:
    """A change to the valid manifest and what becomes of it.

    Args:
        name: What the row is about.
        set: New values by path; `<removed>` takes the field away.
        layer: The first layer that refuses it; `none` where every layer accepts it.
        says: Words that the faults hold.
        server: Words of the API server, where it has others.
    """

    name: str
    set: dict[str, Any]
    layer: Layer = "none"
    says: tuple[str, ...] = ()
    server: tuple[str, ...] = ()

    @property
    def server_words(self) -> tuple[str, ...]:
        return self.server or self.says

    @property
    def document(self) -> Any:
        return manifest(self.set)


def rows() -> list[Row]:
    """Every row of the table."""
    (entries,) = load_documents(TABLE.read_text())
    return [Row(**{key: _frozen(value) for key, value in entry.items()}) for entry in entries]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def manifest(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The smallest valid PreferenceJob, with values set by path: `{"spec.dpo.beta": 0.2}`."""
    document: dict[str, Any] = {
        "apiVersion": "preference.dev/v1alpha1",
        "kind": "PreferenceJob",
        "metadata": {"name": "helpful"},
        "spec": {
            "method": "DPO",
            "model": {"uri": "hf://org/base@main"},
            "dataset": {"uri": "s3://bucket/pairs.jsonl"},
            "output": {"uri": "s3://bucket/output"},
        },
    }
    for path, value in (changes or {}).items():
        _set(document, path.split("."), deepcopy(value))
    return document


def _set(document: dict[str, Any], path: list[str], value: Any) -> None:
    *parents, name = path
    for parent in parents:
        document = document.setdefault(parent, {})
    if value == REMOVED:
        document.pop(name, None)
    else:
        document[name] = value
