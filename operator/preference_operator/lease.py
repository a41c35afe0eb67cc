"""What a Lease says, and what a candidate does about it (coordination.k8s.io/v1)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, Self

from preference_operator.connection import Object
from preference_operator.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A Lease as a candidate sees it; a renewal makes another record.

    holder: Empty where nobody holds it.
    seconds: How long it counts without a renewal.
    since: When the holder took it, as text: the name of this one time of leading.
    """

    holder: str
    seconds: float
    since: str
    renewed: str

    @classmethod
    def of(cls, lease: Object, settings: Settings) -> Self:
        """Read a Lease, whoever wrote it; what it leaves open is as in the settings."""
        spec: Any = lease.get("spec") or {}
        return cls(
            holder=spec.get("holderIdentity") or "",
            seconds=spec.get("leaseDurationSeconds") or settings.lease_seconds,
            since=spec.get("acquireTime") or "",
            renewed=spec.get("renewTime") or "",
        )


class Step(Enum):
    """What to do about a Lease."""

    TAKE = auto()
    RENEW = auto()
    WAIT = auto()
    LOSE = auto()


def decide(record: Record | None, *, identity: str, since: str, unchanged: float) -> Step:
    """The step of a candidate, or of the leader.

    A Lease that names this identity from an earlier time belongs to a process that has ended, since
    no two share an identity. Where two do, the one that led first ends.

    Args:
        record: None where there is no Lease.
        identity: The candidate's.
        since: When it took the Lease; empty where it does not lead.
        unchanged: Seconds for which the record has looked the same.
    """
    if record is None:
        return Step.RENEW if since else Step.TAKE
    if since:
        return Step.RENEW if (record.holder, record.since) == (identity, since) else Step.LOSE
    if record.holder in ("", identity) or unchanged > record.seconds:
        return Step.TAKE
    return Step.WAIT


def held(lease: Object | None, settings: Settings, *, since: str, now: datetime) -> Object:
    """The Lease to write: held by the settings' identity, and renewed now.

    `since` says when this process took it; where it is empty, it is taken now.
    """
    names = {"namespace": settings.lease_namespace, "name": settings.lease_name}
    lease = lease or {"metadata": names}
    before: Any = lease.get("spec") or {}
    spec = {
        **before,
        "holderIdentity": settings.identity,
        "leaseDurationSeconds": settings.lease_seconds,
        "acquireTime": since or _text(now),
        "renewTime": _text(now),
        "leaseTransitions": before.get("leaseTransitions", 0) + (not since),
    }
    return {**lease, "spec": spec}


def free(lease: Object, *, now: datetime) -> Object:
    """The Lease to write: held by nobody."""
    kept = {name: value for name, value in lease["spec"].items() if name != "holderIdentity"}
    return {**lease, "spec": {**kept, "renewTime": _text(now)}}


def _text(moment: datetime) -> str:
    """As meta/v1 MicroTime, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
