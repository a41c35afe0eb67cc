"""Settings of the operator that are corrected, or withdrawn, while a run is under way."""

from typing import Any

import pytest

from operator_builders import (
    CHECK,
    CHECKED,
    COMPLETE,
    FAULT,
    SETTINGS,
    TRAIN,
    TRAINED,
    case,
    checked,
    child,
    conditions,
    edited,
    pod,
    preference_job,
    written,
)
from pod_states import said, stuck, unscheduled
from preference_api.children import ChildStage
from preference_api.v1alpha1.status import Attempts
from preference_operator.bodies import Body
from preference_operator.children import SETTINGS_ANNOTATION
from preference_operator.diagnose import Diagnosis
from preference_operator.settings import Settings

JOB, READY_TO_TRAIN = preference_job(), checked()
ALLOWED = {"image": "ours/trainer:1"}
FORBID = {"retrain": {"concurrency": "Forbid"}}
NONE_ALLOWED = SETTINGS.model_copy(update={"allowed_images": ()})
COMPLAINT = Diagnosis(reason="ServiceAccountNotFound", message="no account", remedy="Make it.")


def changed(**settings: Any) -> Settings:
    return SETTINGS.model_copy(update=settings)


def pulling(owner: Body) -> Body:
    """A pod whose image cannot be pulled."""
    return {**pod(owner, "Pending"), "status": stuck("ImagePullBackOff")["status"]}


@pytest.mark.parametrize(
    "settings",
    [
        changed(trainer_image="registry.example/trainer:2"),
        changed(trainer_account="trainer"),
        changed(image_pull_policy="Always"),
        changed(check_cpu="2"),
        changed(check_memory="4Gi"),
    ],
    ids=["image", "account", "pull policy", "cpu", "memory"],
)
@pytest.mark.parametrize("trouble", ["a pod that cannot start", "no pod"])
def test_what_cannot_start_is_made_again_from_corrected_settings(
    settings: Settings, trouble: str
) -> None:
    checking = child(JOB, CHECK, attempts=Attempts(failures=1))
    if trouble == "no pod":
        moment, facts = case(JOB, checking), {"complaint": COMPLAINT}
    else:
        moment, facts = case(JOB, (checking, pulling(checking))), {}
    assert moment.plan(**facts).delete == ()
    decided = moment.plan(settings=settings, **facts)
    assert [one.name for one in decided.delete] == [checking["metadata"]["name"]]
    body = written(JOB, decided)
    assert conditions(body)["Succeeded"]["reason"] == "SettingsChanged"
    again = case(body).plan(settings=settings).create
    assert again is not None
    assert (again.stage, again.attempts) == (CHECK, Attempts(failures=1))


@pytest.mark.parametrize("settings", [changed(check_cpu="2"), changed(check_memory="4Gi")])
def test_what_checks_ask_for_is_nothing_to_a_training(settings: Settings) -> None:
    training = child(READY_TO_TRAIN, TRAIN)
    moment = case(READY_TO_TRAIN, (training, pulling(training)))
    assert moment.plan(settings=settings).delete == ()


def waiting(**changes: Any) -> tuple[Body, Body]:
    training = child(READY_TO_TRAIN, TRAIN, **changes)
    return training, pod(training, "Pending")


def unmarked() -> tuple[Body, Body]:
    """Of an operator that did not write down which settings it used."""
    training = child(READY_TO_TRAIN, TRAIN)
    del training["metadata"]["annotations"][SETTINGS_ANNOTATION]
    return training, pulling(training)


@pytest.mark.parametrize(
    "children",
    [
        pytest.param(waiting(), id="on its way"),
        pytest.param(waiting(queued=True)[:1], id="in a queue"),
        pytest.param(waiting(deleting=True), id="on its way out"),
        pytest.param((child(READY_TO_TRAIN, TRAIN), pod(child(READY_TO_TRAIN, TRAIN))), id="runs"),
        pytest.param(unmarked(), id="not marked"),
    ],
)
def test_other_settings_disturb_nothing_that_is_well(children: tuple[Body, ...]) -> None:
    decided = case(READY_TO_TRAIN, children).plan(settings=changed(trainer_image="newer"))
    assert decided.delete == ()


