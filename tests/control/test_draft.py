"""A status in the making."""

from datetime import timedelta

import pytest

from operator_builders import NOW, checked, edited, finished, preference_job
from preference_api.v1alpha1.status import Attempts, Checkpoint, ConditionType, Stage
from preference_operator.bodies import Body
from preference_operator.conditions import Outlook, true
from preference_operator.draft import Draft, begin, resume
from preference_operator.objects import read_job

LATER = NOW + timedelta(hours=1)
SAVED = Checkpoint(uri="s3://bucket/output/c", step=4)


def drafted(body: Body) -> Draft:
    return begin(read_job(body), LATER)


def test_the_first_run() -> None:
    run = drafted(preference_job()).run
    assert run is not None
    assert (run.number, run.stage, run.start_time, run.id) == (1, Stage.CHECK, LATER, None)


def test_a_run_goes_on() -> None:
    body = checked()
    draft, status = drafted(body), read_job(body).status
    assert draft.run == status.run
    assert draft.dataset == status.dataset
    assert draft.words[ConditionType.DATA_READY].reason == "Checked"


def test_an_edited_spec_begins_a_run_and_keeps_the_last_result() -> None:
    body = finished()
    draft, status = drafted(edited(body, dpo={"beta": 0.3})), read_job(body).status
    assert draft.run is not None
    assert (draft.run.number, draft.run.id, draft.run.resolved) == (2, None, None)
    assert (draft.result, list(draft.history)) == (status.result, status.history)
    assert (draft.dataset, draft.checkpoint, draft.attempts) == (None, None, Attempts())
    assert draft.words[ConditionType.DATA_READY].reason == "NotChecked"


@pytest.mark.parametrize(
    ("lost", "number"), [({"run": None}, 2), ({"conditions": None}, 2), ({"history": None}, 1)]
)
def test_a_run_whose_end_is_lost_begins_anew(lost: Body, number: int) -> None:
    body = finished()
    draft = drafted({**body, "status": {**body["status"], **lost}})
    assert draft.run is not None
    assert draft.run.number == number
    assert (draft.run.resolved is None) is (number == 2)


@pytest.mark.parametrize(("run", "history", "number"), [(2**63 - 1, 1, 2), (7, 2**31, 8)])
def test_numbers_that_nobody_counted_are_not_counted_on(
    run: int, history: int, number: int
) -> None:
    body = edited(finished(), dpo={"beta": 0.3})
    status = body["status"]
    entry = {**status["history"][0], "number": history}
    odd = {**status, "run": {**status["run"], "number": run}, "history": [entry]}
    draft = drafted({**body, "status": odd})
    assert draft.run is not None
    assert draft.run.number == number


@pytest.mark.parametrize(
    ("known", "counted", "after"),
    [
        (None, (1, 2), (1, 2)),
        ((2, 1), (1, 2), (2, 2)),
        ((2, 5), (0, 0), (2, 5)),
    ],
)
def test_a_count_never_goes_back(
    known: tuple[int, int] | None, counted: tuple[int, int], after: tuple[int, int]
) -> None:
    def attempts(pair: tuple[int, int]) -> Attempts:
        return Attempts(failures=pair[0], preemptions=pair[1])

    draft = Draft(
        job=read_job(preference_job()),
        now=NOW,
        run=None,
        attempts=None if known is None else attempts(known),
    )
    assert draft.count(attempts(counted)).attempts == attempts(after)


def test_a_checkpoint_is_told_by_a_condition_too() -> None:
    draft = drafted(checked()).saved(SAVED).stand("T", Outlook.PROGRESSING, "R", "m")
    status = draft.status()
    assert status.checkpoint == SAVED
    told = {one.type: one for one in status.conditions or ()}
    assert told[ConditionType.CHECKPOINT_AVAILABLE].reason == "Saved"


def test_what_is_said_and_where_it_stands() -> None:
    job = read_job(preference_job(generation=7))
    draft = begin(job, NOW).say(running=true("Training")).stand("T", Outlook.SUCCEEDED, "R", "m")
    status = draft.status()
    told = {str(one.type): one for one in status.conditions or ()}
    assert (status.state, status.observed_generation) == ("T", 7)
    assert told["Running"].reason == "Training"
    assert told["Succeeded"].reason == told["Ready"].reason == "R"
    assert {one.observed_generation for one in told.values()} == {7}
    assert status.progress is None


def test_conditions_of_the_summary_are_not_carried_on() -> None:
    body = finished()
    job = read_job(body)
    assert job.status.run is not None
    assert ConditionType.READY not in resume(job, job.status.run, NOW).words
