"""Verdicts and endings, compared with what the real Job controller makes of the same pods.

There is no kubelet: a test gives pods the state in which a kubelet would have reported them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import control_plane
from awaiting import until
from control_plane import MERGE_PATCH, ControlPlane
from diagnose_cases import ENDED
from operator_builders import CHECK, child, preference_job
from plane_objects import make, make_namespace
from pod_states import Body
from preference_operator.diagnose import Ending, Reason, Verdict, ended, job_failed
from preference_operator.diagnose.failures import AGAIN

pytestmark = pytest.mark.cluster

JOBS = "/apis/batch/v1/namespaces/ended/jobs"
PODS = "/api/v1/namespaces/ended/pods"
IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
# The controller waits for the end of the pod, not only of its container.
CASES = {case: body for case, (_, _, body) in ENDED.items() if body["status"]["phase"] != "Running"}
NAMES: Mapping[str, str] = {case: f"case-{number}" for number, case in enumerate(CASES)}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane on which a pod has ended in every way, each for a Job of its own."""
    folder = tmp_path_factory.mktemp("control-plane")
    with control_plane.running(folder, controller_manager=True) as plane:
        make_namespace(plane, "ended")
        for name in NAMES.values():
            make(plane, JOBS, name, spec=_child_spec())
        make(plane, JOBS, "late", spec=_child_spec(activeDeadlineSeconds=1))
        until(lambda: len(plane.ask("GET", PODS)["items"]) >= len(NAMES))
        for case, name in NAMES.items():
            until(lambda name=name: len(_pods(plane, name)) == 1)
            pod = _pods(plane, name)[0]["metadata"]["name"]
            status = {"status": CASES[case]["status"]}
            plane.ask("PATCH", f"{PODS}/{pod}/status", status, content_type=MERGE_PATCH)
        yield plane


def _child_spec(**spec: Any) -> Body:
    """The spec of a check Job, as the operator makes it, that is tried once."""
    body = preference_job(spec={"restarts": {"failures": 0}, **spec})
    return dict(child(body, CHECK)["spec"])


def _pods(plane: ControlPlane, job: str) -> list[Body]:
    selector = f"labelSelector=batch.kubernetes.io/job-name={job}"
    return list(plane.ask("GET", f"{PODS}?{selector}")["items"])


def _controllers_verdict(plane: ControlPlane, name: str) -> Verdict | None:
    conditions = plane.ask("GET", f"{JOBS}/{name}")["status"].get("conditions", [])
    reasons = {one["type"]: one["reason"] for one in conditions}
    if "Complete" in reasons:
        return Verdict.DONE
    if "Failed" in reasons:
        refused = reasons["Failed"] == "PodFailurePolicy"
        return Verdict.REFUSED if refused else Verdict.FAILED
    ignored = [pod["metadata"]["annotations"].get(IGNORED) for pod in _pods(plane, name)]
    return Verdict.PREEMPTED if "1" in ignored else None


def _ending(plane: ControlPlane, name: str) -> Ending:
    ends = [end for pod in _pods(plane, name) if (end := ended(pod)) is not None]
    assert len(ends) == 1
    return ends[0]


@pytest.mark.parametrize("case", CASES)
def test_the_controller_decides_the_same(plane: ControlPlane, case: str) -> None:
    name, (verdict, reason, _body) = NAMES[case], ENDED[case]
    until(lambda: _controllers_verdict(plane, name) is not None)
    end = _ending(plane, name)
    assert _controllers_verdict(plane, name) == end.verdict == verdict
    assert (end.diagnosis and end.diagnosis.reason) == reason


def test_job_that_failed_too_often(plane: ControlPlane) -> None:
    name = NAMES["out of memory"]
    until(lambda: _controllers_verdict(plane, name) is Verdict.FAILED)
    found = job_failed(plane.ask("GET", f"{JOBS}/{name}"), _ending(plane, name))
    assert found.reason == Reason.BACKOFF_LIMIT_EXCEEDED
    assert found.message.startswith("1 failed attempt, the last one OOMKilled: the trainer in pod ")
    assert found.message.endswith("needed more than its memory limit of 2Gi")
    assert found.remedy.endswith(AGAIN)


@pytest.mark.parametrize("with_pod", [True, False])
def test_job_that_was_refused(plane: ControlPlane, with_pod: bool) -> None:
    name = NAMES["data"]
    until(lambda: _controllers_verdict(plane, name) is Verdict.REFUSED)
    end = _ending(plane, name) if with_pod else None
    found = job_failed(plane.ask("GET", f"{JOBS}/{name}"), end)
    assert found.reason == Reason.BAD_DATA
    assert "exit code 3" in found.message


def test_job_that_took_too_long(plane: ControlPlane) -> None:
    until(lambda: _controllers_verdict(plane, "late") is Verdict.FAILED)
    found = job_failed(plane.ask("GET", f"{JOBS}/late"), None)
    assert found.reason == Reason.DEADLINE_EXCEEDED
