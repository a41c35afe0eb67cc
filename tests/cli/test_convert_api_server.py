import json
from collections.abc import Iterator

import pytest

import control_plane
from control_plane import ControlPlane
from convert_cases import CASES, Case
from preference_api.crd import NAME, rendered

PATH = "/apis/preference.dev/v1alpha1/namespaces/default/preferencejobs?dryRun=All"

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server that knows the kind."""
    with control_plane.running(tmp_path_factory.mktemp("control-plane")) as plane:
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=rendered())
        plane.kubectl("wait", "--for=condition=Established", f"crd/{NAME}", "--timeout=30s")
        yield plane


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_manifest_is_accepted(api_server: ControlPlane, case: Case) -> None:
    path = f"{PATH}&fieldValidation=Strict"
    status, answer = api_server.request("POST", path, dict(case.conversion().manifest))
    assert status == 201, json.dumps(answer)
