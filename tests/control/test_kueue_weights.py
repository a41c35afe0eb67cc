"""Preempted by a queue amid training, a run ends with the weights that it would have had.

Scheduler and kubelet are played; the trainings are the real trainer's processes.
"""

from pathlib import Path
from typing import Any

import pytest

import jobs
import queue_runs
from awaiting import until
from control_plane import ControlPlane
from kueue_manager import QUEUE_LABEL
from pods import Body, run_document
from preference_api.children import ChildStage
from preference_api.wire import ExitCode, TerminationMessage
from queue_runs import FLAVOR, Queue
from run_player import RunPlayer
from s3_servers import S3Server

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

STEPS, CPUS = 40, "cpus"
RESOURCES = {"gpus": 0, "cpu": "1"}
"""A machine of the tests has no device, so that the queue shares out a processor."""
SPEC: dict[str, Any] = {
    "training": {
        "steps": STEPS,
        "learningRate": 1e-3,
        "batchSize": 32,
        "microBatchSize": 2,
        "gradientCheckpointing": False,
    },
    "checkpoints": {"everySteps": 10},
    "resources": RESOURCES,
}


@pytest.fixture(scope="module")
def control(queued_control: ControlPlane) -> ControlPlane:
    """Kueue's control plane in place of the one that others share."""
    return queued_control


def test_the_weights_are_those_of_a_run_that_was_left_alone(
    queue: Queue, s3_moto: S3Server, tmp_path: Path
) -> None:
    queue.kueue.queue(queue.namespace, CPUS, flavor=FLAVOR, gpus=0, cpus=1)
    world = jobs.World.made(s3_moto)
    alone = asked_for(queue, world, tmp_path, "alone")
    assert trained(alone, world, tmp_path).code == ExitCode.DONE
    alone.await_success()

    victim = asked_for(queue, world, tmp_path, "victim")
    pod = queue_runs.start(victim)
    process = begun(pod, world, tmp_path)
    until(lambda: len(checkpoints(world, "victim")) > 0)
    urgent = queue.asked_for("urgent", high=True, queue=CPUS, resources=RESOURCES)
    victim.await_told_to_go(pod)
    process.terminate()
    told(victim, pod, jobs.ended(process, tmp_path), ExitCode.STOPPED_EARLY)
    victim.kubelet.remove(pod)
    victim.await_word("Succeeded", "Unknown", "Queued")
    saved = victim.record.status["checkpoint"]["step"]
    assert saved in range(10, STEPS)

    queue_runs.finish(urgent)
    again = trained(victim, world, tmp_path)
    victim.await_success()
    assert f'"step": {saved + 1},' in again.output
    assert f'"step": {saved},' not in again.output
    assert victim.record.status["attempts"] == {"failures": 0, "preemptions": 0}
    assert weights(world, victim) == weights(world, alone)


def asked_for(queue: Queue, world: jobs.World, folder: Path, name: str) -> RunPlayer:
    """A run in the queue that the real trainer has checked."""
    document = world.document(output=name, **SPEC)
    spec = document.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    player = queue.world.player(queue.namespace, name)
    player.create(labels={QUEUE_LABEL: CPUS}, **spec)
    pod = player.start(ChildStage.CHECK)
    told(player, pod, jobs.ended(begun(pod, world, folder), folder), ExitCode.DONE)
    return player


def trained(player: RunPlayer, world: jobs.World, folder: Path) -> jobs.Ended:
    """See the real training of a run through that is admitted, or will be without further ado."""
    pod = queue_runs.start(player)
    end = jobs.ended(begun(pod, world, folder), folder)
    told(player, pod, end, ExitCode.DONE)
    return end


def begun(pod: Body, world: jobs.World, folder: Path) -> jobs.Process:
    """The process of a pod, which gets the document that the operator wrote for it."""
    (folder / "termination.json").unlink(missing_ok=True)
    command = pod["spec"]["containers"][0]["args"][0]
    return jobs.start(command, run_document(pod), world, folder)


def told(player: RunPlayer, pod: Body, end: jobs.Ended, code: ExitCode) -> None:
    """Tell the API server how a pod's process ended."""
    assert end.code == code, end.output
    player.end(pod, TerminationMessage.model_validate(end.message))


def checkpoints(world: jobs.World, output: str) -> list[str]:
    """Manifests of the checkpoints of a run."""
    keys = world.keys(f"{output}/runs/")
    return [key for key in keys if "/checkpoints/" in key and key.endswith("/manifest.json")]


def weights(world: jobs.World, player: RunPlayer) -> dict[str, str]:
    """SHA-256 of each file of weights."""
    return world.weights(f"{player.name}/runs/{player.record.status['run']['id']}")
