"""Edits while a run goes on, suspension, and going on."""

from typing import Any

import pytest

from operator_builders import (
    CHECK,
    CHECKED,
    COMPLETE,
    FAULT,
    TRAIN,
    TRAINED,
    UID,
    case,
    checked,
    child,
    conditions,
    edited,
    finished,
    hash_of,
    pod,
    preference_job,
    written,
)
from pod_states import said
from preference_api.v1alpha1.status import Attempts
from preference_operator.bodies import Body
from preference_operator.plans import Plan

JOB, READY_TO_TRAIN = preference_job(), checked()
TRAINING = child(JOB, TRAIN)
RUNNING = (TRAINING, pod(TRAINING))
TRAIN_DONE = child(JOB, TRAIN, COMPLETE)
OTHER = {"dpo": {"beta": 0.3}}
FORBID = {"retrain": {"concurrency": "Forbid"}}


def names(decided: Plan) -> list[str]:
    return [one.name for one in decided.delete]


def name(job: Body) -> str:
    return str(job["metadata"]["name"])


@pytest.mark.parametrize(
    "edit",
    [
        {"ttlSecondsAfterFinished": 60},
        {"resources": {"gpus": 4, "memory": "9Gi"}},
        {"restarts": {"failures": 9}},
        {"retrain": {"historyLimit": 3}},
        {"activeDeadlineSeconds": 9},
        {"storage": {"region": "eu"}},
        {"evaluation": {}},
        {"dpo": {"beta": 0.1}},
        {},
    ],
)
def test_edits_that_do_not_change_the_result_start_nothing(edit: Body) -> None:
    for body, children in ((READY_TO_TRAIN, [RUNNING]), (finished(), [])):
        decided = case(edited(body, **edit), *children).plan()
        assert (decided.create, decided.delete) == (None, ())
        after = written(edited(body, **edit), decided)["status"]
        assert after["run"]["number"] == 1
        assert after["observedGeneration"] == 2


def test_labels_and_annotations_start_nothing() -> None:
    body = finished()
    labelled = {**body["metadata"], "labels": {"a": "b"}, "annotations": {"c": "d"}}
    assert written({**body, "metadata": labelled}, case({**body, "metadata": labelled}).plan()) == {
        **body,
        "metadata": labelled,
    }


def test_a_spec_edited_before_the_pod_begins_makes_its_job_again() -> None:
    body = edited(READY_TO_TRAIN, resources={"gpus": 1, "memory": "9Gi"})
    decided = case(body, (TRAINING, pod(TRAINING, "Pending"))).plan()
    assert names(decided) == [name(TRAINING)]
    assert decided.draft is not None
    assert decided.draft.reason == "SpecEdited"
    again = case(written(body, decided)).plan().create
    assert again is not None
    assert again.spec.resources.memory == "9Gi"


def test_with_replace_an_edit_stops_the_training_before_the_next_begins() -> None:
    body = edited(READY_TO_TRAIN, **OTHER)
    stopping = case(body, RUNNING).plan()
    assert (names(stopping), stopping.create) == ([name(TRAINING)], None)
    body = written(body, stopping)
    going = child(JOB, TRAIN, deleting=True)
    assert case(body, (going, pod(going))).plan().create is None
    following = case(body).plan().create
    assert following is not None
    assert (following.job.spec_hash, following.stage) == (hash_of(body), CHECK)
    assert following.attempts == Attempts()
    assert body["status"]["run"]["number"] == 2


def test_what_the_run_before_left_goes_together_with_what_the_next_asks_for() -> None:
    body = edited(READY_TO_TRAIN, **OTHER)
    lost = child(body, CHECK, COMPLETE)
    old = child(JOB, CHECK, COMPLETE)
    assert names(case(body, old, lost).plan()) == [name(lost), name(old)]


