"""`lineage`: what object, manifest and bucket tell of a run, and what could not be read."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pointers
from cli_world import World, checked, failed, manifest, trained
from preference_api.v1alpha1.storage import Storage
from preference_cli.__main__ import main
from preference_trainer.storage import Location, open_location
from s3_servers import S3Server
from team import MODEL, RUN_ID, SPEC_HASH, Team, running, succeeded

COMMIT = {"annotations": {"preference.dev/commit": "4f2a", "preference.dev/repository": "git/x"}}
DIGESTS = {"runId": RUN_ID, "datasetDigest": "d1", "modelDigest": "m1", "sftDigest": "s1"}


@pytest.fixture
def real(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A place whose trainer is the real one."""
    monkeypatch.delenv("PREFERENCE_PYTHON")
    return world


@pytest.fixture
def output(s3_versitygw: S3Server) -> Location:
    """Two finished runs, of which the later one is current."""
    output = open_location(f"s3://{s3_versitygw.new_bucket()}/out", s3_versitygw.storage())
    for run, accuracy in (("first", 0.6), (RUN_ID, 0.7)):
        pointers.finish(output, run, accuracy=accuracy, attempts=2)
    return output


@pytest.fixture
def job(real: World, team: Team, output: Location, s3_versitygw: S3Server) -> Team:
    """An object whose output that is."""
    storage = s3_versitygw.storage().model_dump(by_alias=True, mode="json")
    team.create(metadata=COMMIT, spec={"output": {"uri": output.uri}, "storage": storage})
    status = succeeded()
    status["run"] |= {"resolved": DIGESTS, "datasetChangedTime": "2026-01-02T03:00:00Z"}
    status["dataset"] = {"digest": "d1", "pairs": 90, "evaluationPairs": 10, "dropped": 3}
    status["attempts"] = {"failures": 1, "preemptions": 2}
    status["history"] += [{"runId": "first", "number": 1, "reason": "Trained"}]
    team.put_status(status)
    current = output / f"jobs/{team.namespace}/tiny/current.json"
    said = {"runId": RUN_ID, "promotedAt": "2026-01-02T03:04:05+00:00", "history": []}
    said["history"] = [{"runId": "first", "promotedAt": "2026-01-01T03:04:05+00:00"}]
    current.write(json.dumps(said).encode())
    return team


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def call(*arguments: str) -> Any:
        assert main(["lineage", *arguments, "--output", "json"]) == 0
        return json.loads(capsys.readouterr().out)

    return call


@pytest.mark.cluster
def test_object_and_bucket_are_told_together(job: Team, told: Callable[..., Any]) -> None:
    found = told("tiny")
    assert (found["runId"], found["number"], found["state"]) == (RUN_ID, 2, "Succeeded")
    assert found["origin"] == {"commit": f"commit-of-{RUN_ID}"}
    assert found["present"]["origin"] == {"commit": "4f2a", "repository": "git/x"}
    assert found["specHash"] == SPEC_HASH
    assert found["datasetChangedTime"] == "2026-01-02T03:00:00Z"
    assert (found["attempts"], found["failures"], found["preemptions"]) == (2, 1, 2)
    assert found["pairs"] == "90 to train on, 10 held out, 3 left out"
    assert found["metrics"]["accuracy"] == 0.7
    assert found["gate"] == {"passed": True, "message": "No condition is set."}
    assert found["current"]["runId"] == RUN_ID
    assert [entry["runId"] for entry in found["promotions"]] == ["first"]
    (earlier,) = found["earlier"]
    assert (earlier["runId"], earlier["number"]) == ("first", 1)
    assert earlier["commit"] == "commit-of-first"
    assert found["unread"] == []


@pytest.mark.cluster
def test_people_read_it_on_a_page(job: Team, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lineage", "tiny"]) == 0
    out = capsys.readouterr().out
    assert {
        f"{job.namespace}/tiny",
        f"commit commit-of-{RUN_ID}",
        f"manifest DPO, spec hash {SPEC_HASH}",
        f"run {RUN_ID}, number 2, Succeeded",
        "attempts 2, 1 failed, 2 preempted",
        "digest d1",
        "demonstrations digest s1",
        f"run {RUN_ID} (this run)",
        "gate passed: No condition is set.",
    } <= {" ".join(line.split()) for line in out.splitlines()}
    assert "begun by a changed dataset" in out
    assert re.search(r"^ +now spec hash [0-9a-f]{10} of 4f2a of git/x$", out, re.MULTILINE)
    assert "not read" not in out


@pytest.mark.cluster
def test_another_run_is_told_without_what_the_object_knows_of_its_own(
    job: Team, told: Callable[..., Any]
) -> None:
    found = told("tiny", "--run", "first")
    assert (found["runId"], found["origin"]["commit"]) == ("first", "commit-of-first")
    assert not {"state", "number", "failures", "pairs", "datasetChangedTime"} & {
        name for name, value in found.items() if value not in ("", None)
    }
    assert [run["runId"] for run in found["earlier"]] == [RUN_ID]


@pytest.mark.cluster
def test_a_bucket_that_cannot_be_read_leaves_what_the_object_tells(
    world: World, team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan(lineage=[failed(5, "StorageUnavailable", "no way there")])
    team.create(metadata=COMMIT)
    status = running()
    status["run"] |= {"resolved": DIGESTS}
    team.put_status(status)
    assert main(["lineage", "tiny"]) == 0
    out, err = capsys.readouterr()
    assert world.seen("lineage")["arguments"][1:] == ["--run", RUN_ID]
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert {"commit 4f2a of git/x", "digest m1", f"run {RUN_ID}, number 2, Training"} <= {*lines}
    assert "preference-step-000500" in out
    assert "not read\n  s3://models/out  no way there" in out
    assert "StorageUnavailable: no way there" in err
    assert "with your own credentials" in err


@pytest.mark.cluster
def test_the_object_tells_evaluation_and_gate_where_the_bucket_does_not(
    world: World, team: Team, told: Callable[..., Any]
) -> None:
    world.plan(lineage=[failed(4, "AccessDenied", "no right")])
    team.create()
    team.put_status(succeeded())
    found = told("tiny")
    assert found["metrics"] == {"accuracy": 0.71, "margin": 0.38, "gain": 0.2}
    assert found["gate"] == {"passed": False, "message": "Accuracy 0.71 is below 0.8."}
    assert found["modelUri"] == MODEL


def test_a_manifest_tells_of_its_last_run_on_this_machine(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = open_location((world.folder / "out").as_uri(), Storage(), local=True)
    for run in ("mine", "another"):
        pointers.finish(output, run)
    world.plan(check=[checked()], train=[trained(world.folder, runId="mine")])
    assert main(["run", "job.yaml", "--output", "plain"]) == 0
    monkeypatch.delenv("PREFERENCE_PYTHON")
    capsys.readouterr()
    assert main(["lineage", "job.yaml"]) == 0
    assert "  run       mine\n" in capsys.readouterr().out


def test_without_a_bucket_nothing_is_told_of_a_manifest(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan(lineage=[failed(4, "AccessDenied", "no right")])
    assert main(["lineage", "job.yaml"]) == 4
    out, err = capsys.readouterr()
    assert (out, "AccessDenied: no right" in err) == ("", True)


def test_a_job_that_never_ran_has_nothing_but_its_manifest(
    real: World, told: Callable[..., Any]
) -> None:
    real.write("job.yaml", manifest(output={"uri": str(Path("out").absolute())}, sft={}))
    found = told("job.yaml")
    assert found["stages"] == ["SFT", "DPO"]
    assert not {"runId", "current", "gate"} & set(found)
