import json
import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from cli_world import RESOLVED, RUN_ID, World, checked, failed, manifest, trained
from preference_api.wire import RunDocument
from preference_cli.__main__ import main


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_checks_then_trains_from_what_the_check_resolved(world: World) -> None:
    assert main(["run", "job.yaml"]) == 0
    check = RunDocument.model_validate(world.seen("check")["run"])
    train = RunDocument.model_validate(world.seen("train")["run"])
    assert world.seen("check")["module"] == "preference_trainer"
    assert (check.name, check.namespace, check.local, check.resolved) == (
        "tiny",
        "default",
        True,
        None,
    )
    assert train.resolved is not None
    assert train.resolved.model_dump(by_alias=True, exclude_none=True) == RESOLVED
    assert train.model_copy(update={"resolved": None}) == check


def test_paths_are_relative_to_the_manifest_and_overrides_to_the_working_directory(
    world: World,
) -> None:
    world.write("jobs/job.yaml", manifest())
    assert main(["run", "jobs/job.yaml", "--set", "dataset.uri=pairs.jsonl"]) == 0
    spec = world.seen("check")["run"]["spec"]
    assert spec["model"]["uri"] == (world.folder / "jobs/models/base").as_uri()
    assert spec["dataset"]["uri"] == (world.folder / "pairs.jsonl").as_uri()


def test_overrides_reach_the_trainer(world: World) -> None:
    options = ["--set", "training.learningRate=5e-7", "--set", "metadata.namespace=team"]
    assert main(["run", "job.yaml", *options]) == 0
    run = world.seen("train")["run"]
    assert run["spec"]["training"]["learningRate"] == 5e-7
    assert run["namespace"] == "team"