@pytest.mark.parametrize("edit", [OTHER, {**OTHER, "suspend": True}])
def test_with_forbid_an_edit_waits_for_the_training(edit: Body) -> None:
    body = edited(READY_TO_TRAIN, **edit, **FORBID)
    decided = case(body, RUNNING).plan()
    waits = "suspend" not in edit
    assert (decided.delete == ()) is waits
    assert (written(body, decided)["status"]["run"]["number"] == 1) is waits


def test_with_forbid_the_training_goes_on_between_two_pods() -> None:
    body = edited(READY_TO_TRAIN, **OTHER, **FORBID)
    decided = case(body, (TRAINING, pod(TRAINING, code=75, words=said(75)))).plan()
    assert (decided.delete, decided.create) == ((), None)
    assert written(body, decided)["status"]["run"]["number"] == 1


def test_with_forbid_what_runs_says_that_an_edit_waits() -> None:
    body = edited(READY_TO_TRAIN, **OTHER, **FORBID)
    told = written(body, case(body, RUNNING).plan())
    assert "that run follows" in conditions(told)["Succeeded"]["message"]
    assert written(told, case(told, RUNNING).plan()) == told


@pytest.mark.parametrize(
    "waiting",
    [
        pytest.param((TRAINING,), id="without a pod"),
        pytest.param((TRAINING, pod(TRAINING, "Pending")), id="without a node"),
        pytest.param((child(JOB, TRAIN, queued=True),), id="in a queue"),
    ],
)
def test_with_forbid_a_training_that_never_began_is_replaced(waiting: tuple[Body, ...]) -> None:
    body = edited(READY_TO_TRAIN, **OTHER, **FORBID)
    decided = case(body, waiting).plan()
    assert names(decided) == [name(TRAINING)]
    assert written(body, decided)["status"]["run"]["number"] == 2


def test_with_forbid_a_training_that_waits_for_its_next_pod_is_not_replaced() -> None:
    tried = child(JOB, TRAIN, attempts=Attempts(preemptions=1))
    body = edited(READY_TO_TRAIN, **OTHER, **FORBID)
    assert case(body, (tried, pod(tried, "Pending"))).plan().delete == ()


def test_with_forbid_a_check_is_replaced() -> None:
    checking = child(JOB, CHECK)
    body = edited(preference_job(), **OTHER, **FORBID)
    assert names(case(body, (checking, pod(checking))).plan()) == [name(checking)]


@pytest.mark.parametrize(
    ("end", "code", "words", "reason"),
    [(COMPLETE, 0, TRAINED, "Trained"), (FAULT, 6, said(6, reason="Diverged"), "Diverged")],
)
def test_with_forbid_the_end_of_the_run_is_not_the_end_of_the_object(
    end: tuple[str, str], code: int, words: str, reason: str
) -> None:
    body, done = edited(READY_TO_TRAIN, **OTHER, **FORBID), child(JOB, TRAIN, end)
    decided = case(body, (done, pod(done, code=code, words=words))).plan()
    assert decided.wake_after == 0
    assert decided.note is not None
    assert (decided.note.reason, decided.note.warning) == (reason, code != 0)
    body = written(body, decided)
    told = conditions(body)
    assert (told["Succeeded"]["status"], told["Reconciling"]["status"]) == ("Unknown", "True")
    assert "Stalled" not in told
    assert body["status"]["history"][0]["reason"] == reason
    following = case(body, (done, pod(done, code=code, words=words))).plan()
    assert names(following) == [name(done)]
    assert following.create is not None
    assert following.create.job.spec_hash == hash_of(body)


def test_with_forbid_a_lost_result_is_not_looked_up_under_the_next_spec() -> None:
    body = edited(READY_TO_TRAIN, **OTHER, **FORBID)
    decided = case(body, TRAIN_DONE).plan()
    assert names(decided) == [name(TRAIN_DONE)]
    assert written(body, decided)["status"]["run"]["number"] == 2


@pytest.mark.parametrize("concurrency", ["Forbid", "Replace"])
def test_an_edit_taken_back_in_time_stops_nothing(concurrency: str) -> None:
    body = edited(READY_TO_TRAIN, retrain={"concurrency": concurrency})
    decided = case(body, RUNNING).plan()
    assert (decided.delete, decided.create) == ((), None)


