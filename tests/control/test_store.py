"""What the operator knows of the cluster."""

from collections.abc import Callable

import pytest

from operator_builders import CHECK, TRAIN, child, pod, preference_job
from preference_operator.bodies import Body, Kind
from preference_operator.store import Store

JOB = preference_job()
TRAINING = child(JOB, TRAIN)
POD = pod(TRAINING)
KEY = ("team", "job")
UID, TRAINING_UID = JOB["metadata"]["uid"], TRAINING["metadata"]["uid"]


def changed(body: Body, **metadata: object) -> Body:
    return {**body, "metadata": {**body["metadata"], **metadata}}


def full() -> Store:
    store = Store()
    for kind, body in ((Kind.PREFERENCE_JOBS, JOB), (Kind.JOBS, TRAINING), (Kind.PODS, POD)):
        assert store.put(kind, body)
    return store


SECOND = changed(JOB, uid="second", resourceVersion="9")
PENDING = {**changed(POD, resourceVersion="9"), "status": {"phase": "Pending"}}


def names(bodies: tuple[Body, ...]) -> list[str]:
    return [body["metadata"]["name"] for body in bodies]


def test_who_belongs_to_whom() -> None:
    store = full()
    found = store.preference_job(KEY)
    assert found is not None
    assert found["metadata"]["uid"] == UID
    assert names(store.jobs(UID)) == [TRAINING["metadata"]["name"]]
    assert names(store.pods(store.jobs(UID))) == [POD["metadata"]["name"]]
    assert store.all_keys() == [KEY]


@pytest.mark.parametrize(
    ("version", "taken"), [("4", False), ("5", False), ("6", True), ("10", True)]
)
def test_only_what_is_newer_is_taken(version: str, taken: bool) -> None:
    store = full()
    assert store.put(Kind.JOBS, changed(TRAINING, resourceVersion=version)) is taken
    uid = TRAINING["metadata"]["uid"]
    assert store.version(Kind.JOBS, uid) == (int(version) if taken else 5)


def test_versions_are_numbers() -> None:
    store = Store()
    store.put(Kind.JOBS, changed(TRAINING, resourceVersion="9"))
    assert store.put(Kind.JOBS, changed(TRAINING, resourceVersion="10"))


@pytest.mark.parametrize(
    ("kind", "body"),
    [(Kind.PREFERENCE_JOBS, JOB), (Kind.JOBS, TRAINING), (Kind.PODS, POD)],
)
def test_what_is_dropped_is_unknown(kind: Kind, body: Body) -> None:
    store, uid = full(), body["metadata"]["uid"]
    assert store.drop(kind, uid) == KEY
    assert uid not in store.uids(kind)
    assert store.version(kind, uid) == 0
    assert store.drop(kind, uid) is None
    assert (store.preference_job(KEY) is None) is (kind is Kind.PREFERENCE_JOBS)
    assert len(store.jobs(UID)) == (0 if kind is Kind.JOBS else 1)
    assert len(store.pods([TRAINING])) == (0 if kind is Kind.PODS else 1)


def test_children_of_an_object_made_again_are_not_those_of_the_first() -> None:
    store = full()
    store.put(Kind.PREFERENCE_JOBS, changed(JOB, uid="second", resourceVersion="9"))
    found = store.preference_job(KEY)
    assert found is not None
    assert found["metadata"]["uid"] == "second"
    assert store.jobs("second") == ()
    store.drop(Kind.PREFERENCE_JOBS, UID)
    assert store.preference_job(KEY) == found


def test_a_late_answer_does_not_take_the_name_of_the_second_object() -> None:
    store = Store()
    store.put(Kind.PREFERENCE_JOBS, changed(JOB, uid="second", resourceVersion="9"))
    store.put(Kind.PREFERENCE_JOBS, changed(JOB, resourceVersion="8"))
    found = store.preference_job(KEY)
    assert found is not None
    assert found["metadata"]["uid"] == "second"
    store.drop(Kind.PREFERENCE_JOBS, UID)
    assert store.preference_job(KEY) == found


@pytest.mark.parametrize(("version", "taken"), [("8", False), ("9", False), ("10", True)])
def test_what_went_comes_back_only_with_newer_news(version: str, taken: bool) -> None:
    store, uid = full(), TRAINING["metadata"]["uid"]
    store.drop(Kind.JOBS, uid, version=9)
    assert store.put(Kind.JOBS, changed(TRAINING, resourceVersion=version)) is taken
    assert (len(store.jobs(UID)) == 1) is taken


def test_what_went_unnoticed_comes_back_only_with_newer_news() -> None:
    store, uid = full(), TRAINING["metadata"]["uid"]
    store.drop(Kind.JOBS, uid)
    assert not store.put(Kind.JOBS, TRAINING)
    assert store.put(Kind.JOBS, changed(TRAINING, resourceVersion="6"))


