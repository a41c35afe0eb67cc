"""What MLflow is told, on its own store of files in place of a server."""

import math
from pathlib import Path
from typing import Any

import pytest

from preference_api.v1alpha1.tracking import MLflow, Tracking
from preference_trainer.tracking.messages import About, Ending, Entry, Series, State
from preference_trainer.tracking.mlflow_sink import MLflowSink

RUN = "0123456789abcdef"
TAGS = {"preference.run": RUN, "preference.datasetDigest": "d" * 64}
PARAMETERS = {"model.uri": "s3://bucket/base", "dataset.prompt.system": "x" * 9000}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return f"file://{tmp_path}/runs"


def about(store: str, **parameters: str) -> About:
    # The API allows servers alone, so the store is put in unchecked.
    mlflow = MLflow.model_construct(uri=store, experiment="tone of voice")
    return About.model_construct(
        run_id=RUN,
        name="tone",
        parameters={**PARAMETERS, **parameters},
        tags=TAGS,
        tracking=Tracking.model_construct(mlflow=mlflow),
    )


def entries(*steps: int) -> tuple[Entry, ...]:
    return tuple(Entry(step=step, time=1.5, figures={"loss": 1 / step}) for step in steps)


def runs(store: str) -> list[Any]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=store)
    experiment = client.get_experiment_by_name("tone of voice")
    return list(client.search_runs([experiment.experiment_id]))


def test_a_later_attempt_finds_the_run_and_the_steps_that_it_has(store: str) -> None:
    first, second = MLflowSink(), MLflowSink()
    assert first.begin(about(store)) == {}
    first.write(Series.SFT, entries(1, 2))
    first.write(Series.PREFERENCE, entries(1))
    first.end(Ending(state=State.RESUMABLE, reason="StoppedEarly"))
    # The same content may lie elsewhere by now, and MLflow lets no parameter change.
    moved = about(store, **{"model.uri": "s3://other/base"})
    assert second.begin(moved) == {Series.SFT: 2, Series.PREFERENCE: 1}
    (run,) = runs(store)
    assert (run.info.status, run.info.run_name) == ("RUNNING", "tone")
    assert run.data.params["model.uri"] == "s3://bucket/base"
    assert run.data.tags["preference.datasetDigest"] == "d" * 64
    assert run.data.tags["preference.state"] == "training"


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (Ending(state=State.FINISHED, model_uri="s3://bucket/model"), "FINISHED"),
        (Ending(state=State.FAILED, reason="Diverged"), "FAILED"),
        (Ending(state=State.RESUMABLE, reason="StoppedEarly"), "RUNNING"),
    ],
)
def test_the_end_shows(store: str, ending: Ending, status: str) -> None:
    sink = MLflowSink()
    sink.begin(about(store))
    sink.end(ending)
    (run,) = runs(store)
    assert run.info.status == status
    assert run.data.tags["preference.state"] == ending.state
    assert run.data.tags["preference.reason"] == ending.reason
    assert run.data.tags.get("preference.modelURI", "") == ending.model_uri


def test_more_figures_than_a_request_takes(store: str) -> None:
    sink = MLflowSink()
    sink.begin(about(store))
    many = [entry.model_copy(update={"figures": {"loss": math.pi}}) for entry in entries(1)]
    steps = tuple(many[0].model_copy(update={"step": step}) for step in range(1, 1203))
    sink.write(Series.PREFERENCE, steps)
    assert MLflowSink().begin(about(store)) == {Series.PREFERENCE: 1202}
