import json

import pytest

from control_plane import ControlPlane
from convert_cases import CASES, Case

PATH = "/apis/preference.dev/v1alpha1/namespaces/default/preferencejobs"

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_manifest_is_accepted(api_server: ControlPlane, case: Case) -> None:
    path = f"{PATH}?dryRun=All&fieldValidation=Strict"
    status, answer = api_server.request("POST", path, dict(case.conversion().manifest))
    assert status == 201, json.dumps(answer)
