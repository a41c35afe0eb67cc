"""Calls to a real API server, and what its refusals become."""

from typing import Any

import pytest

from cluster_calls import asked, new_namespace
from control_plane import ControlPlane
from preference_jobs import PreferenceJobs
from preference_operator import cluster as cluster_module
from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import AlreadyExists, ClusterError, Conflict, NotLeading

pytestmark = pytest.mark.cluster


@pytest.fixture
def namespace(api_server: ControlPlane) -> str:
    return new_namespace(api_server)


def job(namespace: str, name: str = "child", **metadata: Any) -> dict[str, Any]:
    container = {"name": "trainer", "image": "trainer"}
    return {
        "metadata": {"namespace": namespace, "name": name, **metadata},
        "spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}},
    }


def event(namespace: str, name: str, uid: str) -> dict[str, Any]:
    regarding = {"kind": "PreferenceJob", "namespace": namespace, "name": "job", "uid": uid}
    return {
        "metadata": {"namespace": namespace, "name": name},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "preference.dev/operator",
        "reportingInstance": "operator-0",
        "action": "Train",
        "reason": "Started",
        "type": "Normal",
        "regarding": regarding,
    }


def test_a_job_is_made_once(api_server: ControlPlane, namespace: str) -> None:
    async def twice(cluster: Cluster) -> tuple[str, str]:
        first = await cluster.create_job(job(namespace))
        with pytest.raises(AlreadyExists, match='"child" already exists') as refusal:
            await cluster.create_job(job(namespace))
        assert refusal.value.reason == "AlreadyExists"
        return first["metadata"]["uid"], (await cluster.read_job(namespace, "child"))["metadata"][
            "uid"
        ]

    first, read = asked(api_server, twice)
    assert first == read


def test_a_job_is_deleted_with_its_pods_first(api_server: ControlPlane, namespace: str) -> None:
    async def delete(cluster: Cluster) -> dict[str, Any]:
        uid = (await cluster.create_job(job(namespace)))["metadata"]["uid"]
        await cluster.delete_job(namespace, "child", uid=uid)
        return await cluster.read_job(namespace, "child")

    assert "foregroundDeletion" in asked(api_server, delete)["metadata"]["finalizers"]


@pytest.mark.parametrize("name", ["child", "nobody"])
def test_a_job_that_is_another_or_gone_is_left(
    api_server: ControlPlane, namespace: str, name: str
) -> None:
    async def delete(cluster: Cluster) -> dict[str, Any]:
        await cluster.create_job(job(namespace))
        await cluster.delete_job(namespace, name, uid="another")
        return await cluster.read_job(namespace, "child")

    assert "deletionTimestamp" not in asked(api_server, delete)["metadata"]


@pytest.mark.parametrize(
    ("stale", "error"),
    [({"uid": "another"}, Conflict), ({"resource_version": "1"}, Conflict), ({}, None)],
)
def test_a_preference_job_is_deleted_as_it_was_seen(
    api_server: ControlPlane,
    namespace: str,
    stale: dict[str, str],
    error: type[ClusterError] | None,
) -> None:
    jobs = PreferenceJobs(api_server, namespace)
    metadata = jobs.create("job")["metadata"]
    seen = {"uid": metadata["uid"], "resource_version": metadata["resourceVersion"], **stale}

    async def delete(cluster: Cluster) -> None:
        await cluster.delete_preference_job(namespace, "job", **seen)

    if error is not None:
        with pytest.raises(error):
            asked(api_server, delete)
    else:
        asked(api_server, delete)
        asked(api_server, delete)
    assert jobs.exists("job") is (error is not None)


def test_events_of_one_object(api_server: ControlPlane, namespace: str) -> None:
    async def post(cluster: Cluster) -> list[dict[str, Any]]:
        for name, uid in (("first", "u-1"), ("first", "u-1"), ("second", "u-2")):
            await cluster.create_event(event(namespace, name, uid))
        return await cluster.list_events(namespace, regarding_uid="u-1")

    assert [found["metadata"]["name"] for found in asked(api_server, post)] == ["first"]


def test_events_of_a_workload(api_server: ControlPlane, namespace: str) -> None:
    async def post(cluster: Cluster) -> list[dict[str, Any]]:
        for name, kind in (("job-a", "Workload"), ("job-a", "Job"), ("job-b", "Workload")):
            body = event(namespace, f"{name}.{kind.lower()}", "u-1")
            body["regarding"] |= {"kind": kind, "name": name}
            await cluster.create_event(body)
        return await cluster.list_workload_events(namespace, "job-a")

    found = asked(api_server, post)
    assert [one["metadata"]["name"] for one in found] == ["job-a.workload"]


def test_lists_go_over_several_answers(
    api_server: ControlPlane, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "PAGE_OBJECTS", 2)

    async def listed(cluster: Cluster) -> list[tuple[str, str]]:
        for number in range(5):
            labels = {"preference.dev/stage": "check" if number == 4 else "train"}
            await cluster.create_job(job(namespace, f"child-{number}", labels=labels))
        version, found = await cluster.list_metadata(
            "jobs", namespace, "preference.dev/stage in (train, other)"
        )
        assert int(version) > 0
        everywhere = await cluster.list_metadata("jobs", None, "")
        assert set(found) < set(everywhere[1])
        return [(reference.namespace, reference.name) for reference in found]

    assert asked(api_server, listed) == [(namespace, f"child-{number}") for number in range(4)]


def test_a_guard_keeps_writes_back_and_lets_leases_and_reads_pass(
    api_server: ControlPlane, namespace: str
) -> None:
    jobs = PreferenceJobs(api_server, namespace)
    uid = jobs.create("job")["metadata"]["uid"]

    def not_leading() -> None:
        raise NotLeading("the lease is not certainly held")

    async def try_all(cluster: Cluster) -> None:
        guarded = cluster.guarded(not_leading)
        lease = {"metadata": {"namespace": namespace, "name": "lease"}, "spec": {}}
        lease = await guarded.create_lease(lease, seconds=5)
        await guarded.replace_lease(lease, seconds=5)
        for write in (
            guarded.create_job(job(namespace)),
            guarded.delete_job(namespace, "child", uid=uid),
            guarded.create_event(event(namespace, "first", uid)),
            guarded.delete_preference_job(namespace, "job", uid=uid, resource_version="1"),
            guarded.patch_status(namespace, "job", resource_version="1", changes={}, manager="us"),
        ):
            with pytest.raises(NotLeading):
                await write
        assert (await guarded.list_metadata("jobs", namespace, ""))[1] == []
        assert await guarded.list_events(namespace, regarding_uid=uid) == []

    asked(api_server, try_all)
    assert jobs.exists("job")
