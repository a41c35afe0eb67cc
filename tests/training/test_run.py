"""Whole runs on two S3 servers: what they leave, what a second one does, who is promoted."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import jobs
from preference_api.wire import RunDocument
from preference_trainer import proof
from preference_trainer.errors import ConfigurationError
from preference_trainer.metrics import Metrics
from preference_trainer.progress import ProgressBoard
from preference_trainer.reevaluation import reevaluate
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import NotFound
from s3_servers import S3Server

METHODS: dict[str, dict[str, Any]] = {
    "DPO": {"method": "DPO"},
    "ORPO": {"method": "ORPO"},
    "SFT then DPO": {"method": "DPO", "sft": {"steps": 4, "learningRate": 1e-3}},
}


@pytest.mark.parametrize("fields", METHODS.values(), ids=METHODS.keys())
def test_run_leaves_model_proof_and_result(s3: S3Server, fields: dict[str, Any]) -> None:
    world = jobs.World.made(s3)
    document = jobs.check(world.document(**fields))
    summary = jobs.train(document)
    run = jobs.run_of(document)
    left = {key.removeprefix(f"{run}/") for key in world.keys(run)}
    assert left >= {
        "run.json",
        "model/model.safetensors",
        "model/tokenizer.json",
        "model/config.json",
        "model/README.md",
        "model/manifest.json",
        "evaluation/metrics.json",
        "evaluation/examples.jsonl.gz",
        "evaluation/samples.jsonl",
        "report.html",
        "result.json",
    }
    assert world.json(f"{run}/result.json")["headline"] == summary.headline
    assert world.json("output/jobs/default/job/current.json")["runId"] == summary.run_id


def test_second_run_of_the_same_content_trains_nothing(s3_moto: S3Server) -> None:
    world = jobs.World.made(s3_moto)
    document = jobs.check(world.document())
    first = jobs.train(document)
    before = world.keys("output")
    assert jobs.train(jobs.check(world.document())) == first
    assert world.keys("output") == before


def test_learning_shows_in_the_held_out_pairs(s3_moto: S3Server) -> None:
    world = jobs.World.made(s3_moto)
    settings = {"steps": 30, "learningRate": 3e-3, "batchSize": 8, "gradientCheckpointing": False}
    summary = jobs.train(jobs.check(world.document(training=settings)))
    assert summary.metrics.accuracy is not None
    assert summary.metrics.accuracy > 0.9
    assert summary.metrics.margin is not None
    assert summary.metrics.margin > 0.5


def test_lora_publishes_an_adapter_and_the_merged_model(s3_moto: S3Server) -> None:
    world = jobs.World.made(s3_moto)
    document = jobs.check(
        world.document(
            model={"lora": {"rank": 4}},
            sft={"steps": 2},
            output_fields={"mergeAdapter": True},
        )
    )
    jobs.train(document)
    run = jobs.run_of(document)
    left = {key.removeprefix(f"{run}/") for key in world.keys(run)}
    assert left >= {"model/adapter_model.safetensors", "merged/model.safetensors"}
    assert not any("ref/" in name for name in left)
    assert world.json(f"{run}/model/adapter_config.json")["base_model_name_or_path"] == "base"


def test_gate_keeps_a_model_back(s3_moto: S3Server) -> None:
    world = jobs.World.made(s3_moto)
    gate = {"gate": {"minimumAccuracy": 1.0}}
    training = {"steps": 1, "learningRate": 1e-9, "batchSize": 4}
    summary = jobs.train(jobs.check(world.document(evaluation=gate, training=training)))
    assert not summary.promoted
    assert "below the minimum" in summary.gate_message
    assert world.keys("output/jobs") == []


def test_model_that_changed_since_the_check_is_refused(s3_moto: S3Server) -> None:
    world = jobs.World.made(s3_moto)
    document = jobs.check(world.document())
    config = world.server.get(world.bucket, "base/config.json")
    world.server.put(world.bucket, "base/config.json", config + b"\n")
    with pytest.raises(ConfigurationError, match="changed since it was checked"):
        jobs.train(document)
    assert not any(key.endswith("model/manifest.json") for key in world.keys("output/runs"))


@pytest.mark.parametrize("model", [{}, {"lora": {"rank": 4}}], ids=["whole", "adapter"])
def test_published_model_is_evaluated_again(s3_moto: S3Server, model: dict[str, Any]) -> None:
    world = jobs.World.made(s3_moto)
    document = jobs.check(world.document(model=model))
    summary = jobs.train(document)
    assert evaluated(document, None) == summary.headline
    assert evaluated(document, f"s3://{world.bucket}/base") != summary.headline
    with pytest.raises(NotFound, match="nothing lies at"):
        evaluated(document, f"s3://{world.bucket}/nothing")


def evaluated(document: RunDocument, model: str | None) -> str:
    with TemporaryDirectory() as folder:
        return reevaluate(
            document,
            model,
            folder=Path(folder),
            board=ProgressBoard(),
            metrics=Metrics(job="job"),
            stop=StopRequest(),
        )


def test_sampling_settings_of_the_base_survive_saving(s3_moto: S3Server) -> None:
    """transformers refuses to save a temperature without do_sample once a token id changed."""
    world = jobs.World.made(s3_moto)
    settings = {"temperature": 0.6, "top_p": 0.9, "eos_token_id": 1}
    key = "base/generation_config.json"
    world.server.put(world.bucket, key, json.dumps(settings).encode())
    document = jobs.check(world.document())
    jobs.train(document)
    kept = world.json(f"{jobs.run_of(document)}/model/generation_config.json")
    assert kept["temperature"] == 0.6
    assert world.json(f"{jobs.run_of(document)}/model/config.json")["use_cache"] is True


def test_sweep_shares_the_reference_and_the_base_answers(
    s3_moto: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = jobs.World.made(s3_moto)
    jobs.train(jobs.check(world.document(dpo={"beta": 0.1})))
    before = [key for key in world.keys("output/cache") if "/check-" not in key]
    monkeypatch.setattr(proof, "load_whole", None)
    jobs.train(jobs.check(world.document(dpo={"beta": 0.2})))
    assert [key for key in world.keys("output/cache") if "/check-" not in key] == before
