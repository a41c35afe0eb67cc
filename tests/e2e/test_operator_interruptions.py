"""Trainings that are interrupted go on from where they were, and end with the same weights."""

from typing import Any

import pytest

from awaiting import until
from installed_operator import InstalledOperator
from preference_api.wire import ExitCode, TerminationMessage
from preference_jobs import Body
from real_cluster import Cluster
from workplace import Workplace

pytestmark = pytest.mark.node

STEPS = 40
LONG: dict[str, Any] = {
    "training": {
        "steps": STEPS,
        "learningRate": 1e-3,
        "batchSize": 32,
        "microBatchSize": 2,
        "gradientCheckpointing": False,
    },
    "checkpoints": {"everySteps": 10},
}
"""Some seconds of training after the first checkpoint."""


@pytest.fixture(scope="module")
def untouched(workplace: Workplace, operator: InstalledOperator) -> Body:
    """The training pod of a job whose operator was deleted in mid-training."""
    pod = begin(workplace, "untouched")
    leader = operator.leader
    operator.delete(leader)
    until(lambda: operator.leader not in ("", leader))
    workplace.wait("untouched", "condition=Succeeded")
    return pod


def test_the_operators_death_leaves_the_training_alone(
    workplace: Workplace, untouched: Body
) -> None:
    [pod] = workplace.pods("untouched", stage="train")
    assert pod["metadata"]["uid"] == untouched["metadata"]["uid"]
    assert workplace.log(pod, "StopRequested") == []
    assert workplace.status("untouched")["attempts"] == {"failures": 0, "preemptions": 0}


def test_evicted_it_saves_and_the_next_pod_goes_on(
    cluster: Cluster, workplace: Workplace, untouched: Body
) -> None:
    pod = begin(workplace, "evicted")["metadata"]["name"]
    cluster.evict(workplace.namespace, pod)
    end = cluster.end(workplace.namespace, pod)
    assert end.code == ExitCode.STOPPED_EARLY
    saved = TerminationMessage.model_validate_json(end.message).step
    assert saved in range(10, STEPS)
    told = workplace.wait_for_reason("evicted", "Preempted")["message"]
    assert f"Pod {pod} had to leave its node" in told
    assert f"step {saved} of {STEPS}; the state is saved. Nothing to do" in told
    workplace.wait("evicted", "condition=Succeeded")
    assert first_step(workplace, "evicted") == saved + 1
    assert workplace.status("evicted")["attempts"] == {"failures": 0, "preemptions": 1}
    assert weights(workplace, "evicted") == weights(workplace, "untouched")


def test_suspended_it_waits_and_resumed_it_goes_on(workplace: Workplace, untouched: Body) -> None:
    begin(workplace, "suspended")
    suspend(workplace, True)
    workplace.wait("suspended", "condition=Suspended")
    assert workplace.pods("suspended", stage="train") == []
    assert workplace.jobs.children(workplace.jobs.get("suspended"), stage="train") == []
    saved = workplace.status("suspended")["checkpoint"]["step"]
    assert saved in range(10, STEPS)
    suspend(workplace, False)
    workplace.wait("suspended", "condition=Succeeded")
    assert first_step(workplace, "suspended") > saved
    assert workplace.status("suspended")["attempts"] == {"failures": 0, "preemptions": 0}
    assert weights(workplace, "suspended") == weights(workplace, "untouched")


def begin(workplace: Workplace, name: str) -> Body:
    """The training pod of a new job in mid-training, which the status has told of."""
    workplace.apply(name, **LONG)
    workplace.wait(name, "condition=CheckpointAvailable")
    status = workplace.status(name)
    progress = status["progress"]
    assert (progress["stage"], progress["steps"]) == ("Train", STEPS)
    assert progress["step"] in range(1, STEPS)
    assert progress["loss"] > 0
    assert status["state"] == "Training"
    uri = f"s3://{workplace.world.bucket}/{workplace.run(name)}/checkpoints/"
    assert status["checkpoint"]["uri"].startswith(uri)
    [pod] = workplace.pods(name, stage="train")
    return pod


def suspend(workplace: Workplace, value: bool) -> None:
    workplace.jobs.edit("suspended", suspend=value)


def first_step(workplace: Workplace, name: str) -> int:
    """The step with which the newest training pod began, by its log."""
    pod = workplace.pods(name, stage="train")[-1]
    return int(workplace.log(pod, "Step")[0]["step"])


def weights(workplace: Workplace, name: str) -> dict[str, str]:
    """SHA-256 of each file of weights."""
    return workplace.world.weights(workplace.run(name))
