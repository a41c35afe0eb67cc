"""What the real Job controller makes of pods whose states the tests set.

The operator's design stands on these facts (KEP-3329 pod failure policy, KEP-3850 back-off per
index, KEP-3939 pod replacement policy).
"""

from typing import Any

import pytest

from awaiting import until
from control_plane import ControlPlane
from pods import Kubelet
from preference_api.wire import ExitCode, TerminationMessage

pytestmark = pytest.mark.cluster

JOB = "train"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
RULES = [
    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
    {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [75]}},
    {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [2, 3, 4, 6]}},
]


@pytest.fixture
def kubelet(control: ControlPlane, namespace: str) -> Kubelet:
    return Kubelet(control, namespace)


def path(kubelet: Kubelet, name: str = "") -> str:
    return f"/apis/batch/v1/namespaces/{kubelet.namespace}/jobs/{name}".rstrip("/")


def manifest(*, failures: int = 1) -> dict[str, Any]:
    container = {"name": "trainer", "image": "trainer"}
    spec = {
        "completionMode": "Indexed",
        "completions": 1,
        "backoffLimitPerIndex": failures,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": RULES},
        "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
    }
    return {"metadata": {"name": JOB}, "spec": spec}


def create(kubelet: Kubelet, **fields: int) -> None:
    kubelet.plane.ask("POST", path(kubelet), manifest(**fields))


def job(kubelet: Kubelet) -> dict[str, Any]:
    body: dict[str, Any] = kubelet.plane.ask("GET", path(kubelet, JOB))
    return body


def ended(kubelet: Kubelet, kind: str) -> dict[str, Any]:
    """The condition with which the Job ended."""

    def conditions() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = job(kubelet)["status"].get("conditions", [])
        return [condition for condition in found if condition["type"] == kind]

    until(lambda: bool(conditions()))
    return conditions()[0]


def counts(pod: dict[str, Any]) -> tuple[str | None, str | None]:
    annotations = pod["metadata"]["annotations"]
    return annotations.get(FAILURES), annotations.get(IGNORED)


def attempt(kubelet: Kubelet, exit_code: int) -> tuple[str | None, str | None]:
    """Run the next attempt until it ends so; the counts that it was given."""
    pod = kubelet.await_pod(JOB)
    kubelet.run(pod)
    kubelet.finish(pod, exit_code)
    return counts(pod)


def test_attempts_before_a_pod_are_counted_on_it_by_kind(kubelet: Kubelet) -> None:
    create(kubelet, failures=2)
    seen = [attempt(kubelet, exit_code) for exit_code in (75, 1, 75, 137, 1)]
    assert seen == [("0", None), ("0", "1"), ("1", "1"), ("1", "2"), ("2", "2")]
    assert ended(kubelet, "Failed")["reason"] == "FailedIndexes"
    assert job(kubelet)["status"]["failed"] == 3


def test_a_fault_of_the_users_fails_the_job_at_once(kubelet: Kubelet) -> None:
    create(kubelet)
    attempt(kubelet, ExitCode.BAD_CONFIGURATION)
    condition = ended(kubelet, "Failed")
    assert condition["reason"] == "PodFailurePolicy"
    assert "exit code 2 matching FailJob rule" in condition["message"]
    assert len(kubelet.pods(JOB)) == 1


def test_a_pod_that_ends_well_completes_the_job(kubelet: Kubelet) -> None:
    create(kubelet)
    attempt(kubelet, 0)
    assert ended(kubelet, "Complete")["status"] == "True"


def test_an_eviction_is_ignored_and_counted_though_the_pod_goes(kubelet: Kubelet) -> None:
    create(kubelet)
    pod = kubelet.await_pod(JOB)
    kubelet.run(pod)
    kubelet.evict(pod)
    until(lambda: job(kubelet)["status"].get("terminating") == 1)
    kubelet.finish(pod, 1)
    kubelet.remove(pod)
    replacement = kubelet.await_pod(JOB)
    assert counts(replacement) == ("0", "1")
    until(lambda: kubelet.pods(JOB) == [replacement])


