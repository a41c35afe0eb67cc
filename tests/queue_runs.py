"""Runs in queues of a real Kueue, before a real operator."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import helm_chart
import kueue_manager
import operator_process
import run_world
from account_requests import Account
from api_history import JOBS, PODS, Record
from awaiting import until
from control_plane import ControlPlane
from kueue_manager import PRIORITY_LABEL, QUEUE_LABEL, Kueue
from plane_objects import pod_spec
from pods import Body
from preference_api.children import ChildStage
from preference_api.wire import STAGE_LABEL
from run_player import STOPPED, TRAINED, TRAINING, RunPlayer
from run_world import World

QUEUE, FLAVOR, HIGH = "gpus", "h100", "high"
NODE_LABELS: Mapping[str, str] = {"gpu": "h100"}
TOLERATION: Mapping[str, str] = {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}
"""What the flavor of the tests gives its pods."""
POLICY = f"{helm_chart.RELEASE}-jobs"
_POLICY_KINDS = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_JOBS = "/apis/batch/v1/namespaces/default/jobs?dryRun=All"
_FOREIGN = {"metadata": {"name": "miner"}, "spec": {"template": {"spec": pod_spec()}}}


@contextmanager
def prepared(folder: Path) -> Iterator[ControlPlane]:
    """A control plane for an operator and Kueue, with the chart's policy on Jobs in force.

    It bounds the Jobs of the operator's account, and nobody else's changes to them.
    """
    with run_world.prepared(folder) as plane:
        objects = helm_chart.documents()
        policy = [helm_chart.only(objects, kind, POLICY) for kind in _POLICY_KINDS]
        plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(policy))
        operator = Account(plane, operator_process.NAMESPACE, operator_process.ACCOUNT)
        until(lambda: POLICY in str(operator.request("POST", _JOBS, _FOREIGN)[1]))
        yield plane


@contextmanager
def kueue_running(plane: ControlPlane, folder: Path) -> Iterator[Kueue]:
    """Kueue with its webhooks, a flavor and a priority class."""
    with kueue_manager.running(plane, folder, webhooks=True) as kueue:
        kueue.flavor(FLAVOR, nodeLabels=NODE_LABELS, tolerations=[TOLERATION])
        kueue.priority(HIGH, 100)
        yield kueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue for one device in a namespace.

    Args:
        world: Its operator.
        kueue: Its Kueue.
        namespace: Which it is in.
    """

    world: World
    kueue: Kueue
    namespace: str

    def asked_for(
        self, name: str, *, high: bool = False, queue: str = QUEUE, **spec: Any
    ) -> RunPlayer:
        """A run that is checked and asks for a device.

        Args:
            name: Of the PreferenceJob.
            high: Whether its priority is higher than that of others.
            queue: The queue's name, as its author writes it.
            spec: Of the PreferenceJob.
        """
        player = self.world.player(self.namespace, name)
        priority = {PRIORITY_LABEL: HIGH} if high else {}
        player.create(labels={QUEUE_LABEL: queue, **priority}, **spec)
        player.check()
        return player

    def trains(self, name: str, **options: Any) -> tuple[RunPlayer, Body]:
        """A run that trains and has a checkpoint, and its pod."""
        player = self.asked_for(name, **options)
        pod = start(player)
        player.port.tell(player.address, TRAINING)
        player.await_word("CheckpointAvailable", "True")
        return player, pod


def start(player: RunPlayer) -> Body:
    """Run the training pod of a run that is admitted, or will be without further ado."""
    pod = player.await_pod(ChildStage.TRAIN)
    player.await_word("Admitted", "True", "Admitted")
    player.kubelet.run(pod, address=player.address)
    player.await_word("Running", "True")
    return pod


def finish(player: RunPlayer) -> None:
    """See a run through that is admitted, or will be without further ado."""
    player.end(start(player), TRAINED)
    player.await_success()


def give_way(player: RunPlayer, pod: Body) -> None:
    """Have a pod whose place the queue took back save and go; returns once its run waits."""
    player.await_told_to_go(pod)
    player.await_word("Succeeded", "Unknown", "PreemptedByQueue")
    player.end(pod, STOPPED)
    player.kubelet.remove(pod)
    player.await_word("Succeeded", "Unknown", "Queued")


def await_words(player: RunPlayer, *words: str) -> None:
    """Return once the run waits in its queue, and says why in Kueue's own words."""
    player.await_word("Admitted", "False", "Queued")
    player.record.until(lambda: all(one in player.word("Admitted")["message"] for one in words))


def trainings(record: Record) -> list[Body]:
    """The training Jobs that were ever made for a PreferenceJob, as they were made."""
    made = (version.body for version in record.versions(JOBS) if version.change == "ADDED")
    return [body for body in made if _trains(body)]


def no_pod_unadmitted(record: Record) -> None:
    """Assert that no training pod was made while its Job was suspended, or before it stood."""
    held = True
    for version in record.versions():
        if version.kind == JOBS and _trains(version.body):
            held = version.body["spec"]["suspend"]
        if version.kind == PODS and version.change == "ADDED" and _trains(version.body):
            assert not held, f"{version.body['metadata']['name']} was made before its admission"


def _trains(body: Body) -> bool:
    return bool(body["metadata"]["labels"][STAGE_LABEL] == ChildStage.TRAIN)
