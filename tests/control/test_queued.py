"""A child in a queue: what the status says of it, what counts, and when it is made again."""

from typing import Any

import pytest

from operator_builders import (
    TRAIN,
    TRAINED,
    USED_UP,
    at,
    case,
    checked,
    child,
    conditions,
    edited,
    pod,
    written,
)
from pod_states import said
from preference_api.v1alpha1.status import Attempts
from preference_operator.bodies import Body
from preference_operator.conditions import Outlook
from preference_operator.diagnose import Diagnosis, Reason

FULL = Diagnosis(reason=Reason.QUEUED, message="Kueue says: full", remedy="Wait.")
NOBODY = Diagnosis(reason=Reason.QUEUE_SILENT, message="nobody came", remedy="Install it.")
TRACKED = "batch.kubernetes.io/job-tracking"
NO_NODE = {"type": "PodScheduled", "status": "False", "reason": "x", "message": "0/9 fit"}


def labelled(body: Body, **labels: str) -> Body:
    """A PreferenceJob in the queue gpus, or in another."""
    queue = {"kueue.x-k8s.io/queue-name": labels.get("queue", "gpus")}
    return {**body, "metadata": {**body["metadata"], "labels": queue}}


READY = labelled(checked())
HELD, ADMITTED = child(READY, TRAIN, queued=True), child(READY, TRAIN)


def going(one: Body, *, finalizers: tuple[str, ...] = ()) -> Body:
    """A pod that is told to go; its Job controller lets go of it at once if its Job is held."""
    metadata = {**one["metadata"], "deletionTimestamp": at(50), "finalizers": list(finalizers)}
    return {**one, "metadata": metadata}


def told(*training: Body, **facts: Any) -> Body:
    """The conditions after a pass, by their types."""
    return conditions(written(READY, case(READY, training).plan(**facts)))


@pytest.mark.parametrize(
    ("training", "facts", "admitted", "running"),
    [
        ((HELD,), {}, ("False", "Queued"), ("False", "Queued")),
        ((HELD,), {"queue": NOBODY}, ("False", "QueueSilent"), ("False", "QueueSilent")),
        ((ADMITTED,), {}, ("True", "Admitted"), ("False", "Starting")),
        (
            (ADMITTED, pod(ADMITTED, "Pending", node=None, conditions=[NO_NODE])),
            {},
            ("True", "Admitted"),
            ("False", "Unschedulable"),
        ),
        ((ADMITTED, pod(ADMITTED)), {}, ("True", "Admitted"), ("True", "Downloading")),
        ((HELD, going(pod(HELD))), {}, ("False", "Queued"), ("True", "PreemptedByQueue")),
        ((HELD, going(pod(HELD, code=75))), {}, ("False", "Queued"), ("False", "Queued")),
    ],
)
def test_admission_mirrors_the_queue(
    training: tuple[Body, ...], facts: Any, admitted: tuple[str, str], running: tuple[str, str]
) -> None:
    found = told(*training, **facts)
    for kind, wanted in (("Admitted", admitted), ("Running", running)):
        assert (found[kind]["status"], found[kind]["reason"]) == wanted
    assert (found["Succeeded"]["status"], found["Reconciling"]["status"]) == ("Unknown", "True")


def test_the_queues_own_words_are_told_and_kept_when_its_events_are_gone() -> None:
    body = written(READY, case(READY, HELD).plan(queue=FULL))
    again = written(body, case(body, HELD).plan())
    for one in (body, again):
        assert conditions(one)["Admitted"]["message"] == "Kueue says: full. Wait."
        assert conditions(one)["Ready"]["message"] == "Kueue says: full. Wait."
        assert one["status"]["state"] == "Queued"


@pytest.mark.parametrize(("word", "warning"), [(FULL, False), (NOBODY, True)])
def test_that_nobody_admits_is_a_warning(word: Diagnosis, *, warning: bool) -> None:
    note = case(READY, HELD).plan(queue=word).note
    assert note is not None
    assert (note.reason, note.warning) == (word.reason, warning)


@pytest.mark.parametrize(
    ("seconds", "since", "after"), [(1, 0, 5), (60, 0, 60), (9999, 0, 300), (9999, 9900, 99)]
)
def test_it_is_looked_at_as_seldom_as_it_has_waited(
    seconds: float, since: float, after: float
) -> None:
    turned = {"type": "Suspended", "status": "True", "lastTransitionTime": at(since)}
    waiting = child(READY, TRAIN, queued=True, status={"conditions": [turned]})
    assert case(READY, waiting).plan(seconds=seconds).wake_after == after


