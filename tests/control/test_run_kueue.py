"""Runs in a queue: they wait, are admitted, give way to others, and lose nothing by it."""

import pytest

import queue_runs
import run_invariants
from awaiting import until
from control_plane import ControlPlane
from kueue_manager import GPU, QUEUE_LABEL
from pods import KILLED
from preference_api.wire import ExitCode
from queue_runs import FLAVOR, NODE_LABELS, QUEUE, TOLERATION, Queue
from run_player import SAVED, TRAINED

pytestmark = pytest.mark.cluster

NO_QUOTA = f"insufficient unused quota for {GPU} in flavor {FLAVOR}, 1 more needed"


@pytest.fixture(scope="module")
def control(queued_control: ControlPlane) -> ControlPlane:
    """Kueue's control plane in place of the one that others share."""
    return queued_control


def test_in_a_queue_of_one_the_second_waits_and_follows(queue: Queue) -> None:
    first, pod = queue.trains("first")
    second = queue.asked_for("second")
    queue_runs.await_words(second, "Kueue about Workload", NO_QUOTA)
    assert second.record.status["state"] == "Queued"
    assert second.word("Running")["status"] == "False"
    assert second.word("Reconciling")["status"] == "True"
    first.end(pod, TRAINED)
    queue_runs.finish(second)
    for player in (first, second):
        player.await_success()
        queue_runs.no_pod_unadmitted(player.record)
        run_invariants.hold_of_one_run(player.record)


@pytest.mark.parametrize("restarted", [False, True], ids=["", "operator restarted"])
def test_preempted_while_training_it_saves_waits_and_goes_on(
    queue: Queue, *, restarted: bool
) -> None:
    victim, pod = queue.trains("victim")
    urgent = queue.asked_for("urgent", high=True)
    queue_runs.give_way(victim, pod)
    assert victim.word("Admitted")["status"] == "False"
    if restarted:
        queue.world.operator.process.kill()
        queue.world.operator.process.start()
        queue.world.operator.ready()
    queue_runs.finish(urgent)
    queue_runs.finish(victim)
    assert victim.record.status["checkpoint"] == SAVED.model_dump()
    assert victim.record.status["attempts"] == {"failures": 0, "preemptions": 0}
    assert victim.record.status["run"]["number"] == 1
    assert len(queue_runs.trainings(victim.record)) == 1
    for player in (victim, urgent):
        queue_runs.no_pod_unadmitted(player.record)
        run_invariants.hold(player.record)


def test_what_failed_before_a_preemption_counts_and_what_the_preemption_killed_does_not(
    queue: Queue,
) -> None:
    victim = queue.asked_for("victim", restarts={"failures": 1})
    victim.kubelet.run_out_of_memory(queue_runs.start(victim))
    evicted = queue_runs.start(victim)
    victim.kubelet.evict(evicted)
    victim.kubelet.finish(evicted, ExitCode.STOPPED_EARLY, disrupted="EvictionByEvictionAPI")
    victim.kubelet.remove(evicted)
    pod = queue_runs.start(victim)
    urgent = queue.asked_for("urgent", high=True)
    victim.await_told_to_go(pod)
    victim.kubelet.finish(pod, KILLED)
    victim.kubelet.remove(pod)
    victim.await_word("Succeeded", "Unknown", "Queued")
    queue_runs.finish(urgent)
    pod = queue_runs.start(victim)
    assert victim.record.status["attempts"] == {"failures": 1, "preemptions": 1}
    victim.kubelet.run_out_of_memory(pod)
    victim.await_word("Succeeded", "False", "BackoffLimitExceeded")
    assert victim.record.status["attempts"] == {"failures": 2, "preemptions": 1}
    assert "2 failed attempts, the last one OOMKilled" in victim.word("Succeeded")["message"]
    run_invariants.hold(victim.record)


