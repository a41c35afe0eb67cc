"""The end of a run: kept, remembered, and its time to live."""

from typing import Any

import pytest

from operator_builders import (
    CHECK,
    COMPLETE,
    REUSED,
    TRAIN,
    TRAINED,
    Case,
    case,
    checked,
    child,
    conditions,
    edited,
    finished,
    pod,
    preference_job,
    written,
)
from preference_operator.bodies import Body
from preference_operator.plans import Plan

DONE, READY_TO_TRAIN = finished(), checked()
AGES = "ttlSecondsAfterFinished"


@pytest.mark.parametrize(
    ("ttl", "seconds", "remove", "wake"),
    [
        (None, 9e9, False, None),
        (0, 60, True, None),
        (60, 61, False, 59),
        (60, 119, False, 1),
        (60, 120, True, None),
        (60, 9e9, True, None),
        (10**18, 61, False, 1e18),
    ],
)
def test_time_to_live(ttl: int | None, seconds: float, remove: bool, wake: float | None) -> None:
    body = edited(DONE, **({} if ttl is None else {AGES: ttl}))
    decided = case(body).plan(seconds=seconds)
    assert (decided.remove, decided.wake_after) == (remove, wake)
    assert (decided.draft is None) is remove


@pytest.mark.parametrize("body", [READY_TO_TRAIN, preference_job(spec={"method": 1})])
def test_what_is_not_at_its_end_has_no_time_to_live(body: Body) -> None:
    assert not case(edited(body, **{AGES: 0})).plan(seconds=9e9).remove


def test_the_end_is_looked_at_once_more_for_the_time_to_live() -> None:
    done = child(READY_TO_TRAIN, TRAIN, COMPLETE)
    assert case(READY_TO_TRAIN, (done, pod(done, code=0, words=TRAINED))).plan().wake_after == 0
    failed = child(READY_TO_TRAIN, TRAIN, ("Failed", "x"))
    assert case(READY_TO_TRAIN, failed).plan().wake_after == 0
    assert case(DONE).plan().wake_after is None


def test_a_success_stops_what_may_still_be_busy() -> None:
    body, done = preference_job(), child(DONE, CHECK, COMPLETE)
    training = child(DONE, TRAIN)
    decided = case(body, (done, pod(done, code=0, words=REUSED)), training).plan()
    assert [one.stage for one in decided.delete] == [TRAIN]


def test_progress_stands_at_its_end_even_where_that_write_was_lost() -> None:
    half = {"stage": "Train", "step": 7, "percent": 50.0, "secondsLeft": 9.0}
    body = {**DONE, "status": {**DONE["status"], "progress": half}}
    decided = case(body).plan()
    assert decided.progress is not None
    value = decided.progress.value
    assert value is not None
    assert (value.stage, value.percent, value.step, value.seconds_left) == ("Done", 100, 7, None)
    assert case(written(body, decided)).plan().progress is None


def test_a_failure_leaves_progress_where_it_was() -> None:
    failed = child(READY_TO_TRAIN, TRAIN, ("Failed", "x"))
    body = written(READY_TO_TRAIN, case(READY_TO_TRAIN, failed).plan())
    assert case(body).plan().progress is None


def trained_again(body: Body, beta: float) -> Body:
    body = edited(body, dpo={"beta": beta})
    done = child(body, CHECK, COMPLETE)
    return written(body, case(body, (done, pod(done, code=0, words=REUSED))).plan())


def test_history_is_newest_first_and_bounded() -> None:
    body = finished(retrain={"historyLimit": 3})
    for number in range(2, 6):
        body = trained_again(body, number / 10)
        assert body["status"]["run"]["number"] == number
    assert [one["number"] for one in body["status"]["history"]] == [5, 4, 3]


def test_a_new_run_is_numbered_after_those_remembered() -> None:
    body = trained_again(DONE, 0.3)
    lost = {**body, "status": {"history": body["status"]["history"]}}
    done = child(lost, CHECK, COMPLETE)
    after = written(lost, case(lost, (done, pod(done, code=0, words=REUSED))).plan())
    assert [one["number"] for one in after["status"]["history"]] == [3, 2, 1]


def test_the_result_of_the_last_run_stays_while_the_next_goes_on() -> None:
    body = edited(DONE, dpo={"beta": 0.3})
    assert written(body, case(body).plan())["status"]["result"] == DONE["status"]["result"]


@pytest.mark.parametrize(
    "refusal", [{"image": "theirs/x"}, {"method": "garbage"}, {"model": None}, {"unknown": 1}]
)
def test_what_is_refused_has_not_begun_and_stops_what_runs(refusal: dict[str, Any]) -> None:
    body, training = preference_job(spec=refusal), child(DONE, TRAIN)
    decided = case(body, (training, pod(training))).plan()
    assert [one.name for one in decided.delete] == [training["metadata"]["name"]]
    after = written(body, decided)
    assert "run" not in after["status"]
    assert "history" not in after["status"]
    told = conditions(after)
    assert (told["Accepted"]["status"], told["Stalled"]["status"]) == ("False", "True")
    assert case(after).plan().create is None


@pytest.mark.parametrize("image", ["registry.example/trainer:1", "ours/x", "ours/x:1"])
def test_images_that_are_allowed(image: str) -> None:
    assert case(preference_job(spec={"image": image})).plan().create is not None


def test_a_state_that_was_lost_is_told_again() -> None:
    body = {**DONE, "status": {**DONE["status"], "state": 7}}
    assert written(body, case(body).plan()) == DONE


def test_a_plan_of_nothing() -> None:
    deleted = {**DONE, "metadata": {**DONE["metadata"], "deletionTimestamp": "now"}}
    assert Case(body=deleted).plan() == Plan()