@pytest.mark.parametrize("stage", [CHECK, TRAIN])
def test_a_training_that_waits_for_a_node_keeps_its_place(stage: ChildStage) -> None:
    body = JOB if stage is CHECK else READY_TO_TRAIN
    made = child(body, stage)
    unplaced = {**pod(made, "Pending"), "status": unscheduled("0/9 fit")["status"]}
    decided = case(body, (made, unplaced)).plan(settings=changed(trainer_image="newer"))
    # Of a check, room is a matter of the operator's settings.
    assert bool(decided.delete) is (stage is CHECK)


def test_with_forbid_an_earlier_training_that_settings_keep_from_starting_is_replaced() -> None:
    tried = child(READY_TO_TRAIN, TRAIN, attempts=Attempts(preemptions=1))
    body = edited(READY_TO_TRAIN, dpo={"beta": 0.3}, **FORBID)
    moment = case(body, (tried, pulling(tried)))
    assert moment.plan().delete == ()
    decided = moment.plan(settings=changed(trainer_image="newer"))
    assert [one.name for one in decided.delete] == [tried["metadata"]["name"]]
    assert written(body, decided)["status"]["run"]["number"] == 2


def test_suspension_comes_before_corrected_settings() -> None:
    body = edited(READY_TO_TRAIN, suspend=True)
    training = child(READY_TO_TRAIN, TRAIN)
    decided = case(body, (training, pulling(training))).plan(settings=changed(trainer_image="new"))
    assert conditions(written(body, decided))["Succeeded"]["reason"] == "Suspending"


@pytest.mark.parametrize("stage", [CHECK, TRAIN])
def test_an_image_that_is_no_longer_allowed_stops_nothing_that_runs(stage: ChildStage) -> None:
    body = preference_job(spec=ALLOWED) if stage is CHECK else checked(**ALLOWED)
    running = child(body, stage)
    decided = case(body, (running, pod(running))).plan(settings=NONE_ALLOWED)
    assert decided.delete == ()
    assert conditions(written(body, decided))["Accepted"]["status"] == "True"


@pytest.mark.parametrize(
    ("end", "code", "words", "reason"),
    [(COMPLETE, 0, TRAINED, "Trained"), (FAULT, 6, said(6, reason="Diverged"), "Diverged")],
)
def test_what_an_image_that_is_no_longer_allowed_came_to_is_told(
    end: tuple[str, str], code: int, words: str, reason: str
) -> None:
    body = checked(**ALLOWED)
    done = child(body, TRAIN, end)
    decided = case(body, (done, pod(done, code=code, words=words))).plan(settings=NONE_ALLOWED)
    assert conditions(written(body, decided))["Succeeded"]["reason"] == reason


def test_a_job_that_is_over_is_no_reason_to_start_an_image_that_is_not_allowed() -> None:
    body = preference_job(spec=ALLOWED)
    stray = child(body, TRAIN, COMPLETE)
    decided = case(body, stray).plan(settings=NONE_ALLOWED)
    assert decided.create is None
    assert conditions(written(body, decided))["Accepted"]["reason"] == "ImageNotAllowed"


def test_with_forbid_an_image_that_is_no_longer_allowed_stops_no_earlier_training() -> None:
    body = checked(**ALLOWED)
    running = child(body, TRAIN)
    after = edited(body, dpo={"beta": 0.3}, **FORBID)
    assert case(after, (running, pod(running))).plan(settings=NONE_ALLOWED).delete == ()


def test_an_image_that_is_no_longer_allowed_begins_nothing() -> None:
    body = preference_job(spec=ALLOWED)
    done = child(body, CHECK, COMPLETE)
    decided = case(body, (done, pod(done, code=0, words=CHECKED))).plan(settings=NONE_ALLOWED)
    assert decided.create is None
    told = conditions(written(body, decided))["Accepted"]
    assert told["reason"] == "ImageNotAllowed"
    assert "trainer.allowedImages" in told["message"]
