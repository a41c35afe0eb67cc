"""Stopped anywhere and started again, a run ends with the weights it would have had."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

import jobs
from jobs import StopAt
from preference_api.v1alpha1.status import Stage
from preference_trainer.errors import StoppedEarly
from s3_servers import S3Server

DPO: dict[str, Any] = {"method": "DPO"}
ORPO: dict[str, Any] = {"method": "ORPO"}
LORA: dict[str, Any] = {"method": "DPO", "model": {"lora": {"rank": 4}}}
SFT_DPO: dict[str, Any] = {"method": "DPO", "sft": {"steps": 6, "learningRate": 1e-3}}
ONLINE: dict[str, Any] = {"sft": {"steps": 3}, "dpo": {"reference": "Online"}}
LORA_ONLINE: dict[str, Any] = {**ONLINE, "model": {"lora": {"rank": 4}}}
SETTINGS = {"steps": 8, "learningRate": 1e-3, "batchSize": 4, "microBatchSize": 2}

STOPS = [
    pytest.param(DPO, [StopAt(Stage.TRAIN, 3)], id="DPO in an epoch"),
    pytest.param(ORPO, [StopAt(Stage.TRAIN, 3)], id="ORPO in an epoch"),
    pytest.param(LORA, [StopAt(Stage.TRAIN, 3)], id="adapters"),
    pytest.param(SFT_DPO, [StopAt(Stage.SFT, 2), StopAt(Stage.TRAIN, 3)], id="twice"),
    pytest.param(
        ONLINE, [StopAt(Stage.TRAIN, 3)], id="online reference after SFT", marks=pytest.mark.slow
    ),
    pytest.param(
        LORA_ONLINE,
        [StopAt(Stage.TRAIN, 3)],
        id="adapters, online, after SFT",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        DPO,
        [StopAt(Stage.REFERENCE, 1)],
        id="while the reference is scored",
        marks=pytest.mark.slow,
    ),
    pytest.param(DPO, [StopAt(Stage.EVALUATE, 1)], id="while it is evaluated"),
]


@pytest.mark.parametrize(("fields", "stops"), STOPS)
def test_stopped_and_started_again(
    s3_moto: S3Server,
    capsys: pytest.CaptureFixture[str],
    fields: dict[str, Any],
    stops: list[StopAt],
) -> None:
    world = jobs.World.made(s3_moto)
    straight = jobs.check(world.document(output="straight", training=SETTINGS, **fields))
    jobs.train(straight)
    stopped = jobs.check(world.document(output="stopped", training=SETTINGS, **fields))
    for stop in stops:
        with pytest.raises(StoppedEarly):
            jobs.train(stopped, stop=stop)
        assert not any("result.json" in key for key in world.keys("stopped/runs"))
    capsys.readouterr()
    jobs.train(stopped)
    assert steps_taken(capsys.readouterr().out) == list(range(stops[-1].steps_saved + 1, 9))
    assert straight.resolved == stopped.resolved
    one, other = jobs.run_of(straight, output="straight"), jobs.run_of(stopped, output="stopped")
    assert world.weights(one) == world.weights(other)


def steps_taken(log: str) -> list[int]:
    """Optimizer steps that a trainer's log tells of, in their order."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line["step"] for line in lines if line["event"] == "Step"]


KILLS = [
    pytest.param(DPO, signal.SIGTERM, 75, id="DPO told to stop"),
    pytest.param(DPO, signal.SIGKILL, -9, id="DPO killed", marks=pytest.mark.slow),
    pytest.param(ORPO, signal.SIGKILL, -9, id="ORPO killed", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("fields", "number", "code"), KILLS)
def test_killed_process_goes_on_from_the_bucket(
    s3_versitygw: S3Server, tmp_path: Path, fields: dict[str, Any], number: int, code: int
) -> None:
    world = jobs.World.made(s3_versitygw)
    settings = {**SETTINGS, "steps": 40}
    given = {"training": settings, "checkpoints": {"everySteps": 5}, **fields}
    straight = jobs.check(world.document(output="straight", **given))
    jobs.train(straight)
    killed = jobs.check(world.document(output="killed", **given))
    run = jobs.run_of(killed, output="killed")
    process = jobs.start("train", killed, world, tmp_path)
    while not any(key.endswith("manifest.json") for key in world.keys(f"{run}/checkpoints")):
        assert process.poll() is None
    process.send_signal(number)
    first = jobs.ended(process, tmp_path)
    assert first.code == code, first.output
    assert not any("model/" in key for key in world.keys(run)), "it was over before the signal"
    again = jobs.ended(jobs.start("train", killed, world, tmp_path), tmp_path)
    assert again.code == 0, again.output
    assert again.message["result"]["runId"] == killed.resolved.run_id
    assert steps_taken(again.output)[0] > 5
    assert world.weights(run) == world.weights(jobs.run_of(straight, output="straight"))
