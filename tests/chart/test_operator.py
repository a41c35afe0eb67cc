"""The operator itself, with the settings, rights and bounds that the chart gives it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import operator_process
from awaiting import until
from control_plane import ControlPlane
from helm_chart import ACCOUNT, NAMESPACE, USER, Release, documents, environment, only
from preference_api.crd import NAME, PLURAL
from preference_api.v1alpha1 import API_VERSION
from preference_jobs import PreferenceJobs
from preference_operator.settings import KUBECONFIG_VARIABLE, PREFIX

pytestmark = pytest.mark.cluster

VALUES = {"watchNamespaces": ["team"], "policy": {"endpoints": ["https://s3.example.com"]}}
OBJECTS = documents(VALUES)


@pytest.fixture(scope="module")
def kubeconfig(plane: ControlPlane) -> Iterator[Path]:
    """The way of the account of an installed release to the API server."""
    release = Release(plane, VALUES)
    release.install()
    until(lambda: plane.request("GET", f"/apis/{API_VERSION}/{PLURAL}")[0] == 200)
    yield plane.account_kubeconfig(NAMESPACE, ACCOUNT)
    release.uninstall()
    plane.kubectl("delete", "crd", NAME)


def given() -> dict[str, str]:
    """The settings of the release by the names of the operator's, but for the port."""
    found = {one.removeprefix(PREFIX).lower(): value for one, value in environment(OBJECTS).items()}
    del found["health_port"]
    return found


def helm_test(kubeconfig: Path, **changes: str) -> tuple[int, str]:
    """How the program of `helm test` ends, and what it says."""
    (container,) = only(OBJECTS, "Pod")["spec"]["containers"]
    own = {one["name"]: one["value"] for one in container["env"]}
    own |= {f"{PREFIX}LEASE_NAMESPACE": NAMESPACE, KUBECONFIG_VARIABLE: str(kubeconfig), **changes}
    done = subprocess.run(
        [sys.executable, *container["command"][1:], *container["args"]],
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def accounts(plane: ControlPlane) -> set[str]:
    """Whom the pods of the team are."""
    pods = plane.ask("GET", "/api/v1/namespaces/team/pods")["items"]
    return {pod["spec"]["serviceAccountName"] for pod in pods}


def test_helm_test_fails_where_no_replica_leads(kubeconfig: Path) -> None:
    assert helm_test(kubeconfig) == (1, "no replica leads\n")


def test_helm_test_fails_where_the_account_may_not_work(kubeconfig: Path) -> None:
    code, told = helm_test(kubeconfig, PREFERENCE_OPERATOR_NAMESPACES="team,other")
    assert (code, 'in the namespace "other"' in told) == (1, True)
    assert "Traceback" not in told


def test_a_namespaced_operator_works_within_its_rights_and_bounds(
    plane: ControlPlane, kubeconfig: Path, tmp_path: Path
) -> None:
    jobs, began = PreferenceJobs(plane, "team"), datetime.now(UTC)
    with operator_process.running(kubeconfig, tmp_path, **given()) as operator:
        operator.ready()
        job = jobs.create(storage={"endpoint": "https://s3.example.com"})
        until(lambda: bool(jobs.children(job, stage="check")))
        until(lambda: jobs.condition("Accepted") is not None)
        until(lambda: accounts(plane) == {"preference-trainer"})
        assert helm_test(kubeconfig) == (0, "")
    entries = plane.audit.of(USER, since=began)
    assert entries
    assert [entry for entry in entries if not entry.allowed] == []
    jobs.delete()
