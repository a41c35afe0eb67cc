"""Whole runs before the operator's real process, on a real API server with its Job controller."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import pytest

import run_invariants
from api_history import EVENTS, JOBS, PREFERENCE_JOBS, Record
from preference_api.children import ChildStage
from preference_operator.act import MANAGER, PROGRESS_MANAGER
from run_player import REUSED, SAVED, SUMMARY, TRAINED, VERDICT, RunPlayer

pytestmark = pytest.mark.cluster

CONDITIONS = (
    "Accepted",
    "DataReady",
    "Admitted",
    "Running",
    "CheckpointAvailable",
    "EvaluationPassed",
    "Succeeded",
    "Ready",
    "Reconciling",
)
"""In the order of the letters below; Suspended is False and Stalled absent all along."""
MOMENTS = (
    ("Starting", "Check", "Starting", "TUUF UUUFT"),
    ("Checking", "Check", "Checking", "TUUT UUUFT"),
    ("Starting", "Check", "Starting", "TTUF UUUFT"),
    ("Starting", "Download", "Starting", "TTUF UUUFT"),
    ("Starting", "Download", "Starting", "TTTF UUUFT"),
    ("Downloading", "Download", "Training", "TTTT UUUFT"),
    ("Training", "Train", "Training", "TTTT TUUFT"),
    ("Restarting", "Train", "Preempted", "TTTF TUUFT"),
    ("Restarting", "Train", "Preempted", "TTUF TUUFT"),
    ("Restarting", "Train", "Preempted", "TTTF TUUFT"),
    ("Training", "Train", "Training", "TTTT TUUFT"),
    ("Succeeded", "Done", "Trained", "TTTF TTTT-"),
)
"""State, stage, reason of the top condition, and the conditions: True, False, Unknown, absent."""
RESULT = {
    "modelURI": SUMMARY.model_uri,
    "reportURI": SUMMARY.report_uri,
    "metrics": {"accuracy": 0.64, "margin": 0.5},
}
EVENTS_TOLD = [
    ("Normal", "Checking"),
    ("Normal", "Training"),
    ("Warning", "Preempted"),
    ("Normal", "Training"),
    ("Normal", "Trained"),
]


def moment(status: dict[str, Any]) -> tuple[str, ...]:
    """What a status says, as in MOMENTS."""
    said = {one["type"]: one for one in status["conditions"]}
    letters = "".join(said[kind]["status"][0] if kind in said else "-" for kind in CONDITIONS)
    assert said["Suspended"]["status"] == "False"
    assert "Stalled" not in said
    told = f"{letters[:4]} {letters[4:]}"
    return status["state"], status["run"]["stage"], said["Succeeded"]["reason"], told


def statuses(record: Record) -> Iterator[dict[str, Any]]:
    """Every status that a PreferenceJob had, in order."""
    bodies = (version.body for version in record.versions(PREFERENCE_JOBS))
    return (body["status"] for body in bodies if "conditions" in body.get("status", {}))


def without_repeats(moments: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Moments without those that say what the one before said."""
    return tuple(one for one, _same in groupby(moments))


def told(record: Record) -> list[tuple[str, str]]:
    """Type and reason of the Events about a PreferenceJob, in order."""
    events = [version.body for version in record.versions(EVENTS)]
    return [(event["type"], event["reason"]) for event in events]


def test_the_conditions_at_each_moment_of_a_run(player: RunPlayer) -> None:
    player.play()
    assert without_repeats(map(moment, statuses(player.record))) == MOMENTS
    run_invariants.hold_of_one_run(player.record)


def test_the_status_at_the_end_of_a_run(player: RunPlayer) -> None:
    player.play()
    status = player.record.status
    assert status["observedGeneration"] == 1
    assert status["dataset"] == {
        "digest": VERDICT.resolved.dataset_digest,
        "pairs": 90,
        "evaluationPairs": 10,
        "dropped": 1,
    }
    assert status["checkpoint"] == SAVED.model_dump()
    assert status["attempts"] == {"failures": 0, "preemptions": 1}
    assert status["result"] == RESULT
    assert status["progress"]["percent"] == 100
    [entry] = status["history"]
    assert (entry["runId"], entry["reason"], entry["accuracy"]) == ("run-1", "Trained", 0.64)
    assert entry["completionTime"] == status["run"]["completionTime"]
    assert player.word("Succeeded")["message"] == SUMMARY.headline


def test_each_event_is_posted_once(player: RunPlayer) -> None:
    player.play()
    player.record.until(lambda: len(told(player.record)) == len(EVENTS_TOLD))
    assert told(player.record) == EVENTS_TOLD
    notes = {version.body["regarding"]["name"] for version in player.record.versions(EVENTS)}
    assert notes == {player.name}


def test_a_run_that_the_bucket_holds_is_used_again(player: RunPlayer) -> None:
    player.create()
    player.check(REUSED)
    player.await_success()
    assert player.word("Succeeded")["reason"] == "Reused"
    assert player.record.status["result"] == RESULT
    names = {version.body["metadata"]["name"] for version in player.record.versions(JOBS)}
    assert names == {player.child(ChildStage.CHECK)}
    run_invariants.hold_of_one_run(player.record)


def test_a_model_that_the_gate_keeps_back_says_so(player: RunPlayer) -> None:
    kept = SUMMARY.promoted_as(False, "accuracy 0.64 is under 0.7")
    player.create()
    player.check()
    pod = player.start(ChildStage.TRAIN)
    player.end(pod, TRAINED.model_copy(update={"result": kept}))
    player.await_success()
    word = player.word("EvaluationPassed")
    assert (word["status"], word["reason"]) == ("False", "NotPromoted")
    assert word["message"] == "accuracy 0.64 is under 0.7"


def test_the_status_is_the_operators_and_the_rest_is_not(player: RunPlayer) -> None:
    player.play()
    entries = player.jobs.get(player.name)["metadata"]["managedFields"]
    owners = {(entry["manager"], *entry["fieldsV1"]) for entry in entries}
    assert owners == {
        (MANAGER, "f:status"),
        (PROGRESS_MANAGER, "f:status"),
        ("python-urllib3", "f:spec"),
    }
