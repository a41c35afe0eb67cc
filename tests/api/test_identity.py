from typing import Any

import pytest

from manifest_table import manifest
from preference_api.crd import object_schema
from preference_api.identity import run_id, spec_hash
from preference_api.manifest import from_document
from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.status import Resolved
from preference_api.walk import with_defaults

RESOLVED = Resolved(run_id="", dataset_digest="d" * 64, model_digest="m" * 64)


def spec(**changes: Any) -> PreferenceJobSpec:
    """The spec of the smallest manifest; keywords are paths with `__` for the dot."""
    paths = {f"spec.{name.replace('__', '.')}": value for name, value in changes.items()}
    return from_document(manifest(paths)).spec


@pytest.mark.parametrize(
    "changes",
    [
        {"dpo__beta": 0.2},
        {"dpo__loss": ["ipo"]},
        {"method": "ORPO"},
        {"sft": {}},
        {"model__uri": "hf://org/base@v2"},
        {"model__lora": {}},
        {"dataset__uri": "s3://bucket/other.jsonl"},
        {"dataset__maxLength": 2048},
        {"dataset__prompt__system": "Be brief."},
        {"training__learningRate": 5e-7},
        {"training__seed": 43},
        {"training__epochs": 2},
        {"retrain__nonce": "again"},
        {"image": "registry.example/trainer:1"},
    ],
    ids=str,
)
def test_hash_changes_with_what_decides_the_result(changes: dict[str, Any]) -> None:
    assert spec_hash(spec(**changes)) != spec_hash(spec())


@pytest.mark.parametrize(
    "changes",
    [
        {"dpo__beta": 0.2},
        {"sft": {}},
        {"model__lora": {}},
        {"dataset__maxLength": 2048},
        {"training__seed": 43},
        {"retrain__nonce": "again"},
    ],
    ids=str,
)
def test_run_changes_with_what_decides_the_result(changes: dict[str, Any]) -> None:
    assert run_id(spec(**changes), RESOLVED) != run_id(spec(), RESOLVED)


@pytest.mark.parametrize(
    "changes",
    [
        {"resources": {"gpus": 8, "nodes": 2}},
        {"suspend": True},
        {"ttlSecondsAfterFinished": 60},
        {"activeDeadlineSeconds": 60},
        {"checkpoints__everyMinutes": 5},
        {"evaluation__samples": 0},
        {"output__uri": "s3://other/output"},
        {"restarts__failures": 0},
        {"retrain": {"schedule": "0 3 * * *", "historyLimit": 3}},
        {"storage__region": "eu-west-1"},
        {"tracking": {"mlflow": {"uri": "https://mlflow.example"}, "wandb": {"project": "p"}}},
    ],
    ids=str,
)
def test_hash_stays_with_everything_else(changes: dict[str, Any]) -> None:
    assert spec_hash(spec(**changes)) == spec_hash(spec())
    assert run_id(spec(**changes), RESOLVED) == run_id(spec(), RESOLVED)


def test_hash_stays_with_labels() -> None:
    labelled = from_document(manifest({"metadata.labels": {"team": "a"}}))
    assert spec_hash(labelled.spec) == spec_hash(spec())


@pytest.mark.parametrize(
    ("written_out", "left_out"),
    [
        ({"dpo": {}}, {}),
        ({"dpo": {"beta": 0.1, "loss": ["sigmoid"], "lossWeights": [1]}}, {}),
        ({"method": "ORPO", "orpo": {"lambda": 0.1}}, {"method": "ORPO"}),
        ({"training": {"epochs": 1, "seed": 42, "learningRate": 1e-6}}, {}),
        ({"sft": {"epochs": 1.0, "learningRate": 2e-5}}, {"sft": {}}),
        ({"dataset__evaluation__fraction": 0.1}, {}),
        ({"dataset__columns": {}, "dataset__format": "Auto"}, {}),
        ({"model__lora": {"rank": 16, "alpha": 32.0}}, {"model__lora": {}}),
    ],
    ids=str,
)
def test_default_written_out_is_the_default_left_out(
    written_out: dict[str, Any], left_out: dict[str, Any]
) -> None:
    assert spec_hash(spec(**written_out)) == spec_hash(spec(**left_out))
    assert run_id(spec(**written_out), RESOLVED) == run_id(spec(**left_out), RESOLVED)


def test_hash_of_the_stored_object_is_the_hash_of_the_manifest() -> None:
    stored = with_defaults(manifest(), object_schema())
    assert spec_hash(PreferenceJobSpec.model_validate(stored["spec"])) == spec_hash(spec())


def test_order_of_fields_is_nothing() -> None:
    fields = spec().model_dump(by_alias=True, exclude_unset=True)
    turned = PreferenceJobSpec.model_validate(dict(reversed(fields.items())))
    assert spec_hash(turned) == spec_hash(spec())


def test_same_content_under_another_location_is_the_same_run() -> None:
    moved = spec(model__uri="s3://bucket/copy-of-base", dataset__uri="pvc://claim/pairs.jsonl")
    assert run_id(moved, RESOLVED) == run_id(spec(), RESOLVED)


@pytest.mark.parametrize("digest", ["dataset_digest", "model_digest"])
def test_other_content_under_the_same_location_is_another_run(digest: str) -> None:
    changed = RESOLVED.model_copy(update={digest: "0" * 64})
    assert run_id(spec(), changed) != run_id(spec(), RESOLVED)


def test_reference_model_and_demonstrations_count_by_content() -> None:
    def run(uri: str, reference: str, demonstrations: str) -> str:
        resolved = RESOLVED.model_copy(
            update={"reference_digest": reference, "sft_digest": demonstrations}
        )
        return run_id(
            spec(dpo__referenceModel={"uri": uri}, sft={"dataset": {"uri": uri}}), resolved
        )

    same = run("s3://bucket/a", "r", "s")
    assert run("s3://bucket/b", "r", "s") == same
    assert run("s3://bucket/a", "other", "s") != same
    assert run("s3://bucket/a", "r", "other") != same


# Pinned: a change here means that an upgrade would train every existing job again.
GOLDEN = [
    ({}, "7cebd64c9e", "7fc3671b77e4dc07"),
    (
        {
            "method": "ORPO",
            "orpo": {"lambda": 0.25},
            "model": {"uri": "s3://bucket/base", "lora": {"rank": 8}, "dtype": "BFloat16"},
            "training": {"steps": 200, "learningRate": 8e-6, "schedule": "Cosine"},
        },
        "6debbe07b5",
        "46252988616e6003",
    ),
    (
        {
            "dpo": {"beta": 0.05, "loss": ["sigmoid", "sft"], "lossWeights": [1, 0.1]},
            "sft": {"dataset": {"uri": "s3://bucket/demonstrations"}, "epochs": 2},
            "dataset": {"mixture": [{"uri": "s3://bucket/a", "weight": 0.5}], "maxLength": 512},
            "retrain": {"nonce": "again"},
            "image": "registry.example/trainer:1",
        },
        "7468d7ec47",
        "739753a738a17602",
    ),
]


@pytest.mark.parametrize(("changes", "hashed", "run"), GOLDEN, ids=["smallest", "ORPO", "SFT, DPO"])
def test_identity_is_pinned(changes: dict[str, Any], hashed: str, run: str) -> None:
    resolved = RESOLVED.model_copy(update={"sft_digest": "s" * 64})
    assert (spec_hash(spec(**changes)), run_id(spec(**changes), resolved)) == (hashed, run)
