"""Whole trainings followed by trackers: what these are told, and that none of it can hurt."""

import itertools
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import jobs
from jobs import StopAt
from preference_api.v1alpha1.status import Stage
from preference_api.wire import RunDocument
from preference_trainer.errors import StoppedEarly
from preference_trainer.tracking import run_tracking
from processes import free_port, started
from s3_servers import S3Server
from tracking_servers import BadServer, WandbServer, bad_server, running

__all__ = ["bad_server"]

CANARY = "canary" + "0123456789abcdef" * 3
KEYS = {
    "WANDB_API_KEY": CANARY,
    "MLFLOW_TRACKING_USERNAME": "somebody",
    "MLFLOW_TRACKING_PASSWORD": f"{CANARY}\n",
}
GIVEN: dict[str, Any] = {
    "training": {"steps": 8, "learningRate": 1e-3, "batchSize": 4, "microBatchSize": 2},
    "sft": {"steps": 4},
}
EVERY_STEP = list(range(1, 9))
FULL_MLFLOW = "PREFERENCE_TEST_MLFLOW"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent is looked at here, and not how fast a busy machine sends it."""
    monkeypatch.setattr(run_tracking, "LAST_SECONDS", 50)


def checked(world: jobs.World, **tracking: Any) -> RunDocument:
    return jobs.check(world.document(tracking=tracking, **GIVEN))


def events(output: str, name: str) -> list[dict[str, Any]]:
    """The lines of a log that tell of one event."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


@pytest.mark.usefixtures("patience")
def test_wandb_run_goes_on_and_has_each_step_once(
    s3_moto: S3Server, capfd: pytest.CaptureFixture[str]
) -> None:
    world = jobs.World.made(s3_moto)
    with running(WandbServer()) as server:
        project = {"project": "tone", "entity": "team", "endpoint": server.endpoint}
        document = checked(world, wandb=project)
        with pytest.raises(StoppedEarly):
            jobs.train(document, stop=StopAt(Stage.TRAIN, 3))
        summary = jobs.train(document)
        sent = b"".join(body for _method, _path, body in server.requests)
    assert isinstance(server, WandbServer)
    (run,) = server.runs.values()
    assert (list(server.runs), run["name"]) == ([summary.run_id], "job")
    assert [line["step"] for line in run["history"] if "loss" in line] == EVERY_STEP
    assert [line["sft/step"] for line in run["history"] if "sft/loss" in line] == [1, 2, 3, 4]
    assert run["summary"]["eval/accuracy"] == summary.metrics.accuracy
    assert run["summary"]["modelURI"] == summary.model_uri
    assert run["config"]["training.steps"] == {"value": "8"}
    resolved = document.resolved
    assert resolved is not None
    assert run["config"]["preference.datasetDigest"] == {"value": resolved.dataset_digest}
    assert [ending.get("exitcode") for ending in run["endings"]][-1] == 0
    assert {"preempting": True} in [{"preempting": e.get("preempting")} for e in run["endings"]]
    assert not any("otel" in path for _method, path, _body in server.requests)
    assert not any(secret in sent for secret in (CANARY.encode(), b"moto-secret"))
    assert not events(capfd.readouterr().out, "TrackingOff")


@pytest.mark.parametrize(
    "bad_server",
    [pytest.param("hangs", marks=pytest.mark.slow), "answers 401"],
    indirect=True,
)
def test_a_server_that_is_no_use_costs_a_warning_and_no_training(
    s3_moto: S3Server, tmp_path: Path, bad_server: BadServer
) -> None:
    world = jobs.World.made(s3_moto)
    wandb = {"project": "tone", "endpoint": bad_server.url}
    document = checked(world, mlflow={"uri": bad_server.url}, wandb=wandb)
    ended = jobs.ended(jobs.start("train", document, world, tmp_path), tmp_path)
    assert ended.code == 0, ended.output
    off, short = (events(ended.output, name) for name in ("TrackingOff", "TrackingCutShort"))
    assert sorted(line["tracker"] for line in [*off, *short]) == ["mlflow", "wandb"]
    assert all(line["level"] == "warning" for line in [*off, *short])
    left = [world.server.get(world.bucket, key) for key in world.keys("output/runs")]
    shown = [ended.output.encode(), json.dumps(ended.message).encode(), *left]
    assert not [text for text in shown if CANARY.encode() in text]


def test_packages_that_are_missing_are_named_with_the_way_out(
    s3_moto: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("mlflow", "wandb"):
        lines = f"raise ModuleNotFoundError({package!r}, name={package!r})"
        (tmp_path / f"{package}.py").write_text(lines)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    world = jobs.World.made(s3_moto)
    document = checked(world, mlflow={"uri": "http://mlflow.test"}, wandb={"project": "tone"})
    ended = jobs.ended(jobs.start("train", document, world, tmp_path), tmp_path)
    assert ended.code == 0, ended.output
    messages = sorted(line["message"] for line in events(ended.output, "TrackingOff"))
    for package, message in zip(("mlflow", "wandb"), messages, strict=True):
        assert f"{package} is not installed: pip install" in message


@pytest.fixture
def mlflow_server(tmp_path: Path) -> Iterator[str]:
    """The URL of a real MLflow server, which takes the full package."""
    program = os.environ.get(FULL_MLFLOW)
    if not program:
        pytest.skip(f"{FULL_MLFLOW} names no program of a full MLflow; mlflow-skinny has no server")
    port = free_port()
    command = [
        *(program, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db"),
    ]
    with started(command, log=tmp_path / "mlflow.log") as process:
        url = f"http://127.0.0.1:{port}"
        process.await_answer(f"{url}/health")
        yield url


@pytest.mark.slow
@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("stops", [[], [StopAt(Stage.SFT, 2), StopAt(Stage.TRAIN, 3)]])
def test_mlflow_run_goes_on_and_has_each_step_once(
    s3_moto: S3Server, mlflow_server: str, stops: Sequence[StopAt]
) -> None:
    from mlflow.tracking import MlflowClient

    world = jobs.World.made(s3_moto)
    document = checked(world, mlflow={"uri": mlflow_server, "experiment": "tone"})
    client = MlflowClient(tracking_uri=mlflow_server)

    def only() -> Any:
        experiment = client.get_experiment_by_name("tone")
        (run,) = client.search_runs([experiment.experiment_id])
        return run

    for stop in stops:
        with pytest.raises(StoppedEarly):
            jobs.train(document, stop=stop)
        run = only()
        assert (run.info.status, run.data.tags["preference.state"]) == ("RUNNING", "resumable")
    summary = jobs.train(document)
    run = only()
    assert (run.info.status, run.info.run_name) == ("FINISHED", "job")
    assert run.data.tags["preference.run"] == summary.run_id
    assert run.data.tags["preference.modelURI"] == summary.model_uri
    assert run.data.params["training.steps"] == "8"
    assert run.data.metrics["eval/accuracy"] == summary.metrics.accuracy
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [metric.step for metric in history] == EVERY_STEP
    demonstrated = client.get_metric_history(run.info.run_id, "sft/loss")
    assert [metric.step for metric in demonstrated] == [1, 2, 3, 4]


def test_a_job_without_trackers_starts_nothing(
    s3_moto: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = jobs.World.made(s3_moto)
    document = jobs.check(world.document(**GIVEN))
    monkeypatch.setattr(subprocess, "Popen", None)
    jobs.train(document)
    assert list(itertools.islice(world.keys("output/runs"), 1))
