"""Objects as the API server sends them: what the operator reads of them, and who controls them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

Body = Mapping[str, Any]


class Kind(StrEnum):
    """What is watched, by its plural."""

    PREFERENCE_JOBS = "preferencejobs"
    JOBS = "jobs"
    PODS = "pods"


def controller(body: Body) -> Mapping[str, Any] | None:
    """The owner reference that controls an object."""
    owners = body["metadata"].get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), None)


def owner_uid(body: Body) -> str | None:
    """The uid of an object's controller."""
    owner = controller(body)
    return None if owner is None else owner["uid"]


def waiting_since(job: Body) -> str:
    """When a Job was made, or last suspended or resumed, as Kubernetes writes times."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    turns = (one.get("lastTransitionTime") for one in conditions if one.get("type") == "Suspended")
    return str(next(turns, None) or job["metadata"].get("creationTimestamp", ""))


def moment(text: str) -> datetime | None:
    """A time as Kubernetes writes it; None where it is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def trimmed(kind: Kind, body: Body) -> Body:
    """An object without what the operator never reads: a thousand are kept in memory."""
    metadata = {name: part for name, part in body["metadata"].items() if name != "managedFields"}
    if kind is Kind.PREFERENCE_JOBS:
        return {**body, "metadata": metadata}
    return {
        "metadata": metadata,
        "spec": _spec_kept(kind, body.get("spec") or {}),
        "status": body.get("status") or {},
    }


def _spec_kept(kind: Kind, spec: Mapping[str, Any]) -> Mapping[str, Any]:
    if kind is Kind.JOBS:
        return {"suspend": spec.get("suspend", False)}
    containers = [
        {name: container[name] for name in ("name", "image", "resources") if name in container}
        for container in spec.get("containers") or ()
    ]
    return {"nodeName": spec.get("nodeName"), "containers": containers}
