"""PreferenceJobs as the tests make and read them, and what the control plane does with them."""

from typing import Any

import pytest

from awaiting import until
from control_plane import MERGE_PATCH, ControlPlane
from preference_api.v1alpha1 import PreferenceJob
from preference_api.wire import JOB_UID_LABEL, STAGE_LABEL
from preference_jobs import PreferenceJobs, manifest

pytestmark = pytest.mark.cluster


@pytest.fixture
def jobs(control: ControlPlane, namespace: str) -> PreferenceJobs:
    return PreferenceJobs(control, namespace)


def child(job: dict[str, Any], stage: str) -> dict[str, Any]:
    """A child Job as the operator labels and owns it; suspended, since nothing has to run."""
    owner = {name: job[name] for name in ("apiVersion", "kind")}
    owner |= {name: job["metadata"][name] for name in ("name", "uid")}
    container = {"name": "trainer", "image": "trainer"}
    return {
        "metadata": {
            "name": f"{job['metadata']['name']}-{stage}",
            "labels": {JOB_UID_LABEL: job["metadata"]["uid"], STAGE_LABEL: stage},
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": {
            "suspend": True,
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    }


def test_the_smallest_manifest_is_valid_in_itself() -> None:
    assert PreferenceJob.model_validate(manifest()).spec.method == "DPO"


def test_a_job_is_made_read_changed_and_deleted(jobs: PreferenceJobs) -> None:
    created = jobs.create("tone", labels={"team": "a"}, resources={"gpus": 0}, suspend=True)
    assert created["metadata"]["labels"] == {"team": "a"}
    assert jobs.get("tone")["spec"]["suspend"] is True
    edited = jobs.edit("tone", suspend=False)
    assert edited["metadata"]["generation"] == created["metadata"]["generation"] + 1
    jobs.delete("tone")
    until(lambda: not jobs.exists("tone"))


def test_conditions_are_read_by_type(jobs: PreferenceJobs) -> None:
    jobs.create()
    assert jobs.condition("Ready") is None
    assert not jobs.is_true("Ready")
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Trained",
        "lastTransitionTime": "2026-01-31T10:00:00Z",
    }
    jobs.plane.ask(
        "PATCH",
        f"/apis/preference.dev/v1alpha1/namespaces/{jobs.namespace}/preferencejobs/tone/status",
        {"status": {"conditions": [condition]}},
        content_type=MERGE_PATCH,
    )
    assert jobs.is_true("Ready")


def test_children_are_found_by_their_owner_and_go_with_it(jobs: PreferenceJobs) -> None:
    job, other = jobs.create("tone"), jobs.create("other")
    path = f"/apis/batch/v1/namespaces/{jobs.namespace}/jobs"
    for owner, stage in ((job, "check"), (job, "train"), (other, "check")):
        jobs.plane.ask("POST", path, child(owner, stage))
    assert names(jobs.children(job)) == {"tone-check", "tone-train"}
    assert names(jobs.children(job, stage="train")) == {"tone-train"}
    jobs.delete("tone")
    until(lambda: jobs.children(job) == [])
    assert names(jobs.children(other)) == {"other-check"}


def names(found: list[dict[str, Any]]) -> set[str]:
    return {str(one["metadata"]["name"]) for one in found}
