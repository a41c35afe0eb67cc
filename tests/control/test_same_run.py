"""A run that is trained outside this cluster: it is waited for, and no device is held meanwhile."""

import pytest

from operator_builders import (
    CHECK,
    CHECKED,
    COMPLETE,
    RESOLVED,
    REUSED,
    TRAIN,
    case,
    checked,
    child,
    conditions,
    edited,
    pod,
    preference_job,
    written,
)
from pod_states import said, stuck
from preference_api.v1alpha1.status import Attempts
from preference_api.wire import ELSEWHERE, CheckSummary
from preference_operator.bodies import Body
from preference_operator.objects import read_job
from preference_operator.same_run import LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS

JOB = preference_job()
ENDED = 30.0
HELD = said(
    0,
    check=CheckSummary(
        resolved=RESOLVED, reused=False, elsewhere=True, pairs=90, evaluation_pairs=10, dropped=1
    ),
)
Child = tuple[Body, Body]


def check(body: Body, words: str, *, ended: float = ENDED) -> Child:
    done = child(body, CHECK, COMPLETE, ended=ended)
    return done, pod(done, code=0, words=words)


WAITING = written(JOB, case(JOB, check(JOB, HELD)).plan())


def told(body: Body) -> tuple[str, str]:
    return body["status"]["state"], conditions(body)["Succeeded"]["reason"]


def test_a_run_in_other_hands_is_waited_for_and_not_trained() -> None:
    decided = case(JOB, check(JOB, HELD)).plan(seconds=ENDED + 20)
    assert (decided.create, decided.delete) == (None, ())
    assert decided.wake_after == 4 * ENDED - 20
    assert told(WAITING) == ("Waiting", "SameRun")
    assert "say by another cluster" in conditions(WAITING)["Succeeded"]["message"]
    assert "resolved" not in WAITING["status"]["run"]


def test_it_is_checked_again_after_a_pause_without_news() -> None:
    due = ENDED + 4 * ENDED
    again = case(WAITING, check(WAITING, HELD)).plan(seconds=due)
    assert [one.stage for one in again.delete] == [CHECK]
    body, asked = written(WAITING, again), case(WAITING).plan(seconds=due)
    assert asked.create is not None
    assert asked.create.stage is CHECK
    running = child(body, CHECK)
    for moment in (asked, case(body, running).plan(), case(body, (running, pod(running))).plan()):
        assert moment.note is None
        assert told(written(body, moment)) == ("Waiting", "SameRun")


@pytest.mark.parametrize(
    ("took", "pause"), [(1, LEAST_PAUSE_SECONDS), (60, 240), (3600, MOST_PAUSE_SECONDS)]
)
def test_the_pause_grows_with_what_a_check_costs(took: float, pause: float) -> None:
    decided = case(JOB, check(JOB, HELD, ended=took)).plan(seconds=took)
    assert decided.wake_after == pause


def test_an_object_of_the_same_cluster_is_named() -> None:
    first = read_job(preference_job(name="first", uid="uid-first"))
    decided = case(JOB, check(JOB, HELD)).plan(seconds=ENDED + MOST_PAUSE_SECONDS, first=first)
    assert decided.delete == ()
    assert decided.draft is not None
    assert decided.draft.message.startswith("PreferenceJob first trains the same run")
    assert decided.draft.run is not None
    assert decided.draft.run.id == RESOLVED.run_id


def test_a_check_that_spoke_costs_the_next_one_nothing() -> None:
    done = child(JOB, CHECK, COMPLETE, attempts=Attempts(failures=2, preemptions=5))
    body = written(JOB, case(JOB, (done, pod(done, code=0, words=HELD))).plan())
    assert body["status"]["attempts"] == {"failures": 0, "preemptions": 0}


def test_what_is_wrong_with_the_check_is_told_all_the_same() -> None:
    made = child(WAITING, CHECK)
    blocked = {**pod(made), "status": stuck("ImagePullBackOff")["status"]}
    body = written(WAITING, case(WAITING, (made, blocked)).plan())
    assert told(body) == ("Pending", "ImagePullBackOff")


def test_another_spec_waits_for_nobody() -> None:
    body = edited(WAITING, dpo={"beta": 0.3})
    assert told(written(body, case(body).plan())) == ("Starting", "Starting")


@pytest.mark.parametrize(("words", "end"), [(REUSED, "Reused"), (CHECKED, "Starting")])
def test_the_next_check_finds_the_result_or_a_free_run(words: str, end: str) -> None:
    after = written(WAITING, case(WAITING, check(WAITING, words)).plan())
    assert told(after)[1] == end


def test_a_run_that_became_free_is_trained() -> None:
    free = check(WAITING, CHECKED)
    after = written(WAITING, case(WAITING, free).plan())
    decided = case(after, free).plan()
    assert decided.create is not None
    assert decided.create.stage is TRAIN


@pytest.mark.parametrize("reason", sorted(ELSEWHERE))
def test_a_training_that_lost_its_run_gives_its_device_back_and_looks_again(reason: str) -> None:
    body = checked()
    train = child(body, TRAIN)
    lost = pod(train, code=75, words=said(75, reason=reason))
    decided = case(body, check(body, CHECKED), (train, lost)).plan()
    assert {one.stage for one in decided.delete} == {CHECK, TRAIN}
    after = written(body, decided)
    assert told(after) == ("Checking", "FindingResult")
    assert "resolved" not in after["status"]["run"]
    going = child(after, TRAIN, deleting=True)
    asked = case(after, going).plan()
    assert asked.create is not None
    assert asked.create.stage is CHECK
    waiting = written(after, case(after, going, check(after, HELD)).plan())
    assert told(waiting) == ("Waiting", "SameRun")


def test_a_lost_run_uses_up_no_budget_of_its_check() -> None:
    body = checked(restarts={"preemptions": 0})
    train = child(body, TRAIN, attempts=Attempts(failures=2, preemptions=1))
    lost = pod(train, code=75, words=said(75, reason="TrainedElsewhere"), counts=(2, 1))
    after = written(body, case(body, check(body, CHECKED), (train, lost)).plan())
    assert told(after) == ("Checking", "FindingResult")
    asked = case(after).plan()
    assert asked.create is not None
    assert (asked.create.stage, asked.create.attempts) == (CHECK, Attempts())


def test_a_pod_that_is_on_its_way_is_let_begin() -> None:
    body = checked()
    train = child(body, TRAIN)
    older = pod(train, code=75, words=said(75, reason="Superseded"))
    newer = pod(train, "Pending", counts=(0, 1))
    assert case(body, check(body, CHECKED), (train, older, newer)).plan().delete == ()


def test_followed_to_its_end_under_forbid_a_lost_run_makes_room_for_the_next() -> None:
    before = checked(retrain={"concurrency": "Forbid"})
    train = child(before, TRAIN)
    lost = pod(train, code=75, words=said(75, reason="Superseded"))
    body = edited(before, dpo={"beta": 0.3})
    decided = case(body, (train, lost)).plan()
    assert [one.stage for one in decided.delete] == [TRAIN]
    assert told(written(body, decided)) == ("Replacing", "Replacing")


def test_an_older_attempt_that_lost_its_run_to_a_newer_one_stops_nothing() -> None:
    body = checked()
    train = child(body, TRAIN)
    older = pod(train, code=75, words=said(75, reason="Superseded"))
    decided = case(body, check(body, CHECKED), (train, older, pod(train, counts=(0, 1)))).plan()
    assert decided.delete == ()
    assert decided.draft is not None
    assert decided.draft.state == "Downloading"
