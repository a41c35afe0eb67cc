"""Events: for a new reason, and the same for the same facts."""

import pytest

from operator_builders import (
    CHECK,
    FAULT,
    TRAIN,
    Case,
    case,
    checked,
    child,
    edited,
    finished,
    pod,
    preference_job,
    written,
)
from pod_states import said
from preference_operator.plans import Note

JOB, READY_TO_TRAIN = preference_job(), checked()
CHECKING, TRAINING, FAILED = child(JOB, CHECK), child(JOB, TRAIN), child(JOB, TRAIN, FAULT)


def note(moment: Case) -> Note:
    told = moment.plan().note
    assert told is not None
    return told


@pytest.mark.parametrize(
    ("moment", "reason", "warning"),
    [
        (case(JOB, (CHECKING, pod(CHECKING))), "Checking", False),
        (case(READY_TO_TRAIN, (TRAINING, pod(TRAINING))), "Training", False),
        (case(READY_TO_TRAIN, (TRAINING, pod(TRAINING, code=75))), "Preempted", True),
        (case(READY_TO_TRAIN, (FAILED, pod(FAILED, code=6, words=said(6)))), "Word", True),
        (case(preference_job(spec={"suspend": True})), "Suspended", False),
        (case(preference_job(spec={"image": "x/y"})), "ImageNotAllowed", True),
    ],
)
def test_a_new_reason_is_told_once(moment: Case, reason: str, warning: bool) -> None:
    told = note(moment)
    assert (told.reason, told.warning) == (reason, warning)
    assert told.message
    again = Case(body=written(moment.body, moment.plan()), jobs=moment.jobs, pods=moment.pods)
    assert again.plan().note is None


@pytest.mark.parametrize(
    "moment",
    [
        case(JOB),
        case(READY_TO_TRAIN, TRAINING),
        case(READY_TO_TRAIN, child(JOB, TRAIN, deleting=True)),
        case(finished()),
    ],
)
def test_what_passes_in_moments_is_not_told(moment: Case) -> None:
    assert moment.plan().note is None


def test_the_same_facts_give_the_same_name() -> None:
    running = case(READY_TO_TRAIN, (TRAINING, pod(TRAINING)))
    first = note(running)
    assert note(case(READY_TO_TRAIN, (TRAINING, pod(TRAINING)))) == first
    assert running.plan(seconds=999).note == first


@pytest.mark.parametrize(
    "other",
    [
        case(edited(READY_TO_TRAIN), (TRAINING, pod(TRAINING))),
        case(READY_TO_TRAIN, (TRAINING, pod(TRAINING, counts=(0, 1)))),
        case(READY_TO_TRAIN, (TRAINING, pod(TRAINING, counts=(1, 0)))),
        case(
            {**READY_TO_TRAIN, "metadata": {**READY_TO_TRAIN["metadata"], "uid": "second"}},
            (TRAINING, pod(TRAINING)),
        ),
    ],
)
def test_other_facts_give_another_name(other: Case) -> None:
    assert note(other).name != note(case(READY_TO_TRAIN, (TRAINING, pod(TRAINING)))).name
