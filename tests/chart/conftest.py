"""A control plane for the chart's tests, which knows nothing but what the chart installs."""

from collections.abc import Iterator

import pytest

import control_plane
from account_requests import Account
from awaiting import until
from control_plane import ControlPlane
from helm_chart import ACCOUNT, NAMESPACE, Release
from preference_api.crd import NAME, PLURAL
from preference_api.v1alpha1 import API_VERSION
from preference_jobs import manifest
from real_cluster import RESTRICTED

TEAMS = ("team", "other")
VALUES = {
    "trainer": {
        "image": {"repository": "registry.example/trainer", "tag": "1"},
        "allowedImages": ["registry.example/teams/*", "*.mirror.example/trainer:2"],
        "namespaces": ["team"],
    },
    "policy": {
        "endpoints": ["https://s3.example.com", "https://*.storage.example:9000"],
        "serviceAccounts": ["reader"],
    },
}
_BARE_JOB = {
    "metadata": {"name": "bare"},
    "spec": {
        "template": {
            "spec": {"restartPolicy": "Never", "containers": [{"name": "bare", "image": "bare"}]}
        }
    },
}


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """API server and controllers, without the kind and without a node; two teams' namespaces."""
    folder = tmp_path_factory.mktemp("chart")
    with control_plane.running(folder, controller_manager=True, audit=True) as found:
        for name in TEAMS:
            metadata = {"name": name, "labels": RESTRICTED}
            found.ask("POST", "/api/v1/namespaces", {"metadata": metadata})
        yield found


@pytest.fixture(scope="module")
def release(plane: ControlPlane) -> Iterator[Release]:
    """The chart, installed with bounds that let something pass; gone after the module."""
    installed = Release(plane, VALUES)
    installed.install()
    until(lambda: _at_work(plane))
    yield installed
    installed.uninstall()
    plane.kubectl("delete", "crd", NAME)


@pytest.fixture
def thief(release: Release, plane: ControlPlane) -> Account:
    """Whoever holds the token of the operator of the release."""
    return Account(plane, NAMESPACE, ACCOUNT)


def _at_work(plane: ControlPlane) -> bool:
    """Whether the kind is served and both policies refuse; each takes the API server a moment."""
    thief = Account(plane, NAMESPACE, ACCOUNT)
    jobs = "/apis/batch/v1/namespaces/team/jobs?dryRun=All"
    preference_jobs = f"/apis/{API_VERSION}/namespaces/team/{PLURAL}?dryRun=All"
    answers = (
        thief.request("POST", jobs, _BARE_JOB),
        plane.request("POST", preference_jobs, manifest(image="refused")),
    )
    return all("ValidatingAdmissionPolicy" in str(answer) for _status, answer in answers)