def test_a_pod_is_replaced_only_once_it_has_ended(kubelet: Kubelet) -> None:
    create(kubelet)
    pod = kubelet.await_pod(JOB)
    kubelet.run(pod)
    kubelet.delete(pod)
    until(lambda: job(kubelet)["status"].get("terminating") == 1)
    assert job(kubelet)["status"].get("active", 0) == 0
    assert len(kubelet.pods(JOB)) == 1
    kubelet.finish(pod, 137)
    assert counts(kubelet.await_pod(JOB)) == ("1", None)


def test_a_pod_that_its_node_gives_up_is_ignored(kubelet: Kubelet) -> None:
    create(kubelet)
    pod = kubelet.await_pod(JOB)
    kubelet.run(pod)
    kubelet.finish(pod, 137, disrupted="TerminationByKubelet")
    assert counts(kubelet.await_pod(JOB)) == ("0", "1")


def test_a_job_deleted_in_the_foreground_stays_until_its_pods_are_gone(kubelet: Kubelet) -> None:
    create(kubelet)
    pod = kubelet.await_pod(JOB)
    kubelet.run(pod)
    kubelet.plane.ask("DELETE", path(kubelet, JOB), {"propagationPolicy": "Foreground"})
    until(lambda: "deletionTimestamp" in kubelet.pods(JOB)[0]["metadata"])
    assert "deletionTimestamp" in job(kubelet)["metadata"]
    status, refusal = kubelet.plane.request("POST", path(kubelet), manifest())
    assert (status, refusal["reason"]) == (409, "AlreadyExists")
    kubelet.finish(pod, ExitCode.STOPPED_EARLY)
    kubelet.remove(pod)
    until(lambda: kubelet.plane.request("GET", path(kubelet, JOB))[0] == 404)
    assert kubelet.pods(JOB) == []


def test_while_the_controller_backs_off_only_the_pod_tells_of_its_failure(kubelet: Kubelet) -> None:
    create(kubelet)
    pod = kubelet.await_pod(JOB)
    kubelet.run(pod)
    kubelet.finish(pod, 1, back_off=True)
    until(lambda: "active" not in job(kubelet)["status"])
    assert "failed" not in job(kubelet)["status"]
    assert [pod["status"]["phase"] for pod in kubelet.pods(JOB)] == ["Failed"]


@pytest.mark.parametrize("state", ["waits for its image", "waits for a secret", "has no node"])
def test_a_pod_that_cannot_start_keeps_the_job_waiting(kubelet: Kubelet, state: str) -> None:
    create(kubelet)
    pod = kubelet.await_pod(JOB)
    match state:
        case "waits for its image":
            kubelet.image_pull_back_off(pod)
        case "waits for a secret":
            kubelet.secret_missing(pod, "bucket")
        case _:
            kubelet.unschedulable(pod, "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.")
    (told,) = kubelet.pods(JOB)
    assert told["status"]["phase"] == "Pending"
    assert any(word in str(told["status"]) for word in ("Back-off", "bucket", "Insufficient"))
    assert job(kubelet)["status"]["active"] == 1


def test_the_last_word_of_a_container_is_kept(kubelet: Kubelet) -> None:
    create(kubelet)
    pod = kubelet.await_pod(JOB)
    kubelet.run(pod)
    word = TerminationMessage(exit_code=3, reason="BadData", message="row 7 is empty")
    kubelet.finish(pod, 3, message=word)
    (container,) = kubelet.pods(JOB)[0]["status"]["containerStatuses"]
    told = container["state"]["terminated"]["message"]
    assert TerminationMessage.model_validate_json(told) == word


def test_a_container_killed_for_memory_says_so_and_counts(kubelet: Kubelet) -> None:
    create(kubelet)
    pod = kubelet.await_pod(JOB)
    kubelet.run(pod)
    kubelet.run_out_of_memory(pod)
    assert counts(kubelet.await_pod(JOB)) == ("1", None)
    first = next(p for p in kubelet.pods(JOB) if p["metadata"]["name"] == pod["metadata"]["name"])
    (container,) = first["status"]["containerStatuses"]
    assert container["state"]["terminated"]["reason"] == "OOMKilled"
