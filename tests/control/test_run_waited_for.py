"""Those who wait for a PreferenceJob: Helm 4 and kubectl, as they are, on a real run."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

import programs
from awaiting import until
from preference_api.children import ChildStage
from preference_api.wire import ExitCode, TerminationMessage
from preference_jobs import manifest
from run_player import TRAINED, RunPlayer

pytestmark = pytest.mark.cluster

CHART = {"apiVersion": "v2", "name": "models", "version": "1.0.0"}
LONGEST = "--timeout=120s"
REFUSED = TerminationMessage(
    exit_code=ExitCode.BAD_DATA, reason="BadData", message="row 17: both answers are equal"
)

Waiter = subprocess.Popen[str]


@contextmanager
def waiting(player: RunPlayer, program: str, *arguments: str | Path) -> Iterator[Waiter]:
    """A program that runs until what it waits for has come, or cannot come any more."""
    place = ("--kubeconfig", player.plane.kubeconfig, "--namespace", player.namespace, LONGEST)
    command = [programs.find(program), *arguments, *place]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def installing(player: RunPlayer, folder: Path) -> Iterator[Waiter]:
    """`helm install --wait` of a chart with a PreferenceJob in it, once that is there."""
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(yaml.safe_dump(CHART))
    output = {"uri": f"s3://bucket/{player.namespace}"}
    (chart / "templates/job.yaml").write_text(yaml.safe_dump(manifest(player.name, output=output)))
    with waiting(player, "helm", "install", "models", chart, "--wait") as process:
        until(lambda: player.jobs.exists(player.name))
        player.follow()
        yield process


def test_helm_waits_until_the_model_is_published(player: RunPlayer, tmp_path: Path) -> None:
    with installing(player, tmp_path) as helm:
        player.check()
        player.preempt(player.train())
        pod = player.start(ChildStage.TRAIN)
        assert helm.poll() is None
        player.end(pod, TRAINED)
        said, complaint = helm.communicate()
    assert helm.returncode == 0, complaint
    assert "STATUS: deployed" in said


def test_helm_tells_of_a_failure_at_once_and_why(player: RunPlayer, tmp_path: Path) -> None:
    with installing(player, tmp_path) as helm:
        player.check(REFUSED)
        _said, complaint = helm.communicate()
    assert helm.returncode != 0
    assert "status: Failed" in complaint
    assert "Row 17: both answers are equal" in complaint
    assert "deadline" not in complaint


@pytest.mark.parametrize(
    ("condition", "word"), [("Succeeded", TRAINED), ("Ready", TRAINED), ("Stalled", REFUSED)]
)
def test_kubectl_waits_for_a_condition(
    player: RunPlayer, condition: str, word: TerminationMessage
) -> None:
    player.create()
    name = f"preferencejob/{player.name}"
    with waiting(player, "kubectl", "wait", name, f"--for=condition={condition}") as kubectl:
        if word is TRAINED:
            player.check()
        pod = player.start(ChildStage.TRAIN if word is TRAINED else ChildStage.CHECK)
        assert kubectl.poll() is None
        player.end(pod, word)
        said, complaint = kubectl.communicate()
    assert kubectl.returncode == 0, complaint
    assert "condition met" in said
