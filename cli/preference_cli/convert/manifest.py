"""A manifest from outcomes: only what differs from the defaults of the kind."""

from collections.abc import Iterable, Mapping
from typing import Any

from preference_api.manifest import ManifestError, from_document
from preference_api.v1alpha1 import API_VERSION, KIND
from preference_cli.convert.rows import Outcome
from preference_cli.errors import CommandError

_ROOTS = ("metadata",)


def build(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """The manifest that outcomes write, checked by the kind's models.

    Raises:
        CommandError: A value is out of the kind's bounds; every fault is named.
    """
    whole: dict[str, Any] = {"apiVersion": API_VERSION, "kind": KIND}
    for found in outcomes:
        if found.value is not None:
            _write(whole, _path(found.target), found.value)
    return _without_defaults(whole)


def at(manifest: Mapping[str, Any], target: str) -> Any:
    """What a manifest says at a target, None where it says nothing."""
    node: Any = manifest
    for step in _path(target):
        node = node.get(step) if isinstance(node, Mapping) else None
    return node


def _path(target: str) -> list[str]:
    steps = target.split(".")
    return steps if steps[0] in _ROOTS else ["spec", *steps]


def _write(node: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        node = node.setdefault(step, {})
    node[path[-1]] = value


def _without_defaults(whole: dict[str, Any]) -> dict[str, Any]:
    try:
        job = from_document(whole)
    except ManifestError as error:
        raise CommandError(
            f"the source asks for what a PreferenceJob cannot be: {error}",
            remedy="change these settings in the source and convert again",
        ) from error
    dumped = job.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    spec = {field: value for field, value in dumped["spec"].items() if value != {}}
    return {"apiVersion": API_VERSION, "kind": KIND, **dumped, "spec": spec}
