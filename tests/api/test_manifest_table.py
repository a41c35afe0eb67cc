"""Every row of the table against both sides: the Python layers and a real API server."""

from typing import Any

import pytest

from control_plane import ControlPlane
from manifest_table import Row, rows
from preference_api.crd import object_schema
from preference_api.faults import find_faults
from preference_api.rules import KEYWORD
from preference_api.walk import fields

ROWS = [pytest.param(row, id=row.name) for row in rows()]
CREATE = "/apis/preference.dev/v1alpha1/namespaces/default/preferencejobs"
DRY_RUN = f"{CREATE}?dryRun=All&fieldValidation=Strict"
OK = 201


def rule_messages() -> set[str]:
    schemas = [object_schema(), *(schema for _, schema in fields(object_schema()))]
    schemas += [schema["items"] for schema in schemas if "items" in schema]
    return {rule["message"] for schema in schemas for rule in schema.get(KEYWORD, ())}


@pytest.mark.parametrize("row", ROWS)
def test_python_layers(row: Row) -> None:
    faults = find_faults(row.document)
    if row.layer in ("none", "check"):
        assert faults == []
        return
    text = "\n".join(map(str, faults))
    assert [words for words in row.says if words not in text] == []
    assert all(fault.message in rule_messages() for fault in faults) == (row.layer == "cel")


@pytest.mark.cluster
@pytest.mark.parametrize("row", ROWS)
def test_api_server(row: Row, api_server: ControlPlane) -> None:
    status, answer = api_server.request("POST", DRY_RUN, row.document)
    assert (status == OK) == (row.layer not in ("schema", "cel")), answer
    if status != OK:
        assert [words for words in row.server_words if words not in answer["message"]] == []


def test_every_rule_refuses_a_row() -> None:
    told = {fault.message for row in rows() for fault in find_faults(row.document)}
    # The name is checked by its pattern first; tests/api/test_crd.py asks the API server.
    name: Any = object_schema()[KEYWORD][0]["message"]
    assert rule_messages() - told == {name}