def test_says_what_was_found_published_and_where(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = trained(world.folder, promoted=False, gateMessage="0.71 is below 0.8")
    world.plan(check=[checked(warnings=["7 rows are duplicates"])], train=[verdict])
    assert main(["run", "job.yaml"]) == 0
    out, err = capsys.readouterr()
    run = world.folder / "out" / "runs" / RUN_ID
    for text in (
        "1,200 to train on",
        "133 held out",
        "7 left out",
        "3 GiB of the device",
        "warning: 7 rows are duplicates",
        "prefers the chosen answer in 71 %",
        f"model   {run}/model\n",
        f"report  {run}/report.html\n",
        "gate    not promoted: 0.71 is below 0.8",
    ):
        assert text in out
    assert err == ""


def test_a_finished_run_is_not_trained_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan(check=[checked(reused=True)])
    assert main(["run", "job.yaml"]) == 0
    assert not world.ran("train")
    out = capsys.readouterr().out
    assert f"run {RUN_ID} of the same content is already finished" in out
    assert f"{world.folder}/out/runs/{RUN_ID}/model" in out


def test_a_run_that_is_trained_elsewhere_is_not_begun(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan(check=[checked(elsewhere=True)])
    assert main(["run", "job.yaml"]) == 75
    assert not world.ran("train")
    told = capsys.readouterr().err
    assert "TrainedElsewhere: the same run is trained elsewhere" in told
    assert "give the same command again when that has ended" in told


def test_a_finished_run_on_this_machine_tells_what_it_showed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    run = world.folder / "out" / "runs" / RUN_ID
    run.mkdir(parents=True)
    (run / "result.json").write_text(json.dumps(trained(world.folder)[1]["result"]))
    world.plan(check=[checked(reused=True)])
    assert main(["run", "job.yaml", "--output", "json"]) == 0
    result = lines(capsys.readouterr().out)[-1]["result"]
    assert result["reused"] is True
    assert result["headline"].startswith("It prefers the chosen answer in 71 %")


@pytest.mark.parametrize("code", [2, 3, 4, 5])
def test_a_failed_check_ends_the_call_with_its_exit_code(
    world: World, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    world.plan(check=[failed(code, "BadData", "pairs.jsonl, row 7: no chosen", "add it")])
    assert main(["run", "job.yaml"]) == code
    assert not world.ran("train")
    err = capsys.readouterr().err
    assert "BadData: pairs.jsonl, row 7: no chosen" in err
    assert "way out  add it" in err
    assert "check.log" in err


def test_the_exit_code_is_that_of_the_training(world: World) -> None:
    world.plan(check=[checked()], train=[failed(6, "Diverged", "loss is NaN at step 3")])
    assert main(["run", "job.yaml"]) == 6


def test_a_killed_trainer_is_told_in_words_with_its_last_lines(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [["say", "first"], ["log", "StepDone"], ["die", signal.SIGKILL]]
    world.plan(check=[checked()], train=steps)
    assert main(["run", "job.yaml"]) == 128 + signal.SIGKILL
    err = capsys.readouterr().err
    for text in ("killed (SIGKILL)", "memory ran out", "  StepDone\n", "microBatchSize"):
        assert text in err
    (log,) = (world.folder / "cache").glob("preference/tiny/*/train.log")
    assert str(log) in err
    assert log.read_text().startswith("first\n")


def test_an_interpreter_without_the_trainer_is_named(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan(check=[["say", "python3: No module named preference_trainer"], ["exit", 1]])
    assert main(["run", "job.yaml"]) == 1
    assert "'.[trainer]' in a checkout of preference-operator" in capsys.readouterr().err


@pytest.mark.parametrize("python", ["/nowhere/python", "/"])
def test_an_interpreter_that_cannot_be_started_is_named(
    world: World, capsys: pytest.CaptureFixture[str], python: str
) -> None:
    assert main(["run", "job.yaml", "--python", python]) == 2
    err = capsys.readouterr().err
    assert f"{python} cannot be started" in err
    assert "PREFERENCE_PYTHON" in err


def test_json_writes_events_and_one_result(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {"stage": "Train", "step": 3, "steps": 9, "percent": 33.3, "loss": float("nan")}
    world.plan(check=[checked()], train=[["progress", figures], trained(world.folder)])
    assert main(["run", "job.yaml", "--output", "json"]) == 0
    out, err = capsys.readouterr()
    events = lines(out)
    assert [event["event"] for event in events] == ["start", "checked", "progress", "result"]
    assert events[1]["resolved"]["runId"] == RUN_ID
    assert (events[2]["stage"], events[2]["step"]) == ("Train", 3)
    assert "loss" not in events[2]
    assert events[3]["exitCode"] == 0
    assert events[3]["result"]["metrics"]["accuracy"] == 0.71
    assert err == ""


def test_json_tells_a_failure_in_the_result(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan(check=[failed(3, "BadData", "row 7", "mend it", checkpointUri="s3://b/c")])
    assert main(["run", "job.yaml", "--output", "json"]) == 3
    result = lines(capsys.readouterr().out)[-1]
    assert result.pop("log").endswith("check.log")
    assert result == {
        "event": "result",
        "exitCode": 3,
        "reason": "BadData",
        "message": "row 7",
        "remedy": "mend it",
        "checkpointUri": "s3://b/c",
    }


@pytest.mark.parametrize("form", ["plain", "json"])
def test_verbose_passes_the_log_on(
    world: World, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    world.plan(check=[["log", "ReadingRows"], checked()], train=[trained(world.folder)])
    assert main(["run", "job.yaml", "-v", "--output", form]) == 0
    out, err = capsys.readouterr()
    assert "ReadingRows" in (out if form == "plain" else err)
    assert form == "plain" or all("ReadingRows" not in line for line in out.splitlines())


def test_the_run_folder_is_the_users_alone(world: World) -> None:
    assert main(["run", "job.yaml"]) == 0
    (folder,) = (world.folder / "cache/preference/tiny").iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == [
        "check.log",
        "check.termination.json",
        "record.json",
        "train.log",
        "train.termination.json",
    ]


def test_a_cache_beside_the_home_is_used_where_nothing_else_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(world.folder / "home"))
    assert main(["run", "job.yaml"]) == 0
    assert list(Path(os.environ["HOME"]).glob(".cache/preference/tiny/*/record.json"))
