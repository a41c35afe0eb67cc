"""From `kubectl apply` to a model in the bucket, by the operator that its chart installs."""

import json
from typing import Any

import pytest
from safetensors.torch import load

from installed_operator import InstalledOperator
from preference_api.wire import TrainSummary
from preference_command import preference
from team_space import TeamSpace

pytestmark = pytest.mark.node

NAME = "tone"
METHODS: dict[str, dict[str, Any]] = {
    "orpo": {"method": "ORPO"},
    "sft-then-dpo": {"sft": {"steps": 2, "learningRate": 1e-3}},
}


@pytest.fixture(scope="module")
def trained(team_space: TeamSpace) -> str:
    """Name of a DPO job that is through."""
    team_space.apply(NAME)
    team_space.wait(NAME, "condition=Succeeded")
    return NAME


def test_a_manifest_becomes_a_model(team_space: TeamSpace, trained: str) -> None:
    check_what_was_left(team_space, trained)


@pytest.mark.parametrize("name", METHODS)
def test_so_it_does_by_the_other_methods(team_space: TeamSpace, name: str) -> None:
    team_space.apply(name, **METHODS[name])
    team_space.wait(name, "condition=Succeeded")
    check_what_was_left(team_space, name)


def check_what_was_left(team_space: TeamSpace, name: str) -> None:
    """One check and one training, and in the bucket what the status names."""
    world, run, status = team_space.world, team_space.run(name), team_space.status(name)
    assert [pod["metadata"]["labels"]["preference.dev/stage"] for pod in team_space.pods(name)] == [
        "check",
        "train",
    ]
    summary = TrainSummary.model_validate(world.json(f"{run}/result.json"))
    assert status["result"]["modelURI"] == summary.model_uri
    assert summary.model_uri == f"s3://{world.bucket}/{run}/model"
    assert status["result"]["metrics"] == summary.metrics.model_dump(by_alias=True)
    assert load(world.server.get(world.bucket, f"{run}/model/model.safetensors"))
    report = world.server.get(world.bucket, f"{run}/report.html")
    assert report.lstrip().lower().startswith(b"<!doctype html>")
    assert summary.headline.encode() in report
    assert status["attempts"] == {"failures": 0, "preemptions": 0}


def test_the_same_manifest_again_trains_nothing(team_space: TeamSpace, trained: str) -> None:
    team_space.apply("again", output=trained)
    team_space.wait("again", "condition=Succeeded")
    assert team_space.wait_for_reason("again", "Reused")["status"] == "True"
    assert team_space.status("again")["result"] == team_space.status(trained)["result"]
    assert team_space.jobs.children(team_space.jobs.get("again"), stage="train") == []


def test_applied_once_more_it_stays_as_it_is(team_space: TeamSpace, trained: str) -> None:
    before = team_space.jobs.get(trained)
    team_space.apply(trained)
    assert team_space.jobs.get(trained) == before


def test_kubectl_shows_it(team_space: TeamSpace, trained: str) -> None:
    status = team_space.status(trained)
    figures = status["result"]["metrics"]
    [row] = team_space.kubectl("get", "pj", trained, "--no-headers").splitlines()
    shown = ["DPO", "Succeeded", "100", str(figures["margin"]), status["run"]["id"]]
    assert [word for word in shown if word not in row.split()] == []
    assert len(row) < 100
    wide = team_space.kubectl("get", "pj", trained, "-o", "wide")
    assert wide.split()[-1] == "Trained"
    events = team_space.kubectl("events", "--for", f"pj/{trained}", "--no-headers").splitlines()
    assert [line.split()[2] for line in events] == ["Checking", "Training", "Trained"]
    assert "Trained" in team_space.kubectl("describe", "pj", trained)


def test_kubectl_preference_shows_it(team_space: TeamSpace, trained: str) -> None:
    status = team_space.status(trained)
    assert preference(team_space, "report", trained) == f"{status['result']['reportURI']}\n"
    assert "Succeeded" in preference(team_space, "watch", trained)
    assert status["run"]["id"] in preference(team_space, "status", trained)
    assert "CheckpointSaved" in preference(team_space, "logs", trained)
    assert "Job completed" in preference(team_space, "events", trained)


def test_deleted_it_leaves_what_is_in_the_bucket(team_space: TeamSpace, trained: str) -> None:
    run, uid = team_space.run(trained), team_space.jobs.get(trained)["metadata"]["uid"]
    team_space.kubectl("delete", "pj", trained)
    selector = f"preference.dev/job-uid={uid}"
    team_space.kubectl("wait", "pods,jobs", f"--selector={selector}", "--for=delete")
    assert team_space.world.json(f"{run}/result.json")


def test_one_replica_leads_and_tells_what_happens(
    operator: InstalledOperator, team_space: TeamSpace, trained: str
) -> None:
    leader = operator.leader
    assert list(operator.pods.values()) == [True, True]
    [standby] = operator.pods.keys() - {leader}
    told = [json.loads(line) for line in operator.logs(leader).splitlines()]
    about = [one for one in told if one.get("namespace") == team_space.namespace]
    words = [one["reason"] for one in about if one["name"] == trained]
    assert words == ["Checking", "Training", "Trained"]
    assert "leading" not in operator.logs(standby)
