import json
from collections.abc import Iterator

import pytest

import control_plane
from cli_awaiting import until
from control_plane import CommandFailed, ControlPlane
from convert_cases import CASES, Case
from preference_api.crd import rendered

PATH = "/apis/preference.dev/v1alpha1/namespaces/default/preferencejobs"

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server that knows the kind."""
    with control_plane.running(tmp_path_factory.mktemp("control-plane")) as plane:
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=rendered())
        until(lambda: _served(plane))
        yield plane


def _served(plane: ControlPlane) -> bool:
    """Whether the kind is there; `kubectl wait` fails while its status has no conditions."""
    try:
        plane.kubectl("get", "preferencejobs")
    except CommandFailed:
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_manifest_is_accepted(api_server: ControlPlane, case: Case) -> None:
    path = f"{PATH}?dryRun=All&fieldValidation=Strict"
    status, answer = api_server.request("POST", path, dict(case.conversion().manifest))
    assert status == 201, json.dumps(answer)
