"""What goes wrong is told in the status: a reason, a sentence and the way out."""

from typing import Any

import pytest

import jobs
from pairs import json_lines
from preference_jobs import Body
from workplace import Workplace

pytestmark = pytest.mark.node

BROKEN_ROW = 17


def test_killed_for_memory(workplace: Workplace) -> None:
    workplace.apply(
        "greedy",
        training=short(seed=1),
        resources={"gpus": 0, "memory": "150Mi"},
        restarts={"failures": 0},
    )
    told = workplace.wait_for_reason("greedy", "BackoffLimitExceeded")["message"]
    assert "1 failed attempt, the last one OOMKilled" in told
    assert "more than its memory limit of 150Mi. Raise spec.resources.memory" in told
    assert workplace.status("greedy")["attempts"] == {"failures": 1, "preemptions": 0}
    assert workplace.jobs.is_true("Stalled", "greedy")


def test_a_broken_row_ends_in_the_check(workplace: Workplace) -> None:
    lines = json_lines(jobs.dialogues()).splitlines(keepends=True)
    lines[BROKEN_ROW - 1] = b'{"chosen": "yes\n'
    workplace.world.server.put(workplace.world.bucket, "broken.jsonl", b"".join(lines))
    uri = f"s3://{workplace.world.bucket}/broken.jsonl"
    workplace.apply("broken", dataset={"uri": uri})
    told = workplace.wait_for_reason("broken", "BadData")["message"]
    assert told.startswith(f"{uri}, row {BROKEN_ROW}: no valid JSON")
    assert "Write one JSON object a line" in told
    assert never_trained(workplace, "broken")


def test_a_missing_secret_is_waited_for(workplace: Workplace) -> None:
    workplace.apply("locked", secret="nowhere")
    told = workplace.wait_for_reason("locked", "SecretNotFound")["message"]
    assert 'secret "nowhere" not found. Create the Secret' in told
    assert workplace.status("locked")["state"] == "Pending"
    workplace.make_secret("nowhere")
    workplace.wait("locked", "condition=DataReady")


def test_an_image_that_cannot_be_pulled(workplace: Workplace) -> None:
    workplace.apply("elsewhere", image="localhost:9/trainer:1")
    told = workplace.wait_for_reason("elsewhere", "ImagePullBackOff")["message"]
    assert "waits for image localhost:9/trainer:1" in told
    assert "connection refused. Correct the registry in spec.image" in told
    assert workplace.status("elsewhere")["state"] == "Pending"


def test_an_image_that_is_not_allowed_is_never_started(workplace: Workplace) -> None:
    workplace.apply("foreign", image="docker.io/library/alpine")
    told = workplace.wait_for_reason("foreign", "ImageNotAllowed")["message"]
    assert "docker.io/library/alpine" in told
    assert workplace.pods("foreign") == []
    assert workplace.jobs.is_true("Stalled", "foreign")


def test_no_node_has_the_device(workplace: Workplace) -> None:
    workplace.apply("devices", training=short(seed=2), resources={"gpus": 1})
    told = workplace.wait_for_reason("devices", "Unschedulable")["message"]
    assert "1 Insufficient nvidia.com/gpu. Wait for a free device" in told
    admitted = workplace.jobs.condition("Admitted", "devices")
    assert admitted is not None
    assert (admitted["status"], admitted["reason"]) == ("False", "Unschedulable")


def short(**fields: Any) -> Body:
    """A training that no other test asks for."""
    return {"steps": 1, "batchSize": 2, **fields}


def never_trained(workplace: Workplace, name: str) -> bool:
    """Whether no training Job stands, and none was told of."""
    events = workplace.kubectl("events", "--for", f"pj/{name}")
    standing = workplace.jobs.children(workplace.jobs.get(name), stage="train")
    return not standing and "Training" not in events