def test_a_revert_is_a_run_of_its_own_and_is_found_again_by_its_check() -> None:
    body = edited(finished(**OTHER), dpo=None)
    body = written(body, case(body).plan())
    back = edited(body, **OTHER)
    decided = case(back, child(body, CHECK, COMPLETE)).plan()
    assert decided.create is not None
    assert (decided.create.stage, decided.create.job.spec_hash) == (CHECK, hash_of(back))
    assert written(back, decided)["status"]["run"]["number"] == 3


def suspended(counts: tuple[int, int]) -> tuple[Body, Plan]:
    body = edited(READY_TO_TRAIN, suspend=True)
    return body, case(body, (TRAINING, pod(TRAINING, counts=counts))).plan()


def test_suspension_stops_the_pods_and_keeps_what_was_used_up() -> None:
    body, stopping = suspended((1, 2))
    assert (names(stopping), stopping.create) == ([name(TRAINING)], None)
    body = written(body, stopping)
    going = child(JOB, TRAIN, deleting=True)
    still = case(body, (going, pod(going, counts=(1, 2), code=75))).plan()
    assert (names(still), conditions(written(body, still))["Reconciling"]["status"]) == ([], "True")
    body = written(body, still)
    halted = written(body, case(body).plan())
    assert conditions(halted)["Suspended"]["status"] == "True"
    resumed = case(edited(halted, suspend=False)).plan()
    assert resumed.create is not None
    assert resumed.create.stage is TRAIN
    assert resumed.create.attempts == Attempts(failures=1, preemptions=2)
    after = conditions(written(halted, resumed))
    assert (after["Suspended"]["status"], after["Reconciling"]["status"]) == ("False", "True")


def test_suspended_it_names_what_its_pod_saved_last() -> None:
    body, going = edited(READY_TO_TRAIN, suspend=True), child(JOB, TRAIN, deleting=True)
    saved = said(75, step=9, checkpoint_uri="s3://bucket/output/c/9")
    over = case(body, (going, pod(going, code=75, words=saved))).plan()
    assert written(body, over)["status"]["checkpoint"]["step"] == 9


def test_the_next_job_begins_with_the_budget_that_is_left() -> None:
    again = child(JOB, TRAIN, attempts=Attempts(failures=1, preemptions=2))
    assert again["spec"]["backoffLimitPerIndex"] == 2
    over = child(JOB, TRAIN, attempts=Attempts(failures=9))
    assert over["spec"]["backoffLimitPerIndex"] == 0


@pytest.mark.parametrize("children", [[], [(TRAIN_DONE, pod(TRAIN_DONE, code=0, words=TRAINED))]])
def test_a_finished_object_is_not_suspended(children: list[Any]) -> None:
    body = edited(finished(), suspend=True)
    told = conditions(written(body, case(body, *children).plan()))
    assert told["Succeeded"]["status"] == "True"


def test_a_corrected_spec_is_accepted_even_while_it_is_suspended() -> None:
    wrong = preference_job(spec={"method": "garbage"})
    wrong = written(wrong, case(wrong).plan())
    right = edited(wrong, method="DPO", suspend=True)
    assert conditions(written(right, case(right).plan()))["Accepted"]["status"] == "True"


@pytest.mark.parametrize(
    "status",
    [{}, None, "garbage", {"run": 7}, {"conditions": [{}]}, {"run": {"number": 1}, "history": "x"}],
)
def test_a_lost_status_is_found_again_from_the_children(status: Any) -> None:
    body, done = preference_job(status=status), child(JOB, CHECK, COMPLETE)
    children = (
        (done, pod(done, code=0, words=CHECKED)),
        (TRAIN_DONE, pod(TRAIN_DONE, code=0, words=TRAINED)),
    )
    decided = case(body, *children).plan()
    assert decided.create is None
    assert decided.draft is not None
    assert (decided.draft.reason, decided.draft.job.uid) == ("Trained", UID)
