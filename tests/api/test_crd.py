"""The CustomResourceDefinition: its size, and what a real API server makes of it."""

import json
from typing import Any

import pytest

from control_plane import CommandFailed, ControlPlane
from manifest_table import manifest
from preference_api import crd

CONDITION = {
    "type": "Ready",
    "status": "False",
    "reason": "Queued",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


def test_file_fits_an_annotation_of_kubectl_apply() -> None:
    assert len(json.dumps(crd.custom_resource_definition())) < 100_000


def stored(api_server: ControlPlane, name: str, changes: dict[str, Any] | None = None) -> Any:
    document = manifest({"metadata.name": name, **(changes or {})})
    api_server.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(document))
    return read(api_server, name)


def read(api_server: ControlPlane, name: str) -> Any:
    return json.loads(api_server.kubectl("get", "pj", name, "-o", "json"))


@pytest.mark.cluster
def test_schema_is_structural(api_server: ControlPlane) -> None:
    found = json.loads(api_server.kubectl("get", "crd", crd.NAME, "-o", "json"))
    conditions = {entry["type"]: entry["status"] for entry in found["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


@pytest.mark.cluster
def test_definition_applied_again_is_no_change(api_server: ControlPlane) -> None:
    def generation() -> str:
        path = "jsonpath={.metadata.generation}"
        return api_server.kubectl("get", "crd", crd.NAME, "-o", path)

    before = generation()
    api_server.kubectl("apply", "--server-side", "-f", "-", stdin=crd.rendered())
    assert generation() == before


@pytest.mark.cluster
def test_stored_object_shows_the_defaults(api_server: ControlPlane) -> None:
    job = stored(api_server, "defaults")
    assert job["spec"]["training"] == {
        "learningRate": 1e-6,
        "schedule": "Linear",
        "batchSize": 32,
        "optimizer": "AdamW",
        "weightDecay": 0,
        "maxGradientNorm": 1,
        "gradientCheckpointing": True,
        "seed": 42,
        "stopWhen": {},
    }
    assert job["spec"]["dataset"]["overlong"] == "Drop"
    assert job["spec"]["resources"]["gpus"] == 1
    assert "dpo" not in job["spec"]
    assert job["status"] == {"observedGeneration": -1}


@pytest.mark.cluster
def test_manifest_applied_again_is_no_change(api_server: ControlPlane) -> None:
    before = stored(api_server, "again", {"spec.training.learningRate": 5e-7})
    after = stored(api_server, "again", {"spec.training.learningRate": 5e-7})
    assert after["metadata"]["generation"] == before["metadata"]["generation"] == 1


@pytest.mark.cluster
def test_status_has_an_endpoint_of_its_own(api_server: ControlPlane) -> None:
    job = stored(api_server, "status")
    status = {"observedGeneration": 1, "state": "Queued", "conditions": [CONDITION]}
    changed = json.dumps({**job, "status": status, "spec": {**job["spec"], "suspend": True}})
    api_server.kubectl("replace", "--subresource=status", "-f", "-", stdin=changed)
    after = read(api_server, "status")
    assert after["status"]["state"] == "Queued"
    assert after["spec"] == job["spec"]
    assert after["metadata"]["generation"] == 1


@pytest.mark.cluster
def test_conditions_merge_by_type(api_server: ControlPlane) -> None:
    stored(api_server, "conditions")
    for manager, kind in (("operator", "Ready"), ("other", "Stalled")):
        status = {"conditions": [{**CONDITION, "type": kind}]}
        patch = {**manifest({"metadata.name": "conditions"}), "status": status}
        del patch["spec"]
        options = ["--server-side", "--subresource=status", f"--field-manager={manager}"]
        api_server.kubectl("apply", *options, "-f", "-", stdin=json.dumps(patch))
    kinds = [entry["type"] for entry in read(api_server, "conditions")["status"]["conditions"]]
    assert sorted(kinds) == ["Ready", "Stalled"]


@pytest.mark.cluster
@pytest.mark.parametrize("name", ["with.dot", "a" * 64])
def test_name_that_pods_cannot_carry_is_refused(api_server: ControlPlane, name: str) -> None:
    with pytest.raises(CommandFailed, match=r"metadata\.name may have 63 characters and no dot"):
        stored(api_server, name)


@pytest.mark.cluster
def test_columns(api_server: ControlPlane) -> None:
    stored(api_server, "columns")
    status = {
        "state": "Training",
        "run": {"id": "7fc3671b77e4dc07", "number": 1, "specHash": "0123456789", "stage": "Train"},
        "progress": {"percent": 42.5},
        "result": {
            "modelURI": "s3://bucket/model",
            "reportURI": "s3://bucket/report",
            "metrics": {"accuracy": 0.81, "margin": 1.25},
        },
        "checkpoint": {"uri": "s3://bucket/checkpoint", "step": 500},
        "conditions": [{**CONDITION, "type": "Succeeded", "status": "Unknown"}],
    }
    api_server.kubectl(
        "patch", "pj", "columns", "--subresource=status", "--type=merge",
        f"--patch={json.dumps({'status': status})}",
    )  # fmt: skip
    header, row = api_server.kubectl("get", "pj", "columns", "-o", "wide").splitlines()
    shown = dict(zip(header.split(), row.split(), strict=True))
    shown.pop("AGE")
    assert shown == {
        "NAME": "columns",
        "METHOD": "DPO",
        "STATE": "Training",
        "PROGRESS": "42.5",
        "ACCURACY": "0.81",
        "MARGIN": "1.25",
        "RUN": "7fc3671b77e4dc07",
        "MODEL": "hf://org/base@main",
        "DATASET": "s3://bucket/pairs.jsonl",
        "CHECKPOINT": "s3://bucket/checkpoint",
        "REASON": "Queued",
    }


@pytest.mark.cluster
@pytest.mark.parametrize("name", ["pj", "prefjob", "preferencejobs", "preference"])
def test_names(api_server: ControlPlane, name: str) -> None:
    stored(api_server, "named")
    assert "named" in api_server.kubectl("get", name, "-o", "name")


@pytest.mark.cluster
def test_explain(api_server: ControlPlane) -> None:
    every = api_server.kubectl("explain", "pj.spec", "--recursive")
    assert "labelSmoothing\t<number>" in every
    one = api_server.kubectl("explain", "pj.spec.dataset.overlong")
    assert "Cut: answers are cut at the end" in one
