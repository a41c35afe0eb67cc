"""What is done about a PreferenceJob in every situation."""

from typing import Any

import pytest

from operator_builders import (
    CHECK,
    CHECKED,
    COMPLETE,
    FAULT,
    NOW,
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
    hash_of,
    pod,
    preference_job,
    written,
)
from pod_states import said
from preference_operator.bodies import Body
from preference_operator.plans import Plan, ProgressWrite

JOB, READY_TO_TRAIN, DONE = preference_job(), checked(), finished()
CHECKING, TRAINING = child(JOB, CHECK), child(JOB, TRAIN)
CHECK_DONE, TRAIN_DONE = child(JOB, CHECK, COMPLETE), child(JOB, TRAIN, COMPLETE)
CHECK_FAILED, TRAIN_FAILED = child(JOB, CHECK, FAULT), child(JOB, TRAIN, FAULT)
SUSPENDED = {"suspend": True}
PROGRESSING = {"Succeeded": "Unknown", "Ready": "False", "Reconciling": "True"}
HALTED = {"Succeeded": "Unknown", "Ready": "False"}
SUCCEEDED = {"Succeeded": "True", "Ready": "True"}
FAILED = {"Succeeded": "False", "Ready": "False", "Stalled": "True"}

SITUATIONS: dict[str, tuple[Case, dict[str, str], str]] = {
    "new": (case(JOB), PROGRESSING, "Starting"),
    "checking": (case(JOB, (CHECKING, pod(CHECKING))), PROGRESSING, "Checking"),
    "checked": (
        case(JOB, (CHECK_DONE, pod(CHECK_DONE, code=0, words=CHECKED))),
        PROGRESSING,
        "Starting",
    ),
    "ready": (case(READY_TO_TRAIN), PROGRESSING, "Starting"),
    "queued": (case(READY_TO_TRAIN, child(JOB, TRAIN, queued=True)), PROGRESSING, "Queued"),
    "training": (case(READY_TO_TRAIN, (TRAINING, pod(TRAINING))), PROGRESSING, "Training"),
    "preempted": (
        case(READY_TO_TRAIN, (TRAINING, pod(TRAINING, code=75))),
        PROGRESSING,
        "Preempted",
    ),
    "retrying": (case(READY_TO_TRAIN, (TRAINING, pod(TRAINING, code=1))), PROGRESSING, "Retrying"),
    "trained": (
        case(READY_TO_TRAIN, (TRAIN_DONE, pod(TRAIN_DONE, code=0, words=TRAINED))),
        SUCCEEDED,
        "Trained",
    ),
    "reused": (case(JOB, (CHECK_DONE, pod(CHECK_DONE, code=0, words=REUSED))), SUCCEEDED, "Reused"),
    "failed": (
        case(
            READY_TO_TRAIN, (TRAIN_FAILED, pod(TRAIN_FAILED, code=6, words=said(6, reason="Word")))
        ),
        FAILED,
        "Word",
    ),
    "bad data": (
        case(JOB, (CHECK_FAILED, pod(CHECK_FAILED, code=3, words=said(3, reason="NoPairs")))),
        FAILED,
        "NoPairs",
    ),
    "invalid": (case({**JOB, "spec": {}}), FAILED, "InvalidSpec"),
    "image": (case(preference_job(spec={"image": "theirs/x"})), FAILED, "ImageNotAllowed"),
    "suspended": (case(preference_job(spec=SUSPENDED)), HALTED, "Suspended"),
    "suspending": (
        case(edited(READY_TO_TRAIN, **SUSPENDED), (TRAINING, pod(TRAINING))),
        PROGRESSING,
        "Suspending",
    ),
    "replacing": (
        case(edited(READY_TO_TRAIN, dpo={"beta": 0.3}), (TRAINING, pod(TRAINING))),
        PROGRESSING,
        "Replacing",
    ),
    "still finished": (case(DONE), SUCCEEDED, "Trained"),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_situation_has_its_conditions(name: str) -> None:
    moment, wanted, reason = SITUATIONS[name]
    told = conditions(written(moment.body, moment.plan()))
    summary = ("Succeeded", "Ready", "Reconciling", "Stalled")
    assert {kind: told[kind]["status"] for kind in summary if kind in told} == wanted
    assert {told[kind]["reason"] for kind in summary if kind in told} == {reason}
    assert {one["observedGeneration"] for one in told.values()} == {moment.job.generation}


@pytest.mark.parametrize("name", SITUATIONS)
def test_planning_again_on_what_was_written_changes_nothing(name: str) -> None:
    moment = SITUATIONS[name][0]
    body = moment.body
    for _pass in range(3):
        before, decided = body, Case(body=body, jobs=moment.jobs, pods=moment.pods).plan()
        body = written(body, decided)
    assert body == before
    assert decided.note is None
    assert decided.progress is None


def made(decided: Plan) -> tuple[str, str] | None:
    """Spec hash and stage of the child that a plan makes."""
    order = decided.create
    return None if order is None else (order.run_hash, order.stage)


MADE = {"new": CHECK, "ready": TRAIN}


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_child_is_made_where_one_is_due(name: str) -> None:
    moment = SITUATIONS[name][0]
    wanted = (hash_of(JOB), MADE[name]) if name in MADE else None
    assert made(moment.plan()) == wanted


@pytest.mark.parametrize("name", SITUATIONS)
def test_an_object_that_is_being_deleted_gets_nothing(name: str) -> None:
    moment = SITUATIONS[name][0]
    deleted = {**moment.body["metadata"], "deletionTimestamp": "now"}
    gone = Case(body={**moment.body, "metadata": deleted}, jobs=moment.jobs, pods=moment.pods)
    assert gone.plan() == Plan()


@pytest.mark.parametrize(
    ("children", "stopped"),
    [
        ((), ()),
        ((CHECKING, TRAINING), (CHECKING, TRAINING)),
        ((CHECK_FAILED, TRAIN_FAILED), ()),
        ((child(JOB, TRAIN, deleting=True),), ()),
        ((CHECK_DONE, (TRAIN_FAILED, pod(TRAIN_FAILED, code=1))), ()),
    ],
)
@pytest.mark.parametrize("end", [DONE, written(READY_TO_TRAIN, SITUATIONS["failed"][0].plan())])
def test_the_end_stays_the_end_whatever_becomes_of_the_children(
    end: Body, children: Any, stopped: tuple[Body, ...]
) -> None:
    decided = case(end, *children).plan(seconds=9999)
    assert written(end, decided) == end
    assert decided.create is None
    assert [one.name for one in decided.delete] == [one["metadata"]["name"] for one in stopped]


def test_a_finished_object_stays_so_under_an_operator_that_cannot_read_its_spec() -> None:
    newer = {**DONE, "spec": {**DONE["spec"], "newer": 1}}
    assert written(newer, case(newer).plan()) == newer


@pytest.mark.parametrize("refused", [{"image": "theirs/x"}, {"method": "garbage"}])
def test_a_refused_edit_of_a_finished_object_does_not_outlive_its_correction(refused: Body) -> None:
    wrong = edited(DONE, **refused)
    wrong = written(wrong, case(wrong).plan())
    assert conditions(wrong)["Stalled"]["status"] == "True"
    right = {**edited(wrong), "spec": DONE["spec"]}
    decided = case(right).plan()
    assert made(decided) == (hash_of(DONE), CHECK)
    assert conditions(written(right, decided))["Accepted"]["status"] == "True"


@pytest.mark.parametrize("refused", [{"image": "theirs/x"}, {"method": "garbage"}])
def test_a_refused_edit_stops_a_run_that_goes_on_once_it_is_corrected(refused: Body) -> None:
    body = written(
        READY_TO_TRAIN, case(READY_TO_TRAIN, (TRAINING, pod(TRAINING, counts=(1, 2)))).plan()
    )
    wrong = edited(body, **refused)
    decided = case(wrong, (TRAINING, pod(TRAINING, counts=(1, 2)))).plan()
    assert [one.name for one in decided.delete] == [TRAINING["metadata"]["name"]]
    wrong = written(wrong, decided)
    right = {**edited(wrong), "spec": READY_TO_TRAIN["spec"]}
    after = written(right, case(right).plan())
    for part in ("run", "dataset", "attempts"):
        assert after["status"][part] == body["status"][part]
    assert conditions(after)["DataReady"]["status"] == "True"


def test_progress_of_the_run_before_goes() -> None:
    body = {**edited(DONE, dpo={"beta": 0.3})}
    decided = case(body).plan()
    assert decided.progress == ProgressWrite(value=None)
    assert "progress" not in written(body, decided)["status"]
    assert case(written(body, decided)).plan().progress is None


def test_times_change_with_the_status_of_a_condition_only() -> None:
    body = written(JOB, case(JOB).plan(seconds=0))
    later = written(body, case(body, (CHECKING, pod(CHECKING))).plan(seconds=60))
    before, after = conditions(body), conditions(later)
    for kind in after:
        same = before.get(kind, {}).get("status") == after[kind]["status"]
        moved = after[kind]["lastTransitionTime"] != f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
        assert moved is not same, kind
