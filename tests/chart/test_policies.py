"""The policies as the API server understands them."""

import pytest

from awaiting import until
from control_plane import ControlPlane
from helm_chart import Release

pytestmark = pytest.mark.cluster

PATH = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/preference-operator-"


@pytest.mark.parametrize("name", ["jobs", "deletions", "preferencejobs"])
def test_expressions_fit_the_types_of_what_they_look_at(
    plane: ControlPlane, release: Release, name: str
) -> None:
    until(lambda: "typeChecking" in plane.ask("GET", PATH + name).get("status", {}))
    assert plane.ask("GET", PATH + name)["status"]["typeChecking"] == {}
