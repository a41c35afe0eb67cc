"""Whether a GitOps tool keeps an object as Git says: pure, from its metadata."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MARKS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
}
_MANAGERS = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """A tool that keeps an object as Git says.

    Args:
        tool: Its name.
        evidence: The label, annotation or field manager that tells.
    """

    tool: str
    evidence: str


def keeper(metadata: Mapping[str, Any]) -> Keeper | None:
    """The tool that keeps an object; None where nothing tells of one.

    Source: Argo CD's resource tracking (its docs, user-guide/resource_tracking) and the labels of
    Flux's kustomize-controller and helm-controller; both are field managers under server-side
    apply.
    """
    return next(_keepers(metadata), None)


def warning(metadata: Mapping[str, Any], *, field: str, value: str) -> str:
    """Where Git is the truth, a change in the cluster alone may not last; empty elsewhere.

    Args:
        metadata: Of the object.
        field: What was changed.
        value: What it was changed to, as YAML has it.
    """
    found = keeper(metadata)
    if found is None:
        return ""
    return (
        f"warning: {found.tool} keeps this object as Git says ({found.evidence}) and may set "
        f"{field} back; commit {field}: {value} as well"
    )


def _keepers(metadata: Mapping[str, Any]) -> Iterator[Keeper]:
    for field in ("annotations", "labels"):
        for mark in metadata.get(field) or {}:
            if mark in _MARKS:
                yield Keeper(tool=_MARKS[mark], evidence=f"{field.removesuffix('s')} {mark}")
    for entry in metadata.get("managedFields") or ():
        manager = entry.get("manager", "")
        if manager in _MANAGERS:
            yield Keeper(tool=_MANAGERS[manager], evidence=f"field manager {manager}")
