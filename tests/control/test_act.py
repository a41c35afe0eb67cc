"""Carrying out a plan: the order of its writes, and where it ends."""

import asyncio
import math
from dataclasses import replace
from typing import Any

import pytest

from api_stand_in import ApiStandIn, Fault
from operator_builders import (
    CHECK,
    COMPLETE,
    NOW,
    REUSED,
    SETTINGS,
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
from preference_api.v1alpha1.status import Progress
from preference_operator.act import Actor
from preference_operator.bodies import Body, Kind
from preference_operator.cluster_errors import (
    ClusterError,
    Conflict,
    NotFound,
    NotLeading,
    Refused,
    Unavailable,
)
from preference_operator.diagnose import Diagnosis
from preference_operator.objects import read_job
from preference_operator.store import Store

KEY = ("team", "job")
MANAGER, PROGRESS = "preference-operator", "preference-operator-progress"
ERRORS = [
    Conflict("c"),
    NotFound("n"),
    Refused("r"),
    Unavailable("u", retry_after=3),
    NotLeading("l"),
]
JOB = preference_job()
OLD = child(JOB, TRAIN, COMPLETE)
NEXT = edited(finished(), dpo={"beta": 0.3})
CHECK_NAME = f"job-{read_job(NEXT).spec_hash}-check"
WHOLE = [
    f"delete_job {OLD['metadata']['name']}",
    f"patch_status {MANAGER}",
    f"create_job {CHECK_NAME}",
    f"patch_status {PROGRESS}",
]


def unlabelled(job: Body) -> Body:
    return {**job, "metadata": {**job["metadata"], "labels": None}}


class Stage:
    """An actor before its API server, which holds the objects of a case."""

    def __init__(self, moment: Case, *more: Body) -> None:
        self.api, self.store, self.moment = ApiStandIn(), Store(), moment
        self.api.put(Kind.PREFERENCE_JOBS, moment.body)
        for job in (*moment.jobs, *more):
            self.api.put(Kind.JOBS, job)
        self.api.tell(self.store)

    def act(self, **changes: Any) -> Diagnosis | None:
        actor = Actor(cluster=self.api, store=self.store, settings=SETTINGS)
        decided = replace(self.moment.plan(), **changes)
        body = self.store.preference_job(KEY)
        assert body is not None
        return asyncio.run(actor.act(read_job(body), decided, now=NOW))

    @property
    def status(self) -> Body:
        return self.api.kept[Kind.PREFERENCE_JOBS][KEY].get("status", {})

    def jobs(self) -> list[str]:
        return [name for _namespace, name in self.api.kept[Kind.JOBS]]


def test_the_order_of_writes() -> None:
    stage = Stage(case(NEXT, OLD))
    assert stage.act() is None
    assert stage.api.calls == WHOLE
    known = stage.store.jobs(JOB["metadata"]["uid"])
    assert [job["metadata"]["name"] for job in known] == [OLD["metadata"]["name"], CHECK_NAME]


def test_events_come_last() -> None:
    done = child(JOB, CHECK, COMPLETE)
    stage = Stage(case(JOB, (done, pod(done, code=0, words=REUSED))))
    stage.act()
    assert stage.api.calls == [
        f"patch_status {MANAGER}",
        f"patch_status {PROGRESS}",
        "create_event Reused",
    ]
    assert stage.status["progress"]["percent"] == 100


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize(
    ("call", "done"), [("delete_job", 1), ("patch_status", 2), ("create_job", 3)]
)
def test_what_follows_a_failed_call_is_not_done(
    call: str, done: int, lost: bool, error: ClusterError
) -> None:
    stage = Stage(case(NEXT, OLD))
    stage.api.faults[call] = Fault(error=error, answer_lost=lost)
    if call == "create_job" and isinstance(error, Refused):
        assert stage.act() is not None
        return
    with pytest.raises(type(error)):
        stage.act()
    assert stage.api.calls == WHOLE[:done]


@pytest.mark.parametrize(
    ("standing", "reason", "followed"),
    [
        ((), "WaitingForPredecessor", 0),
        ((child(JOB, TRAIN),), None, 1),
        ((unlabelled(child(JOB, TRAIN)),), "LabelMissing", 0),
    ],
)
def test_no_training_is_made_before_a_pod_that_was_left_has_ended(
    standing: tuple[Body, ...], reason: str | None, followed: int
) -> None:
    stage = Stage(case(checked()))
    for job in standing:
        stage.api.put(Kind.JOBS, job)
    wanted = stage.moment.plan(left=("job-0-abcde",)).create
    refusal = stage.act(create=wanted)
    assert (refusal and refusal.reason) == reason
    assert not [call for call in stage.api.calls if call.startswith("create_job")]
    assert len(stage.store.jobs(JOB["metadata"]["uid"])) == followed


def test_nothing_is_made_from_an_old_version() -> None:
    stage = Stage(case(NEXT, OLD))
    stage.api.put(Kind.PREFERENCE_JOBS, edited(NEXT))
    with pytest.raises(Conflict):
        stage.act()
    assert CHECK_NAME not in stage.jobs()


def test_a_status_that_says_the_same_is_not_written() -> None:
    body = finished()
    stage = Stage(case(body))
    stage.act()
    assert stage.api.calls == []


def test_what_others_wrote_into_the_status_goes() -> None:
    body = finished()
    status = body["status"]
    run = {**status["run"], "resolved": {**status["run"]["resolved"], "sftDigest": "odd"}}
    odd = {**body, "status": {**status, "run": run, "dataset": "odd", "odd": {"a": 1}}}
    stage = Stage(case(odd))
    stage.act()
    assert stage.api.calls == [f"patch_status {MANAGER}"]
    assert stage.status.keys() == status.keys() - {"dataset"}


def test_a_job_that_stands_already_is_success() -> None:
    stage = Stage(case(JOB))
    stage.api.faults["create_job"] = Fault(error=Unavailable("lost"), answer_lost=True)
    with pytest.raises(Unavailable):
        stage.act()
    assert stage.store.jobs(JOB["metadata"]["uid"]) == ()
    assert stage.act() is None
    assert len(stage.store.jobs(JOB["metadata"]["uid"])) == 1
    assert [call.split()[0] for call in stage.api.calls[-2:]] == ["create_job", "read_job"]


OWN = child(JOB, CHECK)
OWNER = OWN["metadata"]["ownerReferences"][0]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({}, None),
        ({"labels": {}}, "LabelMissing"),
        ({"ownerReferences": []}, "NameConflict"),
        ({"ownerReferences": [{**OWNER, "uid": "first"}]}, "WaitingForPredecessor"),
    ],
)
def test_a_job_of_that_name_is_looked_at(metadata: Body, reason: str | None) -> None:
    standing = {**OWN, "metadata": {**OWN["metadata"], **metadata}}
    stage = Stage(case(JOB), standing)
    refusal = stage.act()
    assert (refusal and refusal.reason) == reason
    assert stage.jobs() == [OWN["metadata"]["name"]]


