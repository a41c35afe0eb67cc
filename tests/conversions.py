"""Conversions of short sources, and what tests ask of them."""

from collections.abc import Mapping
from typing import Any

import yaml

from preference_api.v1alpha1.methods import Method
from preference_cli.convert import Conversion, Finding, Kind, convert

MINIMUM = {"model_name_or_path": "org/model", "dataset_name": "org/pairs"}


def converted(
    settings: Mapping[str, Any] | None = None, *, method: Method | None = Method.DPO, **options: Any
) -> Conversion:
    """The conversion of a recipe with a model, a dataset and these settings, on one device."""
    recipe = {**MINIMUM, **(settings or {})}
    return convert(yaml.safe_dump(recipe), method=method, **{"processes": 1, **options})


def commanded(text: str, **options: Any) -> Conversion:
    """The conversion of a command that a model and a dataset are added to."""
    flags = " ".join(f"--{name} {value}" for name, value in MINIMUM.items())
    return convert(f"{text} {flags}", **options)


def field(conversion: Conversion, path: str) -> Any:
    """What the spec says at a dotted path, None where it says nothing."""
    node: Any = conversion.manifest["spec"]
    for step in path.split("."):
        node = node.get(step) if isinstance(node, Mapping) else None
    return node


def findings(conversion: Conversion, setting: str) -> list[Finding]:
    """The findings on a setting."""
    return [found for found in conversion.findings if setting in found.source.split(", ")]


def kinds(conversion: Conversion, setting: str) -> set[Kind]:
    """The kinds of the findings on a setting."""
    return {found.kind for found in findings(conversion, setting)}


def unmapped(conversion: Conversion) -> set[str]:
    """The settings that could not be mapped."""
    return {found.source for found in conversion.findings if found.kind is Kind.UNMAPPED}


def targets(conversion: Conversion, kind: Kind) -> set[str]:
    """The fields that findings of a kind are about."""
    return {found.target for found in conversion.findings if found.kind is kind}
