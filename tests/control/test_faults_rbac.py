"""Rights are taken away in the middle of a run, and given back: the run ends well."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import fault_scene
import lease_rights
import run_invariants
from api_proxy import ApiProxy
from awaiting import until
from control_plane import ControlPlane
from fault_scene import QUICK, Scene
from operator_process import OperatorProcess
from preference_api.children import ChildStage
from preference_operator.run import Exit
from run_player import CHECKED, STOPPED, TRAINED, RunPlayer

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

RULES = "/apis/rbac.authorization.k8s.io/v1"
CLUSTER_ROLE = f"{RULES}/clusterroles/preference-operator"
EVERYTHING = ""
WATCHED = ("preferencejobs", "jobs", "pods")
"""The first watch that breaks ends the others, and is the one that is told of."""
CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN
_MOST_LINES = 30
"""Warnings and errors of the operator's, however long a right is missing in a test."""


@pytest.fixture
def scene(control: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Scene]:
    with fault_scene.opened(control, namespace, tmp_path) as scene:
        yield scene


@pytest.fixture
def proxy(scene: Scene) -> ApiProxy:
    return scene.proxy()


@contextmanager
def missing(plane: ControlPlane, role: str, verb: str, resource: str) -> Iterator[None]:
    """A while in which a role lacks a verb on a resource, or everything."""
    whole = plane.ask("GET", role)
    rules = [left for rule in whole["rules"] if (left := _without(rule, verb, resource))]
    plane.ask("PUT", role, {**whole, "rules": rules})
    try:
        yield
    finally:
        kept = {name: part for name, part in whole["metadata"].items() if name != "resourceVersion"}
        plane.ask("PUT", role, {**whole, "metadata": kept})


def _without(rule: dict[str, Any], verb: str, resource: str) -> dict[str, Any] | None:
    """What is left of a rule."""
    if verb == EVERYTHING:
        return None
    verbs = [one for one in rule["verbs"] if one != verb or resource not in rule["resources"]]
    return {**rule, "verbs": verbs} if verbs else None


def told(operator: OperatorProcess, verb: str, resource: str) -> bool:
    """Whether the log says that a right is missing."""
    words = f'cannot {verb} resource "{resource}"'
    return any(words in entry["event"] for entry in operator.entries)


def begun_again(operator: OperatorProcess) -> int:
    """How often the watches broke."""
    return sum("begin again" in entry["event"] for entry in operator.entries)


def quiet(operator: OperatorProcess) -> bool:
    """Whether the log is one that somebody can still read."""
    levels = [entry["level"] for entry in operator.entries]
    return levels.count("error") + levels.count("warning") <= _MOST_LINES


def finish(player: RunPlayer) -> None:
    """See a run through whose training pod has still to start."""
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()
    run_invariants.hold_of_one_run(player.record)


@pytest.mark.parametrize(
    ("verb", "resource"),
    [
        ("patch", "preferencejobs/status"),
        ("create", "jobs"),
        ("list", "preferencejobs"),
        ("list", "jobs"),
        ("list", "pods"),
        ("watch", "preferencejobs"),
        ("watch", "jobs"),
        ("watch", "pods"),
        ("create", "events"),
    ],
)
def test_a_right_is_missing_for_a_while(
    scene: Scene, proxy: ApiProxy, verb: str, resource: str
) -> None:
    operator = scene.leader(proxy=proxy, resync_seconds=1)
    player = scene.player()
    player.create()
    pod = player.await_pod(CHECK)
    with missing(scene.plane, CLUSTER_ROLE, verb, resource):
        player.kubelet.run(pod)
        proxy.cut_watches()
        player.end(pod, CHECKED)
        until(lambda: told(operator, verb, resource))
    finish(player)
    assert operator.process.alive
    assert quiet(operator)


def test_a_job_that_may_not_be_deleted_is_deleted_later(scene: Scene) -> None:
    operator = scene.leader()
    player = scene.player()
    player.create()
    player.check()
    pod = player.train()
    with missing(scene.plane, CLUSTER_ROLE, "delete", "jobs"):
        player.jobs.edit(suspend=True)
        until(lambda: told(operator, "delete", "jobs"))
    player.stop(pod)
    player.await_word("Suspended", "True")
    assert quiet(operator)


def test_everything_is_missing_for_a_while(scene: Scene, proxy: ApiProxy) -> None:
    operator = scene.leader(proxy=proxy)
    player = scene.player()
    player.create()
    player.check()
    pod = player.train()
    with missing(scene.plane, CLUSTER_ROLE, EVERYTHING, EVERYTHING):
        proxy.cut_watches()
        player.end(pod, STOPPED)
        until(lambda: begun_again(operator) == 1)
        assert any(told(operator, "watch", resource) for resource in WATCHED)
    finish(player)
    assert operator.is_healthy
    assert quiet(operator)


def test_started_without_any_right_it_waits_for_them(scene: Scene) -> None:
    with missing(scene.plane, CLUSTER_ROLE, EVERYTHING, EVERYTHING):
        operator = scene.operator()
        until(lambda: begun_again(operator) == 2)
        assert any(told(operator, "list", resource) for resource in WATCHED)
        assert operator.is_healthy
        assert not operator.is_ready
    operator.ready()
    scene.player().play()
    assert quiet(operator)


def test_told_to_stop_while_its_watches_are_broken_it_ends(scene: Scene) -> None:
    with missing(scene.plane, CLUSTER_ROLE, EVERYTHING, EVERYTHING):
        operator = scene.operator()
        until(lambda: begun_again(operator) == 1)
        assert operator.process.terminate() == Exit.STOPPED


def test_without_the_lease_it_ends_and_leads_again_with_it(scene: Scene) -> None:
    operator = scene.leader(**QUICK)
    player = scene.player()
    player.create()
    player.check()
    pod = player.train()
    role = lease_rights.role(scene.namespace)
    with missing(scene.plane, role, "update", "leases"):
        assert operator.process.wait() == Exit.FAILED
        assert told(operator, "update", "leases")
        operator.process.start()
        until(lambda: operator.is_healthy)
        assert not operator.is_ready
    operator.ready()
    player.end(pod, STOPPED)
    finish(player)
    assert quiet(operator)
