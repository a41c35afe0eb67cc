"""Trainings that are interrupted go on from where they were, and end with the same weights."""

from typing import Any

import pytest

from awaiting import until
from installed_operator import InstalledOperator
from preference_api.wire import ExitCode, TerminationMessage
from preference_jobs import Body
from real_cluster import Cluster
from team_space import TeamSpace

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
def untouched(team_space: TeamSpace, operator: InstalledOperator) -> Body:
    """The training pod of a job whose operator was deleted in mid-training."""
    pod = begin(team_space, "untouched")
    leader = operator.leader
    operator.delete(leader)
    until(lambda: operator.leader not in ("", leader))
    team_space.wait("untouched", "condition=Succeeded")
    return pod


def test_the_operators_death_leaves_the_training_alone(
    team_space: TeamSpace, untouched: Body
) -> None:
    [pod] = team_space.pods("untouched", stage="train")
    assert pod["metadata"]["uid"] == untouched["metadata"]["uid"]
    assert team_space.log(pod, "StopRequested") == []
    assert team_space.status("untouched")["attempts"] == {"failures": 0, "preemptions": 0}


def test_evicted_it_saves_and_the_next_pod_goes_on(
    cluster: Cluster, team_space: TeamSpace, untouched: Body
) -> None:
    pod = begin(team_space, "evicted")["metadata"]["name"]
    cluster.evict(team_space.namespace, pod)
    end = cluster.end(team_space.namespace, pod)
    assert end.code == ExitCode.STOPPED_EARLY
    saved = TerminationMessage.model_validate_json(end.message).step
    assert saved in range(10, STEPS)
    told = team_space.wait_for_reason("evicted", "Preempted")["message"]
    assert f"Pod {pod} had to leave its node" in told
    assert f"step {saved} of {STEPS}; the state is saved. Nothing to do" in told
    team_space.wait("evicted", "condition=Succeeded")
    assert first_step(team_space, "evicted") == saved + 1
    assert team_space.status("evicted")["attempts"] == {"failures": 0, "preemptions": 1}
    assert weights(team_space, "evicted") == weights(team_space, "untouched")


def test_suspended_it_waits_and_resumed_it_goes_on(team_space: TeamSpace, untouched: Body) -> None:
    begin(team_space, "suspended")
    suspend(team_space, True)
    team_space.wait("suspended", "condition=Suspended")
    assert team_space.pods("suspended", stage="train") == []
    assert team_space.jobs.children(team_space.jobs.get("suspended"), stage="train") == []
    saved = team_space.status("suspended")["checkpoint"]["step"]
    assert saved in range(10, STEPS)
    suspend(team_space, False)
    team_space.wait("suspended", "condition=Succeeded")
    assert first_step(team_space, "suspended") > saved
    assert team_space.status("suspended")["attempts"] == {"failures": 0, "preemptions": 0}
    assert weights(team_space, "suspended") == weights(team_space, "untouched")


def begin(team_space: TeamSpace, name: str) -> Body:
    """The training pod of a new job in mid-training, which the status has told of."""
    team_space.apply(name, **LONG)
    team_space.wait(name, "condition=CheckpointAvailable")
    status = team_space.status(name)
    progress = status["progress"]
    assert (progress["stage"], progress["steps"]) == ("Train", STEPS)
    assert progress["step"] in range(1, STEPS)
    assert progress["loss"] > 0
    assert status["state"] == "Training"
    uri = f"s3://{team_space.world.bucket}/{team_space.run(name)}/checkpoints/"
    assert status["checkpoint"]["uri"].startswith(uri)
    [pod] = team_space.pods(name, stage="train")
    return pod


def suspend(team_space: TeamSpace, value: bool) -> None:
    team_space.jobs.edit("suspended", suspend=value)


def first_step(team_space: TeamSpace, name: str) -> int:
    """The step with which the newest training pod began, by its log."""
    pod = team_space.pods(name, stage="train")[-1]
    return int(team_space.log(pod, "Step")[0]["step"])


def weights(team_space: TeamSpace, name: str) -> dict[str, str]:
    """SHA-256 of each file of weights."""
    return team_space.world.weights(team_space.run(name))
