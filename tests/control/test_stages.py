"""Check, then train: verdicts, faults, and words that were lost."""

from typing import Any

import pytest

from operator_builders import (
    CHECK,
    CHECKED,
    COMPLETE,
    FAULT,
    RESOLVED,
    REUSED,
    SUMMARY,
    TRAIN,
    TRAINED,
    USED_UP,
    case,
    checked,
    child,
    conditions,
    edited,
    pod,
    preference_job,
    written,
)
from pod_states import said
from preference_api.v1alpha1.status import Attempts, Checkpoint
from preference_api.wire import CheckSummary, LiveProgress
from preference_operator.bodies import Body
from preference_operator.plans import Plan

JOB, READY_TO_TRAIN = preference_job(), checked()
CHECK_DONE, TRAIN_DONE = child(JOB, CHECK, COMPLETE), child(JOB, TRAIN, COMPLETE)
TRAINING = child(JOB, TRAIN)
SAVED = said(75, step=40, checkpoint_uri="s3://bucket/output/c/40")


def after(body: Body, *children: Any, **facts: Any) -> Body:
    return written(body, case(body, *children, **facts).plan())


def test_the_check_is_asked_for_without_digests_and_the_training_with_them() -> None:
    check = case(JOB).plan().create
    assert check is not None
    assert (check.stage, check.resolved) == (CHECK, None)
    train = case(READY_TO_TRAIN).plan().create
    assert train is not None
    assert (train.stage, train.resolved, train.attempts) == (TRAIN, RESOLVED, Attempts())


def test_what_the_check_found_is_told() -> None:
    status = READY_TO_TRAIN["status"]
    assert status["run"]["id"] == "run-1"
    assert status["dataset"] == {
        "digest": "d" * 64,
        "pairs": 90,
        "evaluationPairs": 10,
        "dropped": 1,
    }
    ready = conditions(READY_TO_TRAIN)["DataReady"]
    assert (ready["status"], ready["reason"]) == ("True", "Checked")
    assert "90 training pairs, 10 held out, 1 row left out." in ready["message"]


def test_warnings_of_the_check_are_told() -> None:
    summary = CheckSummary(
        resolved=RESOLVED, reused=False, pairs=9, evaluation_pairs=1, dropped=0, warnings=["Odd."]
    )
    words = said(0, check=summary)
    body = after(JOB, (CHECK_DONE, pod(CHECK_DONE, code=0, words=words)))
    assert conditions(body)["DataReady"]["message"].endswith("Odd.")


def test_attempts_of_the_check_do_not_count_against_the_training() -> None:
    done = child(JOB, CHECK, COMPLETE, attempts=Attempts(failures=2))
    body = after(JOB, (done, pod(done, code=0, words=CHECKED)))
    assert body["status"]["attempts"] == {"failures": 0, "preemptions": 0}


def test_a_known_result_is_used_again_without_training() -> None:
    decided = case(JOB, (CHECK_DONE, pod(CHECK_DONE, code=0, words=REUSED))).plan()
    assert decided.create is None
    body = written(JOB, decided)
    assert body["status"]["result"]["modelURI"] == SUMMARY.model_uri
    assert body["status"]["history"][0]["reason"] == "Reused"


def test_a_known_result_that_was_not_told_is_left_to_the_training() -> None:
    check = CheckSummary(resolved=RESOLVED, reused=True, pairs=9, evaluation_pairs=1, dropped=0)
    words = said(0, check=check)
    body = after(JOB, (CHECK_DONE, pod(CHECK_DONE, code=0, words=words)))
    assert case(body).plan().create is not None


def test_a_trained_model_is_told() -> None:
    status = after(READY_TO_TRAIN, (TRAIN_DONE, pod(TRAIN_DONE, code=0, words=TRAINED)))["status"]
    assert status["state"] == "Succeeded"
    assert (status["run"]["stage"], status["run"]["completionTime"]) == (
        "Done",
        "2026-01-02T03:01:00Z",
    )
    assert status["result"]["metrics"] == {"accuracy": 0.64, "margin": 0.5}
    assert (status["progress"]["stage"], status["progress"]["percent"]) == ("Done", 100)
    assert status["history"] == [
        {
            "runId": "run-1",
            "number": 1,
            "reason": "Trained",
            "completionTime": "2026-01-02T03:01:00Z",
            "accuracy": 0.64,
        }
    ]


@pytest.mark.parametrize(("promoted", "word"), [(True, "Promoted"), (False, "NotPromoted")])
def test_the_gate(promoted: bool, word: str) -> None:
    words = said(0, result=SUMMARY.promoted_as(promoted, "by a point"))
    body = after(READY_TO_TRAIN, (TRAIN_DONE, pod(TRAIN_DONE, code=0, words=words)))
    passed = conditions(body)["EvaluationPassed"]
    assert (passed["status"], passed["reason"]) == (str(promoted), word)
    assert passed["message"] == "by a point"
    assert conditions(body)["Succeeded"]["status"] == "True"


@pytest.mark.parametrize("code", [2, 3, 4, 6])
@pytest.mark.parametrize("stage", [CHECK, TRAIN])
def test_a_users_fault_ends_with_the_trainers_own_words(code: int, stage: str) -> None:
    body, failed = JOB if stage is CHECK else READY_TO_TRAIN, child(JOB, stage, FAULT)
    words = said(code, reason="MissingColumn", message="row 7 has no answer", remedy="Add it.")
    decided = case(body, (failed, pod(failed, code=code, words=words))).plan()
    assert (decided.create, decided.delete) == (None, ())
    end = conditions(written(body, decided))["Succeeded"]
    assert (end["status"], end["reason"]) == ("False", "MissingColumn")
    assert "Row 7 has no answer" in end["message"]
    assert "Add it." in end["message"]