def owned_by(**owner: object) -> Body:
    reference = {"apiVersion": "preference.dev/v1alpha1", "kind": "PreferenceJob", "name": "job"}
    return changed(TRAINING, ownerReferences=[{**reference, "uid": UID, **owner}])


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (owned_by(controller=True), KEY),
        (owned_by(controller=False), None),
        (owned_by(controller=True, kind="CronJob"), None),
        (owned_by(controller=True, apiVersion="batch/v1"), None),
        (changed(TRAINING, ownerReferences=None), None),
    ],
)
def test_only_a_controller_owns(body: Body, key: tuple[str, str] | None) -> None:
    assert Store().key_of(Kind.JOBS, body) == key


def test_a_pod_of_an_unknown_job_belongs_to_nobody_yet() -> None:
    store = Store()
    store.put(Kind.PODS, POD)
    assert store.key_of(Kind.PODS, POD) is None
    store.put(Kind.JOBS, TRAINING)
    assert store.key_of(Kind.PODS, POD) == KEY
    assert names(store.pods([TRAINING])) == [POD["metadata"]["name"]]


def test_several_children() -> None:
    store = full()
    store.put(Kind.JOBS, child(JOB, CHECK))
    assert len(store.jobs(UID)) == 2


def test_what_is_never_read_is_not_kept() -> None:
    store = Store()
    store.put(Kind.JOBS, changed(TRAINING, managedFields=[{"manager": "x"}]))
    kept = store.jobs(UID)[0]
    assert kept["spec"] == {"suspend": False}
    assert "managedFields" not in kept["metadata"]


@pytest.mark.parametrize(
    ("change", "runs"),
    [
        (lambda store: None, True),
        (lambda store: store.put(Kind.PODS, PENDING), False),
        (lambda store: store.drop(Kind.JOBS, TRAINING_UID), False),
        (lambda store: store.put(Kind.PREFERENCE_JOBS, SECOND), False),
    ],
)
def test_the_pods_that_run_are_found(change: Callable[[Store], object], runs: bool) -> None:
    store = full()
    change(store)
    found = [(key, pod["metadata"]["uid"]) for key, pod in store.running_pods()]
    assert found == ([(KEY, POD["metadata"]["uid"])] if runs else [])


JOB_NAME = TRAINING["metadata"]["name"]
NAMED = changed(POD, labels={"batch.kubernetes.io/job-name": JOB_NAME})


@pytest.mark.parametrize(
    ("gone", "name", "phase", "left"),
    [
        (True, JOB_NAME, "Running", True),
        (True, JOB_NAME, "Pending", True),
        (True, JOB_NAME, "Succeeded", False),
        (True, JOB_NAME, "Failed", False),
        (True, "another", "Running", False),
        (False, JOB_NAME, "Running", False),
    ],
)
def test_pods_that_outlive_their_job(gone: bool, name: str, phase: str, left: bool) -> None:
    store = full()
    body = {**changed(NAMED, resourceVersion="9"), "status": {"phase": phase}}
    store.put(Kind.PODS, body)
    if gone:
        store.drop(Kind.JOBS, TRAINING_UID)
    assert store.left_pods(UID, ("team", name)) == ((POD["metadata"]["name"],) if left else ())
    assert store.left_pods(UID, ("another", name)) == ()
    assert store.key_of(Kind.PODS, body) == KEY


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ({"run": {"id": "run-1"}}, True),
        ({"run": {"id": "run-11"}}, False),
        ({"run": {}}, False),
        ({"run": 7}, False),
        ("garbage", False),
        (None, False),
    ],
)
def test_objects_are_found_by_their_run(status: object, found: bool) -> None:
    store = Store()
    assert store.put(Kind.PREFERENCE_JOBS, preference_job(status=status))
    assert len(store.preference_jobs_at("run-1")) == found


@pytest.mark.parametrize(("version", "known"), [(4, True), (5, True), (6, False)])
@pytest.mark.parametrize("gone", [True, False])
def test_what_is_known(version: int, known: bool, gone: bool) -> None:
    store = full()
    if gone:
        store.drop(Kind.JOBS, TRAINING_UID)
    assert store.knows(Kind.JOBS, TRAINING_UID, version) is known
    assert not store.knows(Kind.JOBS, "other", version)


def test_what_loses_its_owner_belongs_to_nobody() -> None:
    store = full()
    store.put(Kind.JOBS, changed(TRAINING, ownerReferences=[], resourceVersion="6"))
    assert store.jobs(UID) == ()


def test_an_object_goes_on_to_another_run_and_leaves_it_at_last() -> None:
    store = Store()
    for version, run in (("1", "run-1"), ("2", "run-2")):
        body = preference_job(status={"run": {"id": run}}, resourceVersion=version)
        store.put(Kind.PREFERENCE_JOBS, body)
    assert store.preference_jobs_at("run-1") == ()
    assert len(store.preference_jobs_at("run-2")) == 1
    store.put(Kind.PREFERENCE_JOBS, SECOND)
    assert store.preference_jobs_at("run-2") == ()
    store.drop(Kind.PREFERENCE_JOBS, "second")
    store.drop(Kind.PREFERENCE_JOBS, UID)
    assert store.preference_jobs_at("run-2") == ()
