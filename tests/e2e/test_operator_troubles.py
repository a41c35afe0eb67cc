"""What goes wrong is told in the status: a reason, a sentence and the way out."""

from typing import Any

import pytest

import jobs
from control_plane import CommandFailed
from pairs import json_lines
from preference_jobs import Body
from team_space import TeamSpace

pytestmark = pytest.mark.node

BROKEN_ROW = 17


def test_killed_for_memory(team_space: TeamSpace) -> None:
    team_space.apply(
        "greedy",
        training=short(seed=1),
        resources={"gpus": 0, "memory": "150Mi"},
        restarts={"failures": 0},
    )
    told = team_space.wait_for_reason("greedy", "BackoffLimitExceeded")["message"]
    assert "1 failed attempt, the last one OOMKilled" in told
    assert "more than its memory limit of 150Mi. Raise spec.resources.memory" in told
    assert team_space.status("greedy")["attempts"] == {"failures": 1, "preemptions": 0}
    assert team_space.jobs.is_true("Stalled", "greedy")


def test_a_broken_row_ends_in_the_check(team_space: TeamSpace) -> None:
    lines = json_lines(jobs.dialogues()).splitlines(keepends=True)
    lines[BROKEN_ROW - 1] = b'{"chosen": "yes\n'
    team_space.world.server.put(team_space.world.bucket, "broken.jsonl", b"".join(lines))
    uri = f"s3://{team_space.world.bucket}/broken.jsonl"
    team_space.apply("broken", dataset={"uri": uri})
    told = team_space.wait_for_reason("broken", "BadData")["message"]
    assert told.startswith(f"{uri}, row {BROKEN_ROW}: no valid JSON")
    assert "Write one JSON object a line" in told
    assert never_trained(team_space, "broken")


def test_a_missing_secret_is_waited_for(team_space: TeamSpace) -> None:
    team_space.apply("locked", secret="nowhere")
    told = team_space.wait_for_reason("locked", "SecretNotFound")["message"]
    assert 'secret "nowhere" not found. Create the Secret' in told
    assert team_space.status("locked")["state"] == "Pending"
    team_space.make_secret("nowhere")
    team_space.wait("locked", "condition=DataReady")


def test_an_image_that_cannot_be_pulled(team_space: TeamSpace) -> None:
    team_space.apply("elsewhere", image="localhost:9/trainer:1")
    told = team_space.wait_for_reason("elsewhere", "ImagePullBackOff")["message"]
    assert "waits for image localhost:9/trainer:1" in told
    assert "connection refused. Correct the registry in spec.image" in told
    assert team_space.status("elsewhere")["state"] == "Pending"


def test_an_image_that_is_not_allowed_is_refused(team_space: TeamSpace) -> None:
    with pytest.raises(CommandFailed, match="alpine is not among the allowed"):
        team_space.apply("foreign", image="docker.io/library/alpine")
    assert not team_space.jobs.exists("foreign")


def test_no_node_has_the_device(team_space: TeamSpace) -> None:
    team_space.apply("devices", training=short(seed=2), resources={"gpus": 1})
    told = team_space.wait_for_reason("devices", "Unschedulable")["message"]
    assert "1 Insufficient nvidia.com/gpu. Wait for a free device" in told
    admitted = team_space.jobs.condition("Admitted", "devices")
    assert admitted is not None
    assert (admitted["status"], admitted["reason"]) == ("False", "Unschedulable")


def short(**fields: Any) -> Body:
    """A training that no other test asks for."""
    return {"steps": 1, "batchSize": 2, **fields}


def never_trained(team_space: TeamSpace, name: str) -> bool:
    """Whether no training Job stands, and none was told of."""
    events = team_space.kubectl("events", "--for", f"pj/{name}")
    standing = team_space.jobs.children(team_space.jobs.get(name), stage="train")
    return not standing and "Training" not in events
