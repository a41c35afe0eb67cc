"""Which events tell of a PreferenceJob, and when they happened: pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from preference_api.children import ChildStage, child_name
from preference_cli.cluster.job import Job
from preference_cli.cluster.lines import CAUTION, HEAD, Line, age, columns

_CHILDREN = ("Job", "Pod")
# Each run of an object has a hash of its own, and the status remembers only that of the last one.
_CHILD = re.compile(rf".*-(?P<hash>[0-9a-f]{{10}})-(?P<stage>{'|'.join(ChildStage)})(?=-|$)")
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

    Children that have gone are told by their names: those of Jobs begin with the job's, and those
    of pods with their Job's. What happened before the job was made is another's of the same name.

    Args:
        events: All events of the namespace, events.k8s.io/v1.
        job: The PreferenceJob.
        children: Its Jobs and pods.
    """
    uids = {job.uid, *(child["metadata"]["uid"] for child in children)}
    found = [_read(event) for event in events if _is_about(event, job, uids)]
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


def _is_about(event: Mapping[str, Any], job: Job, uids: set[str]) -> bool:
    regarding = event.get("regarding") or {}
    if regarding.get("uid") in uids:
        return True
    child = regarding.get("kind") in _CHILDREN and _names_child(regarding.get("name", ""), job.name)
    return child and _read(event).moment >= job.created


def _names_child(name: str, job_name: str) -> bool:
    found = _CHILD.match(name)
    if found is None:
        return False
    return found[0] == child_name(job_name, found["hash"], ChildStage(found["stage"]))


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