@pytest.mark.parametrize("code", [75, 137, 1])
@pytest.mark.parametrize(("job", "finalizers"), [(HELD, (TRACKED,)), (HELD, ()), (ADMITTED, ())])
def test_the_end_of_a_pod_that_gave_way_counts_for_nothing(
    job: Body, finalizers: tuple[str, ...], code: int
) -> None:
    ended = going(pod(job, code=code, words=said(code)), finalizers=finalizers)
    body = written(READY, case(READY, (job, ended)).plan())
    assert body["status"]["attempts"] == {"failures": 0, "preemptions": 0}


@pytest.mark.parametrize(("code", "attempts"), [(75, (0, 1)), (137, (1, 0))])
def test_the_end_of_any_other_pod_counts(code: int, attempts: tuple[int, int]) -> None:
    tracked = going(pod(ADMITTED, code=code), finalizers=(TRACKED,))
    for ended in (tracked, pod(ADMITTED, code=code)):
        body = written(READY, case(READY, (ADMITTED, ended)).plan())
        assert tuple(body["status"]["attempts"].values()) == attempts


def test_failures_that_the_job_controller_forgot_are_counted_by_their_pods() -> None:
    failed = [pod(ADMITTED, code=1, number=number) for number in (1, 2)]
    body = written(READY, case(READY, (ADMITTED, *failed, pod(ADMITTED, number=3))).plan())
    assert body["status"]["attempts"] == {"failures": 2, "preemptions": 0}


@pytest.mark.parametrize(("pods", "over"), [(4, False), (5, True)])
@pytest.mark.parametrize("phase", ["Pending", "Running"])
def test_more_failures_than_may_be_end_a_run_that_its_job_would_go_on_with(
    pods: int, phase: str, *, over: bool
) -> None:
    failed = [pod(ADMITTED, code=1, number=number) for number in range(pods - 1)]
    newest = pod(ADMITTED, phase, number=9)
    decided = case(READY, (ADMITTED, *failed, newest)).plan()
    assert decided.draft is not None
    assert (decided.draft.outlook is Outlook.FAILED) is over
    assert bool(decided.delete) is over
    if over:
        assert decided.draft.reason == "BackoffLimitExceeded"
        assert decided.draft.message.startswith("4 failed attempts, the last one")


def test_a_job_that_has_ended_is_waited_for_until_its_pod_says_why() -> None:
    over = child(READY, TRAIN, USED_UP, status={"failed": 4})
    decided = case(READY, (over, pod(over))).plan()
    assert decided.draft is not None
    assert decided.draft.outlook is Outlook.PROGRESSING


def test_a_job_whose_last_pod_failed_ends_by_itself() -> None:
    failed = [pod(ADMITTED, code=1, number=number) for number in range(4)]
    assert case(READY, (ADMITTED, *failed)).plan().delete == ()


@pytest.mark.parametrize(
    ("body", "remade"),
    [
        (READY, False),
        (labelled(READY, queue="others"), True),
        (edited(READY, resources={"gpus": 2}), True),
    ],
)
def test_what_waits_in_a_queue_is_made_again_for_an_edit(body: Body, *, remade: bool) -> None:
    assert bool(case(body, HELD).plan().delete) is remade


@pytest.mark.parametrize("job", [HELD, ADMITTED], ids=["held", "admitted"])
def test_what_was_preempted_often_keeps_its_place_in_the_queue(job: Body) -> None:
    assert case(READY, (job, pod(job, code=75, counts=(0, 9)))).plan().delete == ()


def test_a_training_that_ended_well_while_it_gave_way_is_done() -> None:
    decided = case(READY, (HELD, going(pod(HELD, code=0, words=TRAINED)))).plan()
    assert decided.draft is not None
    assert decided.draft.outlook is Outlook.SUCCEEDED
    assert [one.name for one in decided.delete] == [HELD["metadata"]["name"]]


def test_a_job_that_is_made_again_carries_what_was_used_up() -> None:
    body = {**READY, "status": {**READY["status"], "attempts": {"failures": 2, "preemptions": 1}}}
    order = case(body).plan().create
    assert order is not None
    assert order.attempts == Attempts(failures=2, preemptions=1)
