"""What holds of every PreferenceJob, whatever happened to the operator meanwhile.

Each is read off the versions that the API server kept, and off its audit log.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import operator_process
from api_history import JOBS, PODS, PREFERENCE_JOBS, Record
from audit_log import AuditEntry, service_account
from control_plane import ControlPlane
from preference_api.children import ChildStage
from preference_api.wire import STAGE_LABEL
from preference_operator.act import MANAGER, PROGRESS_MANAGER

OPERATOR = service_account(operator_process.NAMESPACE, operator_process.ACCOUNT)
WRITES = {
    ("patch", "preferencejobs", "status"),
    ("delete", "preferencejobs", ""),
    ("create", "jobs", ""),
    ("delete", "jobs", ""),
    ("create", "events", ""),
    ("create", "leases", ""),
    ("update", "leases", ""),
}
"""Verb, resource and subresource of all that the operator ever writes."""
_MANAGERS = (MANAGER, PROGRESS_MANAGER)
_READS = ("get", "list", "watch")
_OVER = ("Complete", "Failed")

Body = dict[str, Any]


def hold(record: Record) -> None:
    """Assert everything that holds of any PreferenceJob at any time."""
    one_live_training(record)
    ends_stay(record)
    nothing_made_after_the_end(record)
    nothing_but_status_changed(record)


def hold_of_one_run(record: Record) -> None:
    """Assert, beyond that, what holds where nobody edits, suspends or deletes anything."""
    hold(record)
    made = [version.body for version in record.versions(JOBS) if version.change == "ADDED"]
    stages = Counter(body["metadata"]["labels"][STAGE_LABEL] for body in made)
    assert max(stages.values()) == 1, f"children were made more than once: {stages}"
    nothing_is_told_to_go(record)


def one_live_training(record: Record) -> None:
    """Assert that at no moment two training Jobs, or two training pods, were live."""
    for kind, over in ((JOBS, _job_over), (PODS, _pod_over)):
        live: dict[str, str] = {}
        for version in record.versions(kind):
            if version.body["metadata"]["labels"][STAGE_LABEL] != ChildStage.TRAIN:
                continue
            live.pop(version.uid, None)
            if version.change != "DELETED" and not over(version.body):
                live[version.uid] = version.body["metadata"]["name"]
            assert len(live) < 2, f"{kind} {sorted(live.values())} were live at once"


def ends_stay(record: Record) -> None:
    """Assert that what was told of a run's end was never changed or lost.

    Another run may begin, but only for another generation of the spec, or another dataset.
    """
    ends: dict[tuple[str, int, str], Body] = {}
    for version in record.versions(PREFERENCE_JOBS):
        number, end = _end(version.body)
        status = version.body.get("status", {})
        changed = status.get("run", {}).get("datasetChangedTime", "")
        # Right after an edit, the status still tells of the generation before.
        places = [
            ("run", number, ""),
            ("generation", status.get("observedGeneration", -1), changed),
        ]
        for place in places:
            before = ends.setdefault(place, end) if end else ends.get(place)
            assert before in (None, end), f"the end of {place} was {before} and became {end}"


def nothing_made_after_the_end(record: Record) -> None:
    """Assert that no child was made while the status told of an end, but to list the dataset."""
    over = False
    for version in record.versions():
        if version.kind == PREFERENCE_JOBS:
            over = _end(version.body)[1] is not None
        if version.kind == JOBS and version.change == "ADDED":
            metadata = version.body["metadata"]
            name, stage = metadata["name"], metadata["labels"][STAGE_LABEL]
            assert not over or stage == ChildStage.LIST, (
                f"Job {name} was made after the end of the run"
            )


def nothing_but_status_changed(record: Record) -> None:
    """Assert that the operator owns nothing but the status, and that specs are their authors'."""
    specs: dict[int, Body] = {}
    for version in record.versions(PREFERENCE_JOBS):
        metadata = version.body["metadata"]
        spec = specs.setdefault(metadata["generation"], version.body["spec"])
        assert version.body["spec"] == spec, "the spec changed without a new generation"
        entries = metadata.get("managedFields", [])
        owned = [entry["fieldsV1"].keys() for entry in entries if entry["manager"] in _MANAGERS]
        assert {name for names in owned for name in names} <= {"f:status"}


def nothing_is_told_to_go(record: Record) -> None:
    """Assert that no child and no pod was told to go while its PreferenceJob stood."""
    for version in record.versions():
        if version.kind == PREFERENCE_JOBS and version.change == "DELETED":
            return
        if version.kind in (JOBS, PODS):
            metadata = version.body["metadata"]
            assert "deletionTimestamp" not in metadata, f"{metadata['name']} was told to go"


def nothing_is_left(record: Record) -> None:
    """Return once the garbage collector has removed all that belonged to a PreferenceJob."""
    record.until(lambda: not record.current(PREFERENCE_JOBS) and not record.current(JOBS))
    record.until(lambda: not record.current(PODS))


def only_such_writes(plane: ControlPlane, since: datetime) -> None:
    """Assert that the operator wrote nothing else, and that its rights sufficed."""
    entries = plane.audit.of(OPERATOR, since=since)
    foreign = {_what(entry) for entry in writes(entries)} - WRITES
    assert not foreign, f"the operator wrote {foreign}"
    forbidden = {_what(entry) for entry in entries if not entry.allowed}
    assert not forbidden, f"the operator was not allowed to {forbidden}"


def writes(entries: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
    """Those of the requests that change objects."""
    return (entry for entry in entries if entry.verb not in _READS)


def _what(entry: AuditEntry) -> tuple[str, str, str]:
    return entry.verb, entry.resource, entry.subresource


def _end(body: Body) -> tuple[int, Body | None]:
    """The number of the run that an object stands at, and how it ended."""
    status = body.get("status", {})
    run = status.get("run", {})
    conditions = {one["type"]: one for one in status.get("conditions", [])}
    succeeded = conditions.get("Succeeded", {"status": "Unknown"})
    if succeeded["status"] == "Unknown" or "completionTime" not in run:
        return run.get("number", 0), None
    told = {name: succeeded[name] for name in ("status", "reason", "lastTransitionTime")}
    ended = {name: part for name, part in run.items() if name != "startTime"}
    return run["number"], {**told, "run": ended, "result": status.get("result")}


def _job_over(job: Body) -> bool:
    conditions = job.get("status", {}).get("conditions", [])
    return any(one["type"] in _OVER and one["status"] == "True" for one in conditions)


def _pod_over(pod: Body) -> bool:
    return pod["status"]["phase"] in ("Succeeded", "Failed")
