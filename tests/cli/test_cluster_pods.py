from typing import Any

import pytest

from preference_cli.cluster.pods import choose, read_pods


def pod(name: str, second: int, stage: str = "train", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "labels": {"preference.dev/stage": stage},
            "creationTimestamp": f"2026-01-02T03:04:{second:02}Z",
        },
        "status": status,
    }


def container(**state: Any) -> list[dict[str, Any]]:
    return [{"name": "trainer", "state": state}]


CHECK, FIRST, SECOND = pod("check", 1, "check"), pod("first", 5), pod("second", 9)


@pytest.mark.parametrize(
    ("pods", "stage", "previous", "chosen"),
    [
        ([], None, False, None),
        ([], None, True, None),
        ([CHECK], None, False, "check"),
        ([SECOND, CHECK, FIRST], None, False, "second"),
        ([SECOND, CHECK, FIRST], "check", False, "check"),
        ([SECOND, CHECK, FIRST], None, True, "first"),
        ([CHECK, FIRST], None, True, None),
        ([CHECK], "train", False, None),
        ([pod("b", 1, "train"), pod("c", 1, "check")], None, False, "b"),
        ([FIRST, pod("list", 9, "list")], None, False, "first"),
        ([FIRST, pod("list", 3, "list")], "list", False, "list"),
    ],
)
def test_the_newest_pod_is_chosen_or_the_one_before_it(
    pods: list[dict[str, Any]], stage: str | None, previous: bool, chosen: str | None
) -> None:
    found = choose(read_pods(pods, stage=stage), previous=previous)
    assert (found.name if found else None) == chosen


@pytest.mark.parametrize(
    ("status", "started", "ended", "held_up"),
    [
        ({}, False, False, ""),
        ({"phase": "Running", "containerStatuses": container(running={})}, True, False, ""),
        ({"phase": "Failed", "containerStatuses": container(terminated={})}, True, True, ""),
        ({"phase": "Failed", "reason": "Evicted"}, False, True, "Evicted"),
        (
            {
                "phase": "Pending",
                "containerStatuses": container(
                    waiting={"reason": "ImagePullBackOff", "message": "not there"}
                ),
            },
            False,
            False,
            "ImagePullBackOff: not there",
        ),
        (
            {
                "phase": "Pending",
                "conditions": [
                    {"type": "PodScheduled", "status": "False"}
                    | {"reason": "Unschedulable", "message": "no node has a device"},
                ],
            },
            False,
            False,
            "Unschedulable: no node has a device",
        ),
    ],
)
def test_a_pod_has_a_log_once_its_container_has_run(
    status: dict[str, Any], started: bool, ended: bool, held_up: str
) -> None:
    (read,) = read_pods([pod("a", 1, **status)], stage=None)
    assert (read.started, read.ended, read.held_up) == (started, ended, held_up)
