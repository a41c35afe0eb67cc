"""Event files in the bucket: each step once, whatever happened to the attempts."""

import json
from pathlib import Path
from typing import Any

import pytest

import jobs
import tensorboard_reader as reader
from jobs import StopAt
from preference_api.v1alpha1.status import Stage
from preference_trainer.attempt import claim
from preference_trainer.errors import StoppedEarly, StorageUnavailable
from preference_trainer.stopping import StopRequest
from preference_trainer.storage import Location
from preference_trainer.tracking.event_files import EventFiles, last_step
from preference_trainer.tracking.messages import Entry, Series
from s3_servers import S3Server

SETTINGS = {"steps": 8, "learningRate": 1e-3, "batchSize": 4, "microBatchSize": 2}
GIVEN: dict[str, Any] = {"training": SETTINGS, "checkpoints": {"everySteps": 3}}
SFT: dict[str, Any] = {"sft": {"steps": 6, "learningRate": 1e-3}}
STORIES = [
    pytest.param({}, [], id="undisturbed"),
    pytest.param(
        {"method": "ORPO"}, [StopAt(Stage.TRAIN, 3)], id="ORPO, preempted", marks=pytest.mark.slow
    ),
    pytest.param(SFT, [StopAt(Stage.SFT, 2), StopAt(Stage.TRAIN, 3)], id="preempted twice"),
    pytest.param({}, [StopAt(Stage.EVALUATE, 1)], id="preempted while evaluated"),
]


class Killed(Exception):
    """What ends an attempt without a checkpoint."""


class KilledAt(StopAt):
    """Ends the attempt at a chosen moment, and saves nothing."""

    @property
    def requested(self) -> bool:
        if super().requested:
            raise Killed
        return False


def logged(output: str) -> dict[str, dict[int, float]]:
    """Losses by stage and step that the log tells of."""
    found: dict[str, dict[int, float]] = {"sft": {}, "preference": {}}
    for line in filter(lambda line: line.startswith("{"), output.splitlines()):
        entry = json.loads(line)
        if entry["event"] == "Step":
            series = "sft" if entry["reward_margin"] is None else "preference"
            found[series][entry["step"]] = entry["loss"]
    return found


@pytest.mark.parametrize(("fields", "stops"), STORIES)
def test_each_step_is_there_once_with_the_value_of_the_log(
    s3_moto: S3Server, capsys: pytest.CaptureFixture[str], fields: Any, stops: list[StopAt]
) -> None:
    world = jobs.World.made(s3_moto)
    document = jobs.check(world.document(**GIVEN, **fields))
    run = jobs.run_of(document)
    for stop in stops:
        with pytest.raises(StoppedEarly):
            jobs.train(document, stop=stop)
    summary = jobs.train(document)
    losses = logged(capsys.readouterr().out)
    for series in ("preference", *(["sft"] if "sft" in fields else [])):
        found = reader.scalars(world, run, series)["loss"]
        assert [step for step, _value in found] == list(range(1, len(losses[series]) + 1))
        assert [value for _step, value in found] == pytest.approx(list(losses[series].values()))
    margins = reader.scalars(world, run)["rewards/margins"]
    assert len(margins) == SETTINGS["steps"]
    evaluated = reader.scalars(world, run, "evaluation")
    assert evaluated["eval/accuracy"] == [(8, pytest.approx(summary.metrics.accuracy))]
    assert evaluated["eval/margin"] == [(8, pytest.approx(summary.metrics.margin))]


def test_text_tells_what_the_run_is_and_no_credential(s3_versitygw: S3Server) -> None:
    world = jobs.World.made(s3_versitygw)
    document = jobs.check(world.document(**GIVEN))
    jobs.train(document)
    run, resolved = jobs.run_of(document), document.resolved
    assert resolved is not None
    told = reader.text(world, run)
    for word in (resolved.run_id, resolved.dataset_digest, resolved.model_digest, "DPO", "1e-3"):
        assert word.replace("1e-3", "0.001") in told
    files = [key for key in world.keys(run) if "/tensorboard/" in key]
    content = b"".join(s3_versitygw.get(world.bucket, key) for key in files)
    assert s3_versitygw.secret_key.encode() not in content
    assert "tensorboard/preference/events.out.tfevents.00000003.1" in files[1]


def test_steps_that_were_lost_are_not_there_and_come_with_the_next_attempt(
    s3_moto: S3Server,
) -> None:
    world = jobs.World.made(s3_moto)
    document = jobs.check(world.document(**GIVEN))
    run = jobs.run_of(document)
    with pytest.raises(Killed):
        jobs.train(document, stop=KilledAt(Stage.TRAIN, 5))
    assert [step for step, _ in reader.scalars(world, run)["loss"]] == [1, 2, 3]
    jobs.train(document)
    assert [step for step, _ in reader.scalars(world, run)["loss"]] == list(range(1, 9))


def test_what_could_not_be_written_is_written_by_the_next_attempt(
    s3_moto: S3Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_self: EventFiles, _series: Series, _step: int) -> None:
        raise StorageUnavailable("the bucket did not answer", remedy="")

    world = jobs.World.made(s3_moto)
    document = jobs.check(world.document(**GIVEN))
    with monkeypatch.context() as patch:
        patch.setattr(EventFiles, "_write", refuse)
        with pytest.raises(StoppedEarly):
            jobs.train(document, stop=StopAt(Stage.TRAIN, 3))
    assert "EventFileNotWritten" in capsys.readouterr().out
    run = jobs.run_of(document)
    assert not [key for key in world.keys(run) if "/tensorboard/" in key]
    jobs.train(document)
    assert [step for step, _ in reader.scalars(world, run)["loss"]] == list(range(1, 9))


def test_damaged_checkpoint_repeats_no_step(s3_moto: S3Server) -> None:
    world = jobs.World.made(s3_moto)
    document = jobs.check(world.document(**GIVEN))
    run = jobs.run_of(document)
    with pytest.raises(StoppedEarly):
        jobs.train(document, stop=StopAt(Stage.TRAIN, 4))
    newest = [key for key in world.keys(f"{run}/checkpoints") if key.endswith("manifest.json")][-1]
    s3_moto.delete(world.bucket, newest)
    jobs.train(document)
    assert [step for step, _ in reader.scalars(world, run)["loss"]] == list(range(1, 9))


def test_an_attempt_that_lost_the_run_writes_no_file(place: Location) -> None:
    lost, _newer = (claim(place, owner="job", stop=StopRequest()) for _ in range(2))
    files = EventFiles(attempt=lost, text="")
    files.add(Series.PREFERENCE, (Entry(step=1, time=1.0, figures={"loss": 1.0}),))
    files.close(Series.PREFERENCE, 1)
    assert last_step(place / "tensorboard/preference") is None


def test_local_run_has_them_too(tmp_path: Path, s3_moto: S3Server) -> None:
    world = jobs.World.made(s3_moto)
    document = world.document(**GIVEN)
    output = document.spec.output.model_copy(update={"uri": f"file://{tmp_path}/output"})
    spec = document.spec.model_copy(update={"output": output})
    local = jobs.check(document.model_copy(update={"spec": spec, "local": True}))
    jobs.train(local)
    names = sorted(path.name for path in tmp_path.rglob("tensorboard/preference/*"))
    assert names == [f"events.out.tfevents.{step:08d}.1" for step in (3, 6, 8)]
