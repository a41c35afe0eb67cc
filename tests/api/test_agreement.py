"""Whatever a manifest holds, the Python layers and the API server come to one verdict."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings

from control_plane import ControlPlane
from documents import nearly_valid, plausible_specs
from manifest_table import manifest
from preference_api.crd import object_schema
from preference_api.faults import find_faults
from preference_api.schema_faults import read_strictly
from preference_api.walk import as_stored, with_defaults

DRY_RUN = (
    "/apis/preference.dev/v1alpha1/namespaces/default/preferencejobs"
    "?dryRun=All&fieldValidation=Strict"
)
SPEC = object_schema()["properties"]["spec"]
CODE = ("there is no time zone", "never comes")
"""What only code can tell: the server takes it."""

deterministic = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.cluster
@given(spec=plausible_specs(SPEC))
@deterministic
def test_specs_of_the_schema(api_server: ControlPlane, spec: Any) -> None:
    assert_one_verdict(api_server, {**manifest(), "spec": spec})


@pytest.mark.cluster
@given(spec=nearly_valid(SPEC))
@deterministic
def test_specs_with_one_misfit(api_server: ControlPlane, spec: Any) -> None:
    assert_one_verdict(api_server, {**manifest(), "spec": spec})


def assert_one_verdict(api_server: ControlPlane, document: Any) -> None:
    faults = [
        fault
        for fault in find_faults(document)
        if not any(words in fault.message for words in CODE)
    ]
    status, answer = api_server.request("POST", DRY_RUN, document)
    event(f"status {status}")
    assert (status == 201) == (not faults), (answer.get("message"), list(map(str, faults)))
    if status == 201:
        filled = with_defaults(as_stored(document), object_schema())
        assert filled["spec"] == answer["spec"]
        assert read_strictly(as_stored(document)).spec == read_strictly(answer).spec
