from typing import Any

import pytest

from manifest_table import manifest
from preference_api.faults import find_faults


def told(changes: dict[str, Any], *, local: bool = False) -> list[str]:
    return [str(fault) for fault in find_faults(manifest(changes), local=local)]


@pytest.mark.parametrize(
    "uri", ["file:///data/pairs.jsonl", "data/pairs.jsonl", "../pairs", "/a b"]
)
def test_locations_of_this_machine_are_for_local_runs(uri: str) -> None:
    changes = {"spec.dataset.uri": uri, "spec.model.uri": uri, "spec.output.uri": uri}
    assert told(changes, local=True) == []
    assert [fault.split(":")[0] for fault in told(changes)] == [
        "spec.dataset.uri",
        "spec.model.uri",
        "spec.output.uri",
    ]


@pytest.mark.parametrize("uri", ["gs://bucket/a", "https://host/a", "s3://B/a", "hf://base"])
def test_other_locations_are_refused_in_local_runs_too(uri: str) -> None:
    assert "is no location" in told({"spec.dataset.uri": uri}, local=True)[0]


def test_local_output_is_no_hub_and_no_volume() -> None:
    for uri in ("hf://org/aligned", "pvc://claim/output"):
        (fault,) = told({"spec.output.uri": uri}, local=True)
        assert "output.uri has to be a bucket" in fault


@pytest.mark.parametrize(
    "changes",
    [
        {"spec.output.uri": "s3://AKIA:sesame@bucket/output"},
        {"spec.model.uri": "hf://user:sesame@org/base"},
        {"spec.dataset.uri": "https://user:sesame@host/pairs.jsonl"},
        {"spec.storage.endpoint": "https://user:sesame@host"},
    ],
    ids=str,
)
def test_credentials_are_refused_and_not_repeated(changes: dict[str, Any]) -> None:
    text = "\n".join(told(changes))
    assert "…@" in text
    assert "sesame" not in text


def test_schema_cel_and_code_speak_at_once() -> None:
    changes = {
        "spec.dpo": {"bta": 1},
        "spec.orpo": {},
        "spec.retrain": {"schedule": "0 3 * * *", "timeZone": "Mars/Olympus"},
    }
    text = "\n".join(told(changes))
    assert "spec.dpo.bta: unknown field" in text
    assert "spec: orpo belongs to method ORPO" in text
    assert 'there is no time zone "Mars/Olympus"' in text


@pytest.mark.parametrize(
    "changes",
    [
        {"spec.method": "dpo", "spec.orpo": {}},
        {"spec.dpo": {"loss": "sigmoid", "lossWeights": [1]}},
        {"spec.dpo": {"loss": [7]}},
        {"spec.training": {"batchSize": "32", "microBatchSize": 5}},
        {"spec.training": []},
        {"spec.output": {}},
        {"metadata": {}},
        {"metadata": "helpful"},
        {"spec": []},
    ],
    ids=str,
)
def test_rule_that_reads_a_faulty_field_is_silent(changes: dict[str, Any]) -> None:
    assert all("has to be a" not in fault and "belongs" not in fault for fault in told(changes))
    assert told(changes)


def test_time_zone_that_is_no_name_is_refused() -> None:
    for zone in ("../zone", "/etc/localtime", "a" * 64):
        text = "\n".join(told({"spec.retrain": {"schedule": "0 3 * * *", "timeZone": zone}}))
        assert "spec.retrain.timeZone" in text
