"""Renders the CustomResourceDefinition: `python -m preference_api.crd [--write]`."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from preference_api.generated import GeneratedFile
from preference_api.structural import Schema, structural
from preference_api.v1alpha1 import GROUP, KIND, VERSION, PreferenceJob

PLURAL = "preferencejobs"
NAME = f"{PLURAL}.{GROUP}"
HEADER = "# Generated from the models by `python -m preference_api.crd --write`; edit those.\n"

_SUCCEEDED = '.status.conditions[?(@.type=="Succeeded")]'


def custom_resource_definition() -> Schema:
    """The CustomResourceDefinition of PreferenceJob."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": NAME},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["pj", "prefjob"],
                "categories": ["preference"],
            },
            "scope": "Namespaced",
            "versions": [_version()],
        },
    }


def _version() -> Schema:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": _columns(),
        "schema": {"openAPIV3Schema": object_schema()},
    }


@cache
def object_schema() -> Schema:
    """The structural schema of a whole PreferenceJob; one value for everybody, to be read only."""
    schema = structural(PreferenceJob)
    fields = schema["properties"]
    for name in ("apiVersion", "kind"):
        fields[name] = {"type": "string", "description": fields[name]["description"]}
    fields["metadata"] = {"type": "object"}
    fields["status"]["default"] = {}
    return {**schema, "required": ["spec"]}


def _columns() -> list[dict[str, Any]]:
    return [
        _column("Method", ".spec.method"),
        _column("State", ".status.state"),
        _column("Progress", ".status.progress.percent", kind="number"),
        _column("Accuracy", ".status.result.metrics.accuracy", kind="number"),
        _column("Margin", ".status.result.metrics.margin", kind="number"),
        _column("Run", ".status.run.id"),
        _column("Age", ".metadata.creationTimestamp", kind="date"),
        _column("Model", ".spec.model.uri", wide=True),
        _column("Dataset", ".spec.dataset.uri", wide=True),
        _column("Checkpoint", ".status.checkpoint.uri", wide=True),
        _column("Reason", f"{_SUCCEEDED}.reason", wide=True),
    ]


def _column(name: str, path: str, *, kind: str = "string", wide: bool = False) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": kind, "jsonPath": path}
    return {**column, "priority": 1} if wide else column


def rendered() -> str:
    """The CustomResourceDefinition as YAML, byte for byte what the repository holds."""
    return HEADER + yaml.safe_dump(custom_resource_definition(), sort_keys=False, width=100)


FILE = GeneratedFile(path=Path(__file__).parents[1] / f"{NAME}.yaml", render=rendered)

if __name__ == "__main__":
    FILE.command(sys.argv[1:], module="preference_api.crd")
