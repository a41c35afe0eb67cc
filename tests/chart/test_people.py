"""What people may do who have one of the chart's roles alone."""

import pytest

from account_requests import Account
from awaiting import until
from control_plane import ControlPlane
from helm_chart import Release, documents, only
from preference_api.crd import PLURAL
from preference_api.v1alpha1 import API_VERSION
from preference_jobs import manifest

PATH = f"/apis/{API_VERSION}/namespaces/team/{PLURAL}"
READ = {"get", "list", "watch"}


def verbs(role: str) -> set[str]:
    (rule,) = only(documents(), "ClusterRole", f"preference-operator-{role}")["rules"]
    return set(rule["verbs"])


def test_viewers_read_and_editors_read_and_write() -> None:
    assert verbs("viewer") == READ
    assert verbs("editor") == READ | {"create", "update", "patch", "delete", "deletecollection"}


@pytest.mark.cluster
def test_the_editors_role_alone_is_enough_for_preference_jobs_and_nothing_else(
    plane: ControlPlane, release: Release
) -> None:
    plane.kubectl("create", "serviceaccount", "author", "-n", "team")
    plane.kubectl(
        *("create", "rolebinding", "author", "-n", "team"),
        *(f"--clusterrole={release.name}-editor", "--serviceaccount=team:author"),
    )
    author = Account(plane, "team", "author")
    until(lambda: author.request("GET", PATH)[0] == 200)
    body = manifest()
    one = f"{PATH}/{body['metadata']['name']}"
    wanted = [("POST", PATH, 201), ("GET", one, 200), ("GET", PATH, 200), ("DELETE", one, 200)]
    for method, path, answer in wanted:
        status, said = author.request(method, path, body if method == "POST" else None)
        assert status == answer, said
    for path in ("/api/v1/namespaces/team/secrets", "/api/v1/namespaces/team/pods"):
        assert author.request("GET", path)[0] == 403
    assert author.request("PATCH", f"{one}/status", body)[0] == 403
