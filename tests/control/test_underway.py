"""A child that is not at its end: why it waits, what is asked for."""

from typing import Any

import pytest

from operator_builders import (
    CHECK,
    TRAIN,
    case,
    checked,
    child,
    conditions,
    pod,
    preference_job,
    written,
)
from pod_states import disrupted, said
from preference_api.v1alpha1.status import Attempts
from preference_operator.bodies import Body
from preference_operator.diagnose import Diagnosis

JOB, READY_TO_TRAIN = preference_job(), checked()
TRAINING = child(JOB, TRAIN)
QUOTA = Diagnosis(reason="QuotaExceeded", message="no quota", remedy="Ask for more.")
NO_NODE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/9 fit",
}
EVICTED = disrupted("EvictionByEvictionAPI")["conditions"]
WORN = child(JOB, TRAIN, attempts=Attempts(preemptions=9))


@pytest.mark.parametrize(
    ("training", "facts", "state", "reason", "again"),
    [
        ((TRAINING,), {}, "Starting", "Starting", 60),
        ((TRAINING, pod(TRAINING, "Pending")), {}, "Starting", "Starting", None),
        ((TRAINING,), {"complaint": QUOTA}, "Pending", "QuotaExceeded", 60),
        (
            (TRAINING, pod(TRAINING, "Pending", conditions=[NO_NODE])),
            {},
            "Pending",
            "Unschedulable",
            30,
        ),
        ((child(JOB, TRAIN, queued=True),), {}, "Queued", "Queued", 60),
        ((TRAINING, pod(TRAINING, code=75, words=said(75))), {}, "Restarting", "Preempted", 30),
        (
            (TRAINING, pod(TRAINING, code=143, conditions=EVICTED)),
            {},
            "Restarting",
            "Preempted",
            30,
        ),
        ((TRAINING, pod(TRAINING, code=137)), {}, "Restarting", "Retrying", 30),
        ((TRAINING, pod(TRAINING, "Unknown")), {}, "Starting", "Starting", None),
    ],
)
def test_why_it_waits(
    training: tuple[Body, ...], facts: dict[str, Any], state: str, reason: str, again: float | None
) -> None:
    decided = case(READY_TO_TRAIN, training).plan(**facts)
    body = written(READY_TO_TRAIN, decided)
    assert (body["status"]["state"], decided.wake_after) == (state, again)
    told = conditions(body)
    assert (told["Succeeded"]["reason"], told["Running"]["reason"]) == (reason, reason)
    assert (told["Running"]["status"], told["Reconciling"]["status"]) == ("False", "True")
    assert (decided.create, decided.delete) == (None, ())


@pytest.mark.parametrize(
    ("training", "facts", "status", "reason"),
    [
        ((TRAINING,), {}, "Unknown", "Pending"),
        ((TRAINING,), {"complaint": QUOTA}, "False", "QuotaExceeded"),
        ((child(JOB, TRAIN, queued=True),), {}, "False", "Queued"),
        ((TRAINING, pod(TRAINING, "Pending", node=None)), {}, "Unknown", "Pending"),
        ((TRAINING, pod(TRAINING, "Pending")), {}, "True", "Scheduled"),
        ((TRAINING, pod(TRAINING)), {}, "True", "Scheduled"),
    ],
)
def test_admission(
    training: tuple[Body, ...], facts: dict[str, Any], status: str, reason: str
) -> None:
    decided = case(READY_TO_TRAIN, training).plan(**facts)
    admitted = conditions(written(READY_TO_TRAIN, decided))["Admitted"]
    assert (admitted["status"], admitted["reason"]) == (status, reason)


def test_a_check_is_not_admitted() -> None:
    checking = child(JOB, CHECK)
    body = written(JOB, case(JOB, (checking, pod(checking))).plan())
    assert conditions(body)["Admitted"]["reason"] == "NotAsked"
    assert conditions(body)["Running"]["status"] == "True"


def test_what_keeps_a_pod_is_told_with_the_way_out() -> None:
    decided = case(READY_TO_TRAIN, TRAINING).plan(complaint=QUOTA)
    message = conditions(written(READY_TO_TRAIN, decided))["Ready"]["message"]
    assert message == "No quota. Ask for more."


@pytest.mark.parametrize(
    ("preemptions", "counts", "remade"), [(2, (0, 1), False), (3, (0, 2), True)]
)
def test_a_worn_job_is_made_again_since_its_pauses_grow(
    preemptions: int, counts: tuple[int, int], remade: bool
) -> None:
    decided = case(READY_TO_TRAIN, (TRAINING, pod(TRAINING, code=75, counts=counts))).plan()
    assert bool(decided.delete) is remade
    body = written(READY_TO_TRAIN, decided)
    assert body["status"]["attempts"]["preemptions"] == preemptions
    if remade:
        order = case(body).plan().create
        assert order is not None
        assert order.attempts == Attempts(preemptions=3)


@pytest.mark.parametrize(
    "training",
    [
        (TRAINING, pod(TRAINING, counts=(0, 9))),
        (TRAINING, pod(TRAINING, code=75, counts=(0, 8)), pod(TRAINING, "Pending", counts=(0, 9))),
        (WORN, pod(WORN, code=75)),
        (child(JOB, TRAIN, queued=True), pod(TRAINING, code=75, counts=(0, 9))),
        (TRAINING, pod(TRAINING, code=0, counts=(0, 9))),
    ],
)
def test_a_job_that_gets_on_is_left(training: tuple[Body, ...]) -> None:
    assert case(READY_TO_TRAIN, training).plan().delete == ()


@pytest.mark.parametrize(
    ("code", "counts"), [(0, (0, 0)), (2, (0, 0)), (6, (1, 2)), (1, (3, 0)), (137, (3, 9))]
)
def test_a_pod_with_which_its_job_ends_is_not_said_to_be_tried_again(
    code: int, counts: tuple[int, int]
) -> None:
    decided = case(READY_TO_TRAIN, (TRAINING, pod(TRAINING, code=code, counts=counts))).plan()
    told = conditions(written(READY_TO_TRAIN, decided))
    assert (told["Running"]["status"], told["Succeeded"]["reason"]) == ("True", "Training")
    assert (decided.create, decided.delete) == (None, ())


def test_a_child_on_its_way_out_has_to_be_gone() -> None:
    decided = case(READY_TO_TRAIN, child(JOB, TRAIN, deleting=True)).plan()
    assert decided.create is None
    assert "has to be gone" in conditions(written(READY_TO_TRAIN, decided))["Ready"]["message"]


@pytest.mark.parametrize(("job", "left"), [(READY_TO_TRAIN, ("job-0-abcde",)), (JOB, ())])
def test_a_training_waits_for_pods_whose_job_is_gone(job: Body, left: tuple[str, ...]) -> None:
    wanted = case(job).plan(left=("job-0-abcde",)).create
    assert wanted is not None
    assert wanted.left == left


def test_a_child_that_was_refused_is_asked_for_again_and_the_reason_told() -> None:
    refused = Diagnosis(reason="JobRefused", message="no such class", remedy="Correct it.")
    decided = case(READY_TO_TRAIN).plan(refusal=refused)
    assert decided.create is not None
    assert decided.wake_after == 30
    body = written(READY_TO_TRAIN, decided)
    assert (body["status"]["state"], conditions(body)["Ready"]["reason"]) == (
        "Blocked",
        "JobRefused",
    )
    assert decided.note is not None
    assert decided.note.warning