def test_a_training_that_ends_well_while_it_gives_way_is_done(queue: Queue) -> None:
    victim, pod = queue.trains("victim")
    queue.asked_for("urgent", high=True)
    victim.await_told_to_go(pod)
    victim.await_word("Succeeded", "Unknown", "PreemptedByQueue")
    victim.end(pod, TRAINED)
    victim.await_success()
    assert victim.word("Succeeded")["reason"] == "Trained"
    run_invariants.hold(victim.record)


def test_deleted_while_it_waits_nothing_of_it_is_left(queue: Queue) -> None:
    queue.trains("first")
    second = queue.asked_for("second")
    queue_runs.await_words(second, NO_QUOTA)
    second.jobs.delete("second")
    run_invariants.nothing_is_left(second.record)
    until(lambda: len(queue.kueue.workloads(queue.namespace)) == 1)


def test_suspended_amid_training_its_place_goes_to_the_next(queue: Queue) -> None:
    first, pod = queue.trains("first")
    second = queue.asked_for("second")
    first.jobs.edit("first", suspend=True)
    first.stop(pod)
    first.await_word("Suspended", "True")
    pod = queue_runs.start(second)
    first.jobs.edit("first", suspend=False)
    queue_runs.await_words(first, NO_QUOTA)
    second.end(pod, TRAINED)
    queue_runs.finish(first)
    assert first.record.status["checkpoint"] == SAVED.model_dump()
    for player in (first, second):
        queue_runs.no_pod_unadmitted(player.record)


def test_suspended_while_it_waits_it_asks_for_nothing(queue: Queue) -> None:
    first, pod = queue.trains("first")
    second = queue.asked_for("second")
    queue_runs.await_words(second, NO_QUOTA)
    second.jobs.edit("second", suspend=True)
    second.await_word("Suspended", "True")
    until(lambda: len(queue.kueue.workloads(queue.namespace)) == 1)
    first.end(pod, TRAINED)
    first.await_success()
    second.jobs.edit("second", suspend=False)
    queue_runs.finish(second)


def test_more_than_the_queue_will_ever_have_is_told_and_can_be_corrected(queue: Queue) -> None:
    player = queue.asked_for("greedy", resources={"gpus": 8})
    queue_runs.await_words(
        player, f"insufficient quota for {GPU}", "Ask for less in spec.resources"
    )
    player.jobs.edit("greedy", resources={"gpus": 1})
    queue_runs.finish(player)
    queue_runs.no_pod_unadmitted(player.record)


def test_a_queue_that_does_not_exist_is_told_and_can_be_corrected(queue: Queue) -> None:
    player = queue.asked_for("lost", queue="gpu")
    queue_runs.await_words(player, "for queue gpu, and says no more", "kubectl describe workload")
    player.jobs.label("lost", {QUEUE_LABEL: QUEUE})
    queue_runs.finish(player)
    queue_runs.no_pod_unadmitted(player.record)
    assert player.record.status["run"]["number"] == 1


def test_what_kueue_adds_to_an_admitted_job_stays(queue: Queue) -> None:
    player, pod = queue.trains("placed", resources={"tolerations": [{"key": "team"}]})
    assert pod["spec"]["nodeSelector"] == NODE_LABELS
    keys = {one["key"] for one in pod["spec"]["tolerations"]}
    assert {"team", TOLERATION["key"]} <= keys
    player.preempt(pod)
    again = queue_runs.start(player)
    assert again["spec"]["nodeSelector"] == NODE_LABELS
    player.end(again, TRAINED)
    player.await_success()
    run_invariants.hold_of_one_run(player.record)


def test_a_default_queue_takes_in_what_names_none(queue: Queue) -> None:
    queue.kueue.queue(queue.namespace, "default", flavor=FLAVOR, gpus=1)
    player = queue.world.player(queue.namespace)
    player.create()
    player.check()
    queue_runs.finish(player)
    [train] = queue_runs.trainings(player.record)
    assert train["metadata"]["labels"][QUEUE_LABEL] == "default"
    queue_runs.no_pod_unadmitted(player.record)
    run_invariants.hold_of_one_run(player.record)
