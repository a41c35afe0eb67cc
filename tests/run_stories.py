"""Runs that are played again and again, each time with another fault, and what each one writes."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import run_invariants
from api_history import EVENTS, JOBS, PREFERENCE_JOBS, Record, Version
from preference_api.children import ChildStage
from preference_api.wire import STAGE_LABEL
from run_player import STOPPED, TRAINED, RunPlayer


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happens to a PreferenceJob from its beginning to its end.

    Args:
        play: Has it happen; nothing of the PreferenceJob is left when it returns.
        holds: Asserts what holds of it afterwards.
        writes: Every write of the operator's for it, in order, where no fault is met.
    """

    play: Callable[[RunPlayer], None]
    holds: Callable[[Record], None]
    writes: tuple[str, ...]


def _whole(player: RunPlayer) -> None:
    player.play()
    player.jobs.delete(player.name)
    run_invariants.nothing_is_left(player.record)


def _changed(player: RunPlayer) -> None:
    player.create(ttlSecondsAfterFinished=0)
    player.check()
    pod = player.start(ChildStage.TRAIN)
    player.jobs.edit(player.name, suspend=True)
    player.await_told_to_go(pod)
    player.await_word("Succeeded", "Unknown", "Suspending")
    player.end(pod, STOPPED)
    player.await_word("CheckpointAvailable", "True")
    player.kubelet.remove(pod)
    player.await_word("Suspended", "True")
    player.jobs.edit(player.name, suspend=False)
    pod = player.start(ChildStage.TRAIN)
    player.jobs.edit(player.name, training={"seed": 7})
    player.await_word("Succeeded", "Unknown", "Replacing")
    player.stop(pod)
    player.check()
    player.end(player.start(ChildStage.TRAIN), TRAINED)
    player.await_word("Succeeded", "True")
    run_invariants.nothing_is_left(player.record)


WHOLE = Story(
    play=_whole,
    holds=run_invariants.hold_of_one_run,
    writes=(
        "status Starting",
        "job check",
        "status Checking",
        "event Checking",
        "status Starting",
        "status Starting",
        "job train",
        "status Starting",
        "status Starting",
        "status Downloading",
        "event Training",
        "progress Train",
        "status Training",
        "status Restarting",
        "event Preempted",
        "status Restarting",
        "status Restarting",
        "status Training",
        "event Training",
        "status Succeeded",
        "progress Done",
        "event Trained",
    ),
)
"""A run that is preempted once, goes on, and succeeds; deleted by hand then."""

CHANGED = Story(
    play=_changed,
    holds=run_invariants.hold,
    writes=(
        "status Starting",
        "job check",
        "status Checking",
        "event Checking",
        "status Starting",
        "status Starting",
        "job train",
        "status Starting",
        "status Starting",
        "status Downloading",
        "event Training",
        "delete train",
        "status Suspending",
        "event Suspending",
        "status Suspending",
        "status Suspended",
        "event Suspended",
        "status Starting",
        "job train",
        "status Starting",
        "status Starting",
        "status Downloading",
        "event Training",
        "delete check",
        "delete train",
        "status Replacing",
        "event Replacing",
        "status Starting",
        "job check",
        "status Checking",
        "event Checking",
        "status Starting",
        "status Starting",
        "job train",
        "status Starting",
        "status Starting",
        "status Downloading",
        "event Training",
        "status Succeeded",
        "progress Done",
        "event Trained",
        "delete the object",
    ),
)
"""A run that is suspended, resumed, and given another spec; that one succeeds and has its time."""


def written(record: Record) -> list[str]:
    """The writes for a PreferenceJob as the API server took them, in order."""
    jobs = record.versions(PREFERENCE_JOBS)
    changes = {after.number: _change(before, after) for before, after in pairwise(jobs)}
    going: set[str] = set()
    for version in record.versions():
        metadata = version.body["metadata"]
        if version.kind == EVENTS and version.change == "ADDED":
            changes[version.number] = f"event {version.body['reason']}"
        if version.kind == JOBS and version.change == "ADDED":
            changes[version.number] = f"job {metadata['labels'][STAGE_LABEL]}"
        if version.kind == JOBS and "deletionTimestamp" in metadata and version.uid not in going:
            going.add(version.uid)
            changes[version.number] = f"delete {metadata['labels'][STAGE_LABEL]}"
    return [changes[number] for number in sorted(changes) if changes[number]]


def _change(before: Version, after: Version) -> str:
    """What the operator wrote between two versions of a PreferenceJob; empty where users did."""
    if after.change == "DELETED":
        return "delete the object" if "ttlSecondsAfterFinished" in after.body["spec"] else ""
    if after.body["metadata"]["generation"] != before.body["metadata"]["generation"]:
        return ""
    said, says = before.body.get("status", {}), after.body["status"]
    if {**says, "progress": said.get("progress")} == {**said, "progress": said.get("progress")}:
        return f"progress {says['progress']['stage']}"
    return f"status {says['state']}"
