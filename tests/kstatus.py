"""kstatus: how kubectl, Flux and Helm judge an object of a kind that they do not know.

Written from its description, for custom resources only:
https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
"""

from enum import StrEnum
from typing import Any

Body = dict[str, Any]


class Verdict(StrEnum):
    """What an object is, for whoever waits for it."""

    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    CURRENT = "Current"
    TERMINATING = "Terminating"


def judge(body: Body) -> Verdict:
    """The verdict on an object, from nothing but itself.

    A condition that is absent counts as normal, so an object without any is Current: what keeps a
    new object from that is a generation that was not observed yet.
    """
    status = body.get("status", {})
    if body["metadata"].get("deletionTimestamp"):
        return Verdict.TERMINATING
    if "observedGeneration" in status and _is_older(status, body["metadata"]):
        return Verdict.IN_PROGRESS
    return _by_conditions(status.get("conditions", []))


def _is_older(status: Body, metadata: Body) -> bool:
    return bool(status["observedGeneration"] != metadata["generation"])


def _by_conditions(conditions: list[Body]) -> Verdict:
    for one in conditions:
        if (one["type"], one["status"]) == ("Reconciling", "True"):
            return Verdict.IN_PROGRESS
        if (one["type"], one["status"]) == ("Stalled", "True"):
            return Verdict.FAILED
    ready = {one["status"] for one in conditions if one["type"] == "Ready"}
    return Verdict.CURRENT if ready <= {"True"} else Verdict.IN_PROGRESS
