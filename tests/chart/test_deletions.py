"""What a thief of the operator's token cannot delete."""

import pytest

from account_requests import Account
from changes import Body, changed
from control_plane import MERGE_PATCH, ControlPlane
from preference_api.crd import PLURAL
from preference_api.v1alpha1 import API_VERSION
from preference_jobs import PreferenceJobs

pytestmark = pytest.mark.cluster

JOBS = "/apis/batch/v1/namespaces/team/jobs"
CRON_JOBS = "/apis/batch/v1/namespaces/team/cronjobs"


def owner(plane: ControlPlane, kind: str) -> Body:
    """A reference to an object that is there: the Jobs of others are removed at once."""
    if kind == "PreferenceJob":
        made = PreferenceJobs(plane, "team").create("owner", suspend=True)
    else:
        template = {"spec": child_of_others()["spec"]}
        spec = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": template}
        made = plane.ask("POST", CRON_JOBS, {"metadata": {"name": "owner"}, "spec": spec})
    about = {"name": "owner", "uid": made["metadata"]["uid"], "controller": True}
    return {"apiVersion": made["apiVersion"], "kind": kind, **about}


def child_of_others() -> Body:
    """A Job of somebody else."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "backup", "image": "backup"}]}
    return {"metadata": {"name": "backup"}, "spec": {"suspend": True, "template": {"spec": pod}}}


@pytest.mark.parametrize(
    ("kind", "code"), [("", 422), ("CronJob", 422), ("PreferenceJob", 200)], ids=str
)
def test_the_policy_lets_delete_a_job_of(
    plane: ControlPlane, thief: Account, kind: str, code: int
) -> None:
    owners = [owner(plane, kind)] if kind else []
    job = changed(child_of_others(), "metadata.ownerReferences", owners)
    plane.ask("POST", JOBS, job)
    status, answer = thief.request("DELETE", f"{JOBS}/backup?dryRun=All")
    plane.kubectl("delete", "job/backup", "-n", "team")
    if kind:
        plane.kubectl("delete", f"{kind.lower()}/owner", "-n", "team")
    assert status == code, answer
    assert code == 200 or "does not belong to a PreferenceJob" in answer["message"]


@pytest.mark.parametrize(
    ("spec", "succeeded", "code"),
    [
        ({"ttlSecondsAfterFinished": 60}, "True", 200),
        ({"ttlSecondsAfterFinished": 60}, "False", 200),
        ({"ttlSecondsAfterFinished": 60}, "Unknown", 422),
        ({"ttlSecondsAfterFinished": 60}, None, 422),
        ({}, "True", 422),
    ],
    ids=str,
)
def test_the_policy_lets_delete_a_preference_job(
    plane: ControlPlane, thief: Account, spec: Body, succeeded: str | None, code: int
) -> None:
    jobs = PreferenceJobs(plane, "team")
    jobs.create("over", **spec)
    path = f"/apis/{API_VERSION}/namespaces/team/{PLURAL}/over"
    if succeeded is not None:
        condition = {
            "type": "Succeeded",
            "status": succeeded,
            "reason": "Told",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        status = {"status": {"conditions": [condition]}}
        plane.ask("PATCH", f"{path}/status", status, content_type=MERGE_PATCH)
    got, answer = thief.request("DELETE", f"{path}?dryRun=All")
    jobs.delete("over")
    assert got == code, answer
    assert code == 200 or "one that is over" in answer["message"]