def test_a_failed_check_says_so_of_the_data() -> None:
    failed = child(JOB, CHECK, FAULT)
    body = after(JOB, (failed, pod(failed, code=3, words=said(3, reason="NoPairs"))))
    assert conditions(body)["DataReady"]["reason"] == "NoPairs"
    assert "runId" not in body["status"]["history"][0]


def test_the_budget_of_failures_is_used_up() -> None:
    failed = child(JOB, TRAIN, USED_UP, status={"failed": 4})
    body = after(READY_TO_TRAIN, (failed, pod(failed, code=1, counts=(3, 0))))
    assert body["status"]["attempts"]["failures"] == 4
    assert conditions(body)["Stalled"]["reason"] == "BackoffLimitExceeded"


@pytest.mark.parametrize("stage", [CHECK, TRAIN])
@pytest.mark.parametrize(("preemptions", "over"), [(2, False), (3, True)])
def test_preemptions_over_the_cap_end_the_run(stage: str, preemptions: int, over: bool) -> None:
    edit = {"restarts": {"preemptions": 2}}
    body = edited(JOB if stage is CHECK else READY_TO_TRAIN, **edit)
    working = child(body, stage, attempts=Attempts(preemptions=preemptions))
    decided = case(body, (working, pod(working))).plan()
    assert bool(decided.delete) is over
    assert ("Stalled" in conditions(written(body, decided))) is over


def lost(check: Body, *, times: int) -> tuple[Body, Plan]:
    """The status after so many verdicts of a check were lost, each by a new Job."""
    body = edited(JOB, restarts={"failures": 2})
    for _time in range(times):
        decided = case(body, check).plan()
        body = written(body, decided)
        order = case(body).plan().create
        check = child(body, CHECK, COMPLETE, attempts=order.attempts if order else None)
    return body, decided


@pytest.mark.parametrize(("times", "ended"), [(1, False), (2, False), (3, True)])
def test_a_lost_verdict_is_asked_for_again_within_the_budget(times: int, ended: bool) -> None:
    body, decided = lost(CHECK_DONE, times=times)
    assert [one.name for one in decided.delete] == (
        [] if ended else [CHECK_DONE["metadata"]["name"]]
    )
    assert ("Stalled" in conditions(body)) is ended
    assert conditions(body)["Succeeded"]["reason"] == "VerdictLost"
    assert body["status"]["attempts"]["failures"] == times


def test_a_lost_verdict_counts_once_however_often_it_is_looked_at() -> None:
    body = after(after(JOB, CHECK_DONE), CHECK_DONE)
    assert body["status"]["attempts"]["failures"] == 1


def test_a_lost_result_is_looked_up_by_another_check() -> None:
    looking = case(READY_TO_TRAIN, TRAIN_DONE, child(JOB, CHECK, COMPLETE, ended=5)).plan()
    assert [one.stage for one in looking.delete] == [CHECK]
    asked = case(READY_TO_TRAIN, TRAIN_DONE).plan()
    assert asked.create is not None
    assert asked.create.stage is CHECK
    found = child(JOB, CHECK, COMPLETE, ended=90)
    body = after(READY_TO_TRAIN, TRAIN_DONE, (found, pod(found, code=0, words=REUSED)))
    assert conditions(body)["Succeeded"]["reason"] == "Reused"


@pytest.mark.parametrize(
    ("check", "code", "words"),
    [
        (child(JOB, CHECK, COMPLETE, ended=90), 0, CHECKED),
        (child(JOB, CHECK, COMPLETE, ended=90), 0, ""),
        (child(JOB, CHECK, FAULT, ended=90), 4, said(4, reason="AccessDenied")),
    ],
)
def test_a_lost_result_that_is_not_found_ends_the_run(check: Body, code: int, words: str) -> None:
    body = after(READY_TO_TRAIN, TRAIN_DONE, (check, pod(check, code=code, words=words)))
    assert conditions(body)["Stalled"]["status"] == "True"


@pytest.mark.parametrize(
    ("pods", "live", "step"),
    [
        ([pod(TRAINING, code=75, words=SAVED), pod(TRAINING, "Pending", counts=(0, 1))], None, 40),
        ([pod(TRAINING)], LiveProgress(checkpoint=Checkpoint(uri="s3://b/c", step=50)), 50),
        ([pod(TRAINING)], LiveProgress(), None),
        ([pod(TRAINING, code=75, words=said(75, step=7))], None, None),
        ([pod(TRAINING, code=75, words=SAVED), pod(TRAINING, counts=(0, 1))], None, None),
    ],
)
def test_the_newest_checkpoint(
    pods: list[Body], live: LiveProgress | None, step: int | None
) -> None:
    body = after(READY_TO_TRAIN, (TRAINING, *pods), live=live)
    assert body["status"].get("checkpoint", {}).get("step") == step
    available = conditions(body)["CheckpointAvailable"]["status"]
    assert available == ("Unknown" if step is None else "True")


@pytest.mark.parametrize(
    ("stage", "state"),
    [
        ("Download", "Downloading"),
        ("SFT", "Training"),
        ("Reference", "Scoring"),
        ("Done", "Publishing"),
    ],
)
def test_the_state_is_what_the_pod_is_busy_with(stage: str, state: str) -> None:
    body = after(READY_TO_TRAIN, (TRAINING, pod(TRAINING)), live=LiveProgress(stage=stage))
    assert (body["status"]["state"], body["status"]["run"]["stage"]) == (state, stage)
    assert conditions(body)["Running"]["reason"] == state
