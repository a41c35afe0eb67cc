"""The status of a PreferenceJob, written to a real API server."""

from collections.abc import Awaitable
from typing import Any

import pytest

from cluster_calls import asked, new_namespace
from control_plane import MERGE_PATCH, ControlPlane
from preference_jobs import PreferenceJobs
from preference_operator.cluster import Cluster
from preference_operator.cluster_errors import Conflict, NotFound, Refused

pytestmark = pytest.mark.cluster


@pytest.fixture
def jobs(api_server: ControlPlane) -> PreferenceJobs:
    return PreferenceJobs(api_server, new_namespace(api_server))


@pytest.fixture
def made(jobs: PreferenceJobs) -> dict[str, Any]:
    return jobs.create("job")


def status_of(cluster: Cluster, made: dict[str, Any], **changes: Any) -> Awaitable[dict[str, Any]]:
    metadata = made["metadata"]
    options = {
        "resource_version": metadata["resourceVersion"],
        "manager": "operator",
        "changes": {"observedGeneration": 1, "state": "Running"},
    }
    return cluster.patch_status(metadata["namespace"], metadata["name"], **{**options, **changes})


def test_managers_write_their_own_part_of_the_status(
    api_server: ControlPlane, made: dict[str, Any]
) -> None:
    async def both(cluster: Cluster) -> dict[str, Any]:
        seen = await status_of(cluster, made)
        progress = {"progress": {"stage": "Train", "step": 3}}
        return await status_of(cluster, seen, manager="progress", changes=progress)

    answer = asked(api_server, both)
    assert answer["status"]["state"] == "Running"
    assert answer["status"]["progress"]["step"] == 3
    assert (answer["spec"], answer["metadata"]["generation"]) == (made["spec"], 1)


@pytest.mark.parametrize("manager", ["operator", "progress"])
def test_a_status_is_written_to_the_version_it_was_made_for(
    api_server: ControlPlane, made: dict[str, Any], manager: str
) -> None:
    async def stale(cluster: Cluster) -> None:
        answer = await status_of(cluster, made)
        assert answer["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]
        with pytest.raises(Conflict) as refusal:
            await status_of(cluster, made, manager=manager, changes={"state": "Stale"})
        assert refusal.value.reason == "Conflict"

    asked(api_server, stale)


def test_what_others_wrote_is_changed_and_taken_away(
    api_server: ControlPlane, jobs: PreferenceJobs, made: dict[str, Any]
) -> None:
    condition = {"status": "True", "reason": "Odd", "lastTransitionTime": "2026-01-31T10:00:00Z"}
    conditions = [{"type": kind, **condition} for kind in ("Ready", "Stalled")]
    run = {"number": 1, "specHash": "h", "stage": "Done", "completionTime": "2026-01-31T10:00:00Z"}
    path = f"/apis/preference.dev/v1alpha1/namespaces/{jobs.namespace}/preferencejobs/job/status"
    odd = api_server.ask(
        "PATCH",
        path,
        {"status": {"conditions": conditions, "run": run, "state": "Odd"}},
        content_type=MERGE_PATCH,
    )

    async def write(cluster: Cluster) -> dict[str, Any]:
        changes = {"conditions": conditions[:1], "run": {"completionTime": None}, "state": None}
        return await status_of(cluster, odd, changes=changes)

    status = asked(api_server, write)["status"]
    assert [one["type"] for one in status["conditions"]] == ["Ready"]
    assert status["run"] == {"number": 1, "specHash": "h", "stage": "Done"}
    assert "state" not in status


def test_a_status_never_reaches_a_later_object_of_that_name(
    api_server: ControlPlane, jobs: PreferenceJobs, made: dict[str, Any]
) -> None:
    jobs.delete("job")
    jobs.create("job")

    async def write(cluster: Cluster) -> None:
        with pytest.raises(Conflict):
            await status_of(cluster, made)

    asked(api_server, write)
    assert "state" not in jobs.get("job")["status"]


def test_a_status_that_breaks_the_schema(api_server: ControlPlane, made: dict[str, Any]) -> None:
    run = {"id": "r", "number": 0, "stage": "Train"}

    async def write(cluster: Cluster) -> None:
        with pytest.raises(Refused, match=r"status\.run\.number") as refusal:
            await status_of(cluster, made, changes={"run": run})
        assert refusal.value.reason == "Invalid"

    asked(api_server, write)


def test_a_status_makes_no_object(api_server: ControlPlane, made: dict[str, Any]) -> None:
    metadata = {**made["metadata"], "name": "nobody"}

    async def write(cluster: Cluster) -> None:
        with pytest.raises(NotFound, match='"nobody" not found'):
            await status_of(cluster, {"metadata": metadata})

    asked(api_server, write)
