"""Which events tell of a PreferenceJob, and when they happened: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from preference_cli.cluster.job import Job
from preference_cli.cluster.lines import CAUTION, HEAD, Line, columns
from preference_cli.cluster.page import age

_CHILDREN = ("Job", "Pod")
_ORDINARY = "Normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event, or a series of equal ones.

    Args:
        moment: When it happened last.
        times: How often it happened.
        about: Kind and name of the object.
        kind: Normal or Warning.
        reason: One word.
        note: A sentence.
    """

    moment: datetime
    times: int
    about: str
    kind: str
    reason: str
    note: str


def happenings(
    events: Iterable[Mapping[str, Any]], job: Job, children: Iterable[Mapping[str, Any]]
) -> list[Happening]:
    """The events of a job, its Jobs and its pods, oldest first.

    Pods that have gone are told by the names of their Jobs, which their names begin with.

    Args:
        events: All events of the namespace, events.k8s.io/v1.
        job: The PreferenceJob.
        children: Its Jobs and pods.
    """
    metadata = [child["metadata"] for child in children]
    uids = {job.uid, *(each["uid"] for each in metadata)}
    beginnings = {f"{each['name']}-" for each in metadata}
    if job.status.run and job.status.run.spec_hash:
        beginnings.add(f"{job.name}-{job.status.run.spec_hash}-")
    found = [_read(event) for event in events if _is_about(event, uids, tuple(beginnings))]
    return sorted(found, key=lambda each: each.moment)


def happening_lines(found: Sequence[Happening], *, now: datetime) -> list[Line]:
    """A table, warnings in colour."""
    head = ("AGE", "TIMES", "TYPE", "REASON", "OBJECT", "NOTE")
    cells = [
        (age(each.moment, now), str(each.times), each.kind, each.reason, each.about, each.note)
        for each in found
    ]
    first, *others = columns(head, cells)
    styles = ("" if each.kind == _ORDINARY else CAUTION for each in found)
    return [Line(first, HEAD), *map(Line, others, styles)]


def _is_about(event: Mapping[str, Any], uids: set[str], beginnings: tuple[str, ...]) -> bool:
    regarding = event.get("regarding") or {}
    if regarding.get("uid") in uids:
        return True
    child = regarding.get("kind") in _CHILDREN
    return child and f"{regarding.get('name', '')}-".startswith(beginnings)


def _read(event: Mapping[str, Any]) -> Happening:
    regarding, series = event["regarding"], event.get("series") or {}
    moment = (
        series.get("lastObservedTime")
        or event.get("deprecatedLastTimestamp")
        or event.get("eventTime")
        or event["metadata"]["creationTimestamp"]
    )
    return Happening(
        moment=datetime.fromisoformat(moment),
        times=series.get("count") or event.get("deprecatedCount") or 1,
        about=f"{regarding.get('kind', '')}/{regarding.get('name', '')}",
        kind=event.get("type", ""),
        reason=event.get("reason", ""),
        note=" ".join(event.get("note", "").split()),
    )
