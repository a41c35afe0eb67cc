"""From `kubectl apply` to a model in the bucket, by the operator that its manifests install."""

import json
import subprocess
import sys
from typing import Any

import pytest
from safetensors.torch import load

from installed_operator import InstalledOperator
from preference_api.wire import TrainSummary
from workplace import Workplace

pytestmark = pytest.mark.node

NAME = "tone"
METHODS: dict[str, dict[str, Any]] = {
    "orpo": {"method": "ORPO"},
    "sft-then-dpo": {"sft": {"steps": 2, "learningRate": 1e-3}},
}


@pytest.fixture(scope="module")
def trained(workplace: Workplace) -> str:
    """Name of a DPO job that is through."""
    workplace.apply(NAME)
    workplace.wait(NAME, "condition=Succeeded")
    return NAME


def test_a_manifest_becomes_a_model(workplace: Workplace, trained: str) -> None:
    check_what_was_left(workplace, trained)


@pytest.mark.parametrize("name", METHODS)
def test_so_it_does_by_the_other_methods(workplace: Workplace, name: str) -> None:
    workplace.apply(name, **METHODS[name])
    workplace.wait(name, "condition=Succeeded")
    check_what_was_left(workplace, name)


def check_what_was_left(workplace: Workplace, name: str) -> None:
    """One check and one training, and in the bucket what the status names."""
    world, run, status = workplace.world, workplace.run(name), workplace.status(name)
    assert [pod["metadata"]["labels"]["preference.dev/stage"] for pod in workplace.pods(name)] == [
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


def test_the_same_manifest_again_trains_nothing(workplace: Workplace, trained: str) -> None:
    workplace.apply("again", output=trained)
    workplace.wait("again", "condition=Succeeded")
    assert workplace.wait_for_reason("again", "Reused")["status"] == "True"
    assert workplace.status("again")["result"] == workplace.status(trained)["result"]
    assert workplace.jobs.children(workplace.jobs.get("again"), stage="train") == []


def test_applied_once_more_it_stays_as_it_is(workplace: Workplace, trained: str) -> None:
    before = workplace.jobs.get(trained)
    workplace.apply(trained)
    assert workplace.jobs.get(trained) == before


def test_kubectl_shows_it(workplace: Workplace, trained: str) -> None:
    status = workplace.status(trained)
    figures = status["result"]["metrics"]
    [row] = workplace.kubectl("get", "pj", trained, "--no-headers").splitlines()
    shown = ["DPO", "Succeeded", "100", str(figures["margin"]), status["run"]["id"]]
    assert [word for word in shown if word not in row.split()] == []
    assert len(row) < 100
    wide = workplace.kubectl("get", "pj", trained, "-o", "wide")
    assert wide.split()[-1] == "Trained"
    events = workplace.kubectl("events", "--for", f"pj/{trained}", "--no-headers").splitlines()
    assert [line.split()[2] for line in events] == ["Checking", "Training", "Trained"]
    assert "Trained" in workplace.kubectl("describe", "pj", trained)


def test_kubectl_preference_shows_it(workplace: Workplace, trained: str) -> None:
    status = workplace.status(trained)
    assert preference(workplace, "report", trained) == f"{status['result']['reportURI']}\n"
    assert "Succeeded" in preference(workplace, "watch", trained)
    assert status["run"]["id"] in preference(workplace, "status", trained)
    assert "CheckpointSaved" in preference(workplace, "logs", trained)
    assert "Job completed" in preference(workplace, "events", trained)


def test_deleted_it_leaves_what_is_in_the_bucket(workplace: Workplace, trained: str) -> None:
    run, uid = workplace.run(trained), workplace.jobs.get(trained)["metadata"]["uid"]
    workplace.kubectl("delete", "pj", trained)
    selector = f"preference.dev/job-uid={uid}"
    workplace.kubectl("wait", "pods,jobs", f"--selector={selector}", "--for=delete")
    assert workplace.world.json(f"{run}/result.json")


def test_one_replica_leads_and_tells_what_happens(
    operator: InstalledOperator, workplace: Workplace, trained: str
) -> None:
    leader = operator.leader
    assert list(operator.pods.values()) == [True, True]
    [standby] = operator.pods.keys() - {leader}
    told = [json.loads(line) for line in operator.logs(leader).splitlines()]
    about = [one for one in told if one.get("namespace") == workplace.namespace]
    words = [one["reason"] for one in about if one["name"] == trained]
    assert words == ["Checking", "Training", "Trained"]
    assert "leading" not in operator.logs(standby)


def preference(workplace: Workplace, *arguments: str) -> str:
    """What the command line prints in the namespace."""
    kubeconfig = f"--kubeconfig={workplace.cluster.plane.kubeconfig}"
    done = subprocess.run(
        [sys.executable, "-m", "preference_cli", *arguments, "-n", workplace.namespace, kubeconfig],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
