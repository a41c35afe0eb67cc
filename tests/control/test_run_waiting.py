"""Pods that cannot start: the user is told why and what to do, and the run goes on after it."""

from collections.abc import Callable, Mapping

import pytest

import run_invariants
from api_faults import asking
from api_history import EVENTS, Body
from plane_objects import make
from pods import Kubelet
from preference_api.children import ChildStage
from run_player import TRAINED, RunPlayer
from run_world import World

pytestmark = pytest.mark.cluster

TRAIN = ChildStage.TRAIN
FULL = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
STUCK: Mapping[str, Callable[[Kubelet, Body], None]] = {
    "ImagePullBackOff": Kubelet.image_pull_back_off,
    "SecretNotFound": lambda kubelet, pod: kubelet.secret_missing(pod, "bucket-credentials"),
    "Unschedulable": lambda kubelet, pod: kubelet.unschedulable(pod, FULL),
}
WAYS_OUT = {
    "ImagePullBackOff": "Correct spec.image",
    "SecretNotFound": "Create the Secret that spec.storage.credentialsSecret names",
    "Unschedulable": "lower spec.resources.gpus",
}


def asked_for(player: RunPlayer) -> Body:
    """The training pod of a run, that waits for a node."""
    player.create()
    player.check()
    return player.await_pod(TRAIN)


@pytest.mark.parametrize("reason", STUCK)
def test_a_pod_that_cannot_start_says_why_and_goes_on_by_itself(
    player: RunPlayer, reason: str
) -> None:
    pod = asked_for(player)
    STUCK[reason](player.kubelet, pod)
    player.await_word("Succeeded", "Unknown", reason)
    assert player.record.status["state"] == "Pending"
    assert player.word("Reconciling")["status"] == "True"
    assert WAYS_OUT[reason] in player.word("Running")["message"]
    if reason == "Unschedulable":
        assert player.word("Admitted")["reason"] == reason
        player.kubelet.bind(pod)
    player.kubelet.start(pod, address=player.address)
    player.await_word("Running", "True")
    player.end(pod, TRAINED)
    player.await_success()
    assert warnings(player) == [reason]
    run_invariants.hold_of_one_run(player.record)


def warnings(player: RunPlayer) -> list[str]:
    """Reasons of the Warnings about a PreferenceJob."""
    events = (version.body for version in player.record.versions(EVENTS))
    return [event["reason"] for event in events if event["type"] == "Warning"]


def quota(player: RunPlayer) -> str:
    return f"/api/v1/namespaces/{player.namespace}/resourcequotas"


def test_a_quota_that_is_used_up_is_told_until_it_is_raised(player: RunPlayer) -> None:
    make(player.plane, quota(player), "none", spec={"hard": {"pods": "0"}})
    player.create()
    player.await_word("Running", "False", "QuotaExceeded")
    message = player.word("Succeeded")["message"]
    assert "exceeded quota: none" in message
    assert "ResourceQuota raised" in message
    player.plane.ask("DELETE", f"{quota(player)}/none")
    player.check()
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()
    assert warnings(player) == ["QuotaExceeded"]
    run_invariants.hold_of_one_run(player.record)


def test_a_job_that_is_refused_is_told_and_asked_for_again(player: RunPlayer, world: World) -> None:
    make(player.plane, quota(player), "none", spec={"hard": {"count/jobs.batch": "0"}})
    player.create()
    player.await_word("Running", "False", "JobRefused")
    assert "exceeded quota: none" in player.word("Succeeded")["message"]
    assert player.record.status["state"] == "Blocked"
    asked = world.proxy.count(asking("POST", f"/{player.namespace}/jobs"))
    assert asked <= 3
    player.plane.ask("DELETE", f"{quota(player)}/none")
    player.jobs.edit(ttlSecondsAfterFinished=3600)
    player.check()
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()
    assert warnings(player) == ["JobRefused"]
    run_invariants.hold_of_one_run(player.record)