def test_a_job_that_goes_while_it_is_looked_at_is_no_news_of_the_object() -> None:
    stage = Stage(case(JOB), OWN)
    stage.api.faults["read_job"] = Fault(error=NotFound("gone"))
    with pytest.raises(Conflict, match=OWN["metadata"]["name"]):
        stage.act()


def test_a_refused_job_says_why() -> None:
    stage = Stage(case(JOB))
    stage.api.faults["create_job"] = Fault(error=Refused("no class x"))
    refusal = stage.act()
    assert refusal is not None
    assert (refusal.reason, "no class x" in refusal.message) == ("JobRefused", True)


def test_an_object_whose_time_is_over_is_deleted_as_it_was_seen() -> None:
    body = edited(finished(), ttlSecondsAfterFinished=0)
    stage = Stage(case(body))
    stage.act()
    assert stage.api.calls == ["delete_preference_job job"]
    assert stage.api.kept[Kind.PREFERENCE_JOBS] == {}


def write_progress(stage: Stage, progress: Progress | None) -> None:
    actor = Actor(cluster=stage.api, store=stage.store, settings=SETTINGS)
    body = stage.store.preference_job(KEY)
    assert body is not None
    asyncio.run(actor.write_progress(read_job(body), progress))


def test_progress_is_written_and_taken_away_beside_the_rest() -> None:
    stage = Stage(case(finished()))
    rest = stage.status
    write_progress(stage, Progress(step=3))
    assert stage.status["progress"]["step"] == 3
    write_progress(stage, None)
    assert stage.status == {name: rest[name] for name in rest.keys() - {"progress"}}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_know_are_left_out(number: float) -> None:
    stage = Stage(case(JOB))
    write_progress(stage, Progress(step=3, loss=number, reward_margin=0.5))
    assert stage.status["progress"]["rewardMargin"] == 0.5
    assert "loss" not in stage.status["progress"]


def test_an_event_names_the_object() -> None:
    body = preference_job(spec={"image": "theirs/x"})
    stage = Stage(case(body))
    stage.act()
    (event,) = stage.api.events.values()
    assert (event["type"], event["reason"]) == ("Warning", "ImageNotAllowed")
    assert event["eventTime"] == "2026-01-02T03:00:00.000000+00:00"
    regarding = event["regarding"]
    assert (regarding["namespace"], regarding["name"]) == KEY
    assert regarding["uid"] == body["metadata"]["uid"]


def test_the_written_status_is_what_was_planned() -> None:
    stage = Stage(case(JOB))
    stage.act()
    assert stage.status == written(JOB, case(JOB).plan())["status"]
