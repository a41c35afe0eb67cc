import json
import os
from pathlib import Path

import pytest

from cli_world import RUN_ID, World, checked, failed, manifest, trained
from preference_cli.__main__ import main

REMOTE = "s3://bucket/out"
REMOTE_REPORT = f"{REMOTE}/runs/{RUN_ID}/report.html"
FETCHED = ["end", {"exitCode": 0, "reason": "Done"}]


@pytest.fixture
def report(world: World) -> Path:
    """The report of a finished run on this machine."""
    path = world.folder / "out" / "runs" / RUN_ID / "report.html"
    path.parent.mkdir(parents=True)
    path.write_text("<html>")
    return path


@pytest.fixture
def finished(world: World, report: Path, capsys: pytest.CaptureFixture[str]) -> World:
    """A place where `job.yaml` was run, its output on this machine."""
    assert main(["run", "job.yaml"]) == 0
    capsys.readouterr()
    return world


@pytest.fixture
def remote(world: World, capsys: pytest.CaptureFixture[str]) -> World:
    """A place where `job.yaml` was run, its output in a bucket."""
    world.write("job.yaml", manifest(output={"uri": REMOTE}))
    train = trained(world.folder, reportUri=REMOTE_REPORT, modelUri=f"{REMOTE}/runs/{RUN_ID}/model")
    world.plan(check=[checked()], train=[train], fetch=[FETCHED])
    assert main(["run", "job.yaml"]) == 0
    capsys.readouterr()
    return world


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["report", *arguments]) == 0
    return capsys.readouterr().out


def test_a_manifest_finds_the_report_of_its_last_run(
    finished: World, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printed(capsys, "job.yaml") == f"{report}\n"
    assert printed(capsys, "./out/../job.yaml") == f"{report}\n"


def test_the_last_of_several_runs_counts(
    finished: World, capsys: pytest.CaptureFixture[str]
) -> None:
    later = finished.folder / "later" / "report.html"
    later.parent.mkdir()
    later.touch()
    train = trained(finished.folder, reportUri=later.as_uri())
    finished.plan(check=[checked()], train=[train])
    assert main(["run", "job.yaml", "--set", "metadata.name=another"]) == 0
    capsys.readouterr()
    assert printed(capsys, "job.yaml") == f"{later}\n"


def test_a_reused_run_has_its_report_too(
    world: World, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan(check=[checked(reused=True)])
    assert main(["run", "job.yaml"]) == 0
    capsys.readouterr()
    assert printed(capsys, "job.yaml") == f"{report}\n"


@pytest.mark.parametrize("target", ["out/runs/{id}", "file://{cwd}/out/runs/{id}", "{cache}"])
def test_a_folder_of_a_run_or_of_its_logs_finds_the_report(
    finished: World, report: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    (cache,) = (finished.folder / "cache/preference/tiny").iterdir()
    target = target.format(id=RUN_ID, cwd=finished.folder, cache=cache)
    assert printed(capsys, target) == f"{report}\n"


def test_to_copies_it(finished: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "job.yaml", "--to", "reports/new") == "reports/new/report.html\n"
    assert Path("reports/new/report.html").read_text() == "<html>"


def test_open_shows_it_in_the_browser(
    finished: World,
    report: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    browser = finished.folder / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > opened\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    assert printed(capsys, "job.yaml", "--open") == f"{report}\n"
    assert Path("opened").read_text() == f"{report.as_uri()}\n"


def test_a_report_in_a_bucket_is_named_and_not_fetched(
    remote: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printed(capsys, "job.yaml") == f"{REMOTE_REPORT}\n"
    assert not remote.ran("fetch")


@pytest.mark.parametrize(
    "arguments", [("job.yaml",), (REMOTE_REPORT,), (f"{REMOTE}/runs/{RUN_ID}/",)]
)
def test_a_report_in_a_bucket_is_fetched_with_the_storage_settings_of_its_run(
    remote: World, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    remote.plan(fetch=[["progress", {"stage": "Check"}], FETCHED])
    assert main(["report", *arguments, "--to", "here"]) == 0
    assert capsys.readouterr() == ("here/report.html\n", "")
    seen = remote.seen("fetch")
    assert seen["arguments"] == [REMOTE_REPORT, str(remote.folder / "here")]
    assert seen["run"]["spec"]["output"]["uri"] == REMOTE


def test_a_report_of_another_machine_needs_a_manifest(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", REMOTE_REPORT, "--to", "here"]) == 2
    assert "--manifest FILE" in capsys.readouterr().err
    world.write("job.yaml", manifest(storage={"endpoint": "http://storage:9000"}))
    world.plan(fetch=[FETCHED])
    assert main(["report", REMOTE_REPORT, "--to", "here", "--manifest", "job.yaml"]) == 0
    assert world.seen("fetch")["run"]["spec"]["storage"]["endpoint"] == "http://storage:9000"


def test_a_report_that_cannot_be_fetched_says_why(
    remote: World, capsys: pytest.CaptureFixture[str]
) -> None:
    remote.plan(fetch=[failed(4, "NotFound", "there is nothing at it", "correct the URI")])
    assert main(["report", "job.yaml", "--to", "here"]) == 4
    out, err = capsys.readouterr()
    assert "NotFound: there is nothing at it" in err
    assert "cluster" not in err
    assert out == ""


@pytest.mark.parametrize(
    ("target", "message"),
    [("job.yaml", "no run of job.yaml has finished"), (".", "there is no report at")],
)
def test_says_that_there_is_none(
    world: World, capsys: pytest.CaptureFixture[str], target: str, message: str
) -> None:
    assert main(["report", target]) == 2
    assert message in capsys.readouterr().err


def test_a_report_that_was_deleted_is_not_promised(
    finished: World, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report.unlink()
    assert main(["report", "job.yaml"]) == 2
    assert f"there is no report at {report}" in capsys.readouterr().err


def test_a_broken_record_is_passed_over(
    finished: World, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = finished.folder / "cache/preference/tiny/99999999T000000"
    folder.mkdir()
    (folder / "record.json").write_text(json.dumps({"manifest": os.getcwd() + "/job.yaml"}))
    assert printed(capsys, "job.yaml") == f"{report}\n"
