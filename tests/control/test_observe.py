"""Children out of raw objects: states, attempts, last words."""

from typing import Any

import pytest

from operator_builders import (
    CHECK,
    CHECKED,
    COMPLETE,
    FAULT,
    TRAIN,
    TRAINED,
    USED_UP,
    child,
    hash_of,
    pod,
    preference_job,
)
from pod_states import disrupted, said
from preference_api.v1alpha1.status import Attempts
from preference_operator.bodies import Body
from preference_operator.diagnose import Diagnosis
from preference_operator.observe import Child, ChildState, Facts, observe

JOB = preference_job()
TRAINING = child(JOB, TRAIN)
DISRUPTED = disrupted("EvictionByEvictionAPI")["conditions"]


def only(job: Body, *pods: Body) -> Child:
    """The one child that is seen."""
    return observe(Facts(jobs=[job], pods=pods)).children[0]


def test_what_a_job_says() -> None:
    seen = only(TRAINING)
    assert (seen.stage, seen.run_hash, seen.uid) == (
        TRAIN,
        hash_of(JOB),
        TRAINING["metadata"]["uid"],
    )
    assert (seen.live, seen.deleting, seen.queued, seen.scheduled) == (True, False, False, False)
    assert (seen.pods, seen.pending, seen.message, seen.failure) == (0, False, None, None)


def test_of_two_children_each_is_found() -> None:
    seen = observe(Facts(jobs=[child(JOB, CHECK, COMPLETE), TRAINING]))
    for stage in (CHECK, TRAIN):
        found = seen.child(hash_of(JOB), stage)
        assert found is not None
        assert found.stage is stage
    assert seen.child("0000000000", TRAIN) is None


def test_jobs_that_are_not_named_like_children_are_none() -> None:
    foreign = {**TRAINING, "metadata": {**TRAINING["metadata"], "name": "mine"}}
    assert observe(Facts(jobs=[foreign])).children == ()


@pytest.mark.parametrize(
    ("job", "pods", "state"),
    [
        (TRAINING, [], ChildState.WAITING),
        (TRAINING, [pod(TRAINING, "Pending")], ChildState.WAITING),
        (TRAINING, [pod(TRAINING)], ChildState.RUNNING),
        (TRAINING, [pod(TRAINING, code=1)], ChildState.WAITING),
        (TRAINING, [pod(TRAINING, code=1), pod(TRAINING, counts=(1, 0))], ChildState.RUNNING),
        (
            TRAINING,
            [pod(TRAINING, code=1), pod(TRAINING, "Pending", counts=(1, 0))],
            ChildState.WAITING,
        ),
        (child(JOB, TRAIN, COMPLETE), [], ChildState.SUCCEEDED),
        (child(JOB, TRAIN, USED_UP), [pod(TRAINING, code=1)], ChildState.FAILED),
        (child(JOB, TRAIN, ("FailureTarget", "x")), [pod(TRAINING)], ChildState.RUNNING),
        (child(JOB, TRAIN, ("SuccessCriteriaMet", "x")), [], ChildState.WAITING),
        (child(JOB, TRAIN, status={"conditions": None}), [], ChildState.WAITING),
    ],
)
def test_states(job: Body, pods: list[Body], state: ChildState) -> None:
    assert only(job, *pods).state is state


@pytest.mark.parametrize(
    ("pods", "attempts"),
    [
        ([], (0, 0)),
        ([pod(TRAINING)], (0, 0)),
        ([pod(TRAINING, code=75)], (0, 1)),
        ([pod(TRAINING, code=1)], (1, 0)),
        ([pod(TRAINING, code=137, conditions=DISRUPTED)], (0, 1)),
        ([pod(TRAINING, counts=(1, 2))], (1, 2)),
        ([pod(TRAINING, counts=(1, 2), code=75)], (1, 3)),
        ([pod(TRAINING, counts=(1, 2), code=1)], (2, 2)),
        ([pod(TRAINING, counts=(0, 1), code=75), pod(TRAINING, counts=(0, 2))], (0, 2)),
        ([pod(TRAINING, code=2)], (0, 0)),
        ([pod(TRAINING, code=0)], (0, 0)),
    ],
)
@pytest.mark.parametrize("before", [Attempts(), Attempts(failures=2, preemptions=7)])
def test_attempts(pods: list[Body], attempts: tuple[int, int], before: Attempts) -> None:
    failures, preemptions = attempts
    seen = only(child(JOB, TRAIN, attempts=before), *pods)
    assert seen.attempts == Attempts(
        failures=before.failures + failures, preemptions=before.preemptions + preemptions
    )
    assert seen.preemptions == preemptions


