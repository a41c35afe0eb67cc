"""The situations of a PreferenceJob, and what tools that wait for one make of each.

The situation is told by what kstatus and Argo CD do not look at: the condition Succeeded and the
word for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import argo_cd
import kstatus
from argo_cd import HealthStatus
from kstatus import Verdict

Body = dict[str, Any]


_LOOKED_AT = ("Succeeded", "Ready", "Reconciling", "Stalled")


class Situation(Enum):
    """Where a PreferenceJob stands."""

    UNSEEN = auto()
    UNDER_WAY = auto()
    SUSPENDED = auto()
    FINISHED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What tools make of a situation.

    Args:
        kstatus: kubectl, Flux and Helm.
        argo: Argo CD, by the Lua of this repository.
    """

    kstatus: Verdict
    argo: HealthStatus


TABLE: Mapping[Situation, Judgement] = {
    Situation.UNSEEN: Judgement(Verdict.IN_PROGRESS, HealthStatus.PROGRESSING),
    Situation.UNDER_WAY: Judgement(Verdict.IN_PROGRESS, HealthStatus.PROGRESSING),
    Situation.SUSPENDED: Judgement(Verdict.IN_PROGRESS, HealthStatus.SUSPENDED),
    Situation.FINISHED: Judgement(Verdict.CURRENT, HealthStatus.HEALTHY),
    Situation.FAILED: Judgement(Verdict.FAILED, HealthStatus.DEGRADED),
}


CONDITIONS: Mapping[Situation, Mapping[str, str]] = {
    Situation.UNDER_WAY: {"Succeeded": "Unknown", "Ready": "False", "Reconciling": "True"},
    Situation.SUSPENDED: {"Succeeded": "Unknown", "Ready": "False"},
    Situation.FINISHED: {"Succeeded": "True", "Ready": "True"},
    Situation.FAILED: {"Succeeded": "False", "Ready": "False", "Stalled": "True"},
}
"""The conditions that tools look at, where the operator has seen the object."""


def situation(body: Body) -> Situation:
    """Where an object stands whose status the operator wrote, or nobody."""
    status = body.get("status", {})
    if status.get("observedGeneration", -1) != body["metadata"]["generation"]:
        return Situation.UNSEEN
    told = {one["type"]: one["status"] for one in status["conditions"]}
    if told["Succeeded"] != "Unknown":
        return Situation.FINISHED if told["Succeeded"] == "True" else Situation.FAILED
    suspended = status["state"] == "Suspended"
    return Situation.SUSPENDED if suspended else Situation.UNDER_WAY


def judged_rightly(body: Body) -> Situation:
    """Assert that an object says, and tools make of it, what the tables say; its situation."""
    found = situation(body)
    if found is not Situation.UNSEEN:
        told = {one["type"]: one["status"] for one in body["status"]["conditions"]}
        tools = {kind: told[kind] for kind in _LOOKED_AT if kind in told}
        assert tools == CONDITIONS[found], f"{found.name}: {body['status']}"
    judgement = Judgement(kstatus.judge(body), argo_cd.health(body).status)
    assert judgement == TABLE[found], f"{found.name}: {body.get('status')}"
    return found
