"""Which pods of a PreferenceJob have a log, and in which order they are read: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from preference_api.wire import STAGE_LABEL

STAGES = ("check", "train")
"""Of a run, in their order; what lists the dataset afterwards is read where it is asked for."""
LISTING = "list"
_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod, as far as its log is concerned.

    Args:
        name: Its name.
        stage: check, train or list.
        created: When it was made, RFC 3339 in UTC.
        phase: As core/v1 PodStatus.
        started: Whether its container has run, so that there is a log.
        held_up: Why it has not.
    """

    name: str
    stage: str
    created: str
    phase: str
    started: bool
    held_up: str = ""

    @property
    def place(self) -> tuple[str, int, str]:
        """Pods are read in this order: as made, and where that is one second, check first."""
        return self.created, STAGES.index(self.stage) if self.stage in STAGES else 0, self.name

    @property
    def ended(self) -> bool:
        """Whether its log grows no more."""
        return self.phase in _ENDED


def read_pods(wires: Iterable[Mapping[str, Any]], *, stage: str | None) -> list[Pod]:
    """The pods of a stage, or of every stage of a run, in order."""
    pods, wanted = map(_read, wires), STAGES if stage is None else (stage,)
    return sorted((pod for pod in pods if pod.stage in wanted), key=lambda pod: pod.place)


def choose(pods: Sequence[Pod], *, previous: bool) -> Pod | None:
    """The newest pod, or the one before it at the same stage."""
    if not pods or not previous:
        return pods[-1] if pods else None
    before = [pod for pod in pods[:-1] if pod.stage == pods[-1].stage]
    return before[-1] if before else None


def _read(wire: Mapping[str, Any]) -> Pod:
    metadata, status = wire["metadata"], wire.get("status") or {}
    states = [each.get("state") or {} for each in status.get("containerStatuses") or ()]
    return Pod(
        name=metadata["name"],
        stage=(metadata.get("labels") or {}).get(STAGE_LABEL, ""),
        created=metadata["creationTimestamp"],
        phase=status.get("phase", "Pending"),
        started=any("running" in state or "terminated" in state for state in states),
        held_up=_held_up(status, states),
    )


def _held_up(status: Mapping[str, Any], states: Sequence[Mapping[str, Any]]) -> str:
    """What keeps the container from running: the container's own reason, the pod's, the node's."""
    waiting = [state["waiting"] for state in states if "waiting" in state]
    conditions = status.get("conditions") or ()
    unmet = [each for each in conditions if each.get("status") == "False" and each.get("message")]
    reasons = [_told(each) for each in (*waiting, status, *unmet)]
    return next(filter(None, reasons), "")


def _told(source: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (source.get("reason"), source.get("message"))))