def test_the_count_of_a_job_outlives_its_pods() -> None:
    assert only(child(JOB, TRAIN, USED_UP, status={"failed": 4})).attempts.failures == 4


@pytest.mark.parametrize("count", ["", "-1", "x", "1.5", "²", "٣", "9" * 5000, "1e9"])
def test_garbage_in_the_counts_of_a_pod_is_nothing(count: str) -> None:
    running = pod(TRAINING)
    running["metadata"]["annotations"] = {
        "batch.kubernetes.io/job-index-failure-count": count,
        "batch.kubernetes.io/job-index-ignored-failure-count": count,
    }
    assert only(TRAINING, running).attempts == Attempts()


HUGE = f'{{"failures": {10**30}}}'


@pytest.mark.parametrize(
    "garbage", ["", "x", "[]", "[" * 100_000, '{"failures": -1}', "null", "{}", HUGE]
)
def test_garbage_in_the_annotation_of_a_job_is_nothing(garbage: str) -> None:
    job = {
        **TRAINING,
        "metadata": {**TRAINING["metadata"], "annotations": {"preference.dev/attempts": garbage}},
    }
    assert only(job).attempts == Attempts()


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"deleting": True}, "deleting"), ({"queued": True}, "queued")],
)
def test_a_job_that_is_held_or_goes(changes: dict[str, Any], name: str) -> None:
    assert getattr(only(child(JOB, TRAIN, **changes)), name) is True


def test_only_the_newest_pod_counts_as_scheduled_or_pending() -> None:
    seen = only(
        TRAINING, pod(TRAINING, code=75), pod(TRAINING, "Pending", counts=(0, 1), node=None)
    )
    assert (seen.scheduled, seen.pending, seen.pods) == (False, True, 2)
    assert only(TRAINING, pod(TRAINING)).scheduled


def test_pods_of_others_are_not_taken() -> None:
    assert only(TRAINING, pod(child(JOB, CHECK))).pods == 0


def test_of_pods_made_in_one_second_the_counts_tell_which_is_newer() -> None:
    second = pod(TRAINING, counts=(0, 1), number=0)
    second["metadata"] |= {"name": "a", "uid": "a"}
    for order in ((pod(TRAINING, code=75), second), (second, pod(TRAINING, code=75))):
        assert only(TRAINING, *order).state is ChildState.RUNNING


def test_the_last_word_is_that_of_the_newest_pod_that_ended() -> None:
    job = child(JOB, CHECK, COMPLETE)
    pods = [
        pod(job, code=75, words=said(75, step=1)),
        pod(job, code=0, words=CHECKED, counts=(0, 1)),
    ]
    message = only(job, *reversed(pods)).message
    assert message is not None
    assert message.check is not None
    running = pod(TRAINING, counts=(0, 1))
    message = only(TRAINING, pod(TRAINING, code=75, words=said(75, step=8)), running).message
    assert message is not None
    assert message.step == 8


@pytest.mark.parametrize("words", ["", "garbage", said(0, step=3)[:-9], '{"exitCode": 0}'])
def test_last_words_that_cannot_be_read_are_none(words: str) -> None:
    job = child(JOB, CHECK, COMPLETE)
    assert only(job, pod(job, code=0, words=words)).message is None


def test_why_a_pod_waits_is_told_while_it_does() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "no",
    }
    waiting = pod(TRAINING, "Pending", conditions=[condition], node=None)
    assert only(TRAINING, waiting).waiting is not None
    assert only(child(JOB, TRAIN, USED_UP), waiting).waiting is None


def test_why_a_job_failed() -> None:
    job = child(JOB, TRAIN, USED_UP)
    failure = only(job, pod(job, code=1, counts=(3, 0))).failure
    assert failure is not None
    assert failure.reason == "BackoffLimitExceeded"
    assert only(child(JOB, TRAIN, COMPLETE)).finished_at == "2026-01-02T03:00:30Z"


def test_what_is_known_besides_is_passed_on() -> None:
    why = Diagnosis(reason="Why", message="because", remedy="")
    seen = observe(Facts(complaint=why, refusal=why))
    assert (seen.complaint, seen.refusal, seen.live) == (why, why, None)


@pytest.mark.parametrize("end", [COMPLETE, FAULT])
def test_an_end_counts_once_its_pod_is_seen_to_have_ended(end: tuple[str, str]) -> None:
    owner = preference_job()
    over = child(owner, TRAIN, end)
    [late] = observe(Facts(jobs=[over], pods=[pod(over)])).children
    [told] = observe(Facts(jobs=[over], pods=[pod(over, code=0, words=TRAINED)])).children
    [gone] = observe(Facts(jobs=[over])).children
    assert late.state is ChildState.RUNNING
    assert told.state is gone.state is not ChildState.RUNNING
