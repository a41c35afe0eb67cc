"""Metrics of the operator's real process, read along a run on a real control plane."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import lease_rights
import operator_process
import prometheus_programs
from awaiting import until
from control_plane import MERGE_PATCH, ControlPlane
from metrics_page import rows
from operator_process import OperatorProcess
from preference_api.children import ChildStage
from preference_api.wire import ExitCode, TerminationMessage
from preference_operator.figures import MOST_CHARACTERS, UNKNOWN
from run_player import STOPPED, TRAINED, RunPlayer
from run_world import World
from scrapes import Scrape, scrape

pytestmark = pytest.mark.cluster

WATCHED = {"preferencejobs", "jobs", "pods"}
NOT_FINITE = TerminationMessage(
    exit_code=ExitCode.DIVERGED, reason="LossNonFinite", message="at step 7", remedy="Lower it."
)


def now(player: RunPlayer, world: World) -> Scrape:
    """What is told, once nothing is done any more for what came before."""
    world.settle(player.namespace)
    return scrape(world.operator.health)


def job(player: RunPlayer) -> dict[str, str]:
    """The labels of an object."""
    return {"namespace": player.namespace, "preferencejob": player.name}


def test_a_run_is_told_along_its_way(player: RunPlayer, world: World) -> None:
    labels = job(player)
    player.create()
    player.check()
    pod = player.train()
    found = now(player, world)
    assert found.value("preference_job_state", **labels, state="Training") == 1
    assert found.value("preference_job_progress_ratio", **labels) == 0.5
    assert found.value("preference_job_loss", **labels) == 0.5
    assert found.value("preference_job_preemptions_total", **labels) == 0
    info = {"method": "DPO", "model": "s3://bucket/base", "run": "run-1"}
    assert found.value("preference_job_info", **labels, **info) == 1
    state = {"namespace": player.namespace, "state": "Training"}
    assert found.value("preference_jobs", **state) == 1
    player.preempt(pod)
    found = now(player, world)
    assert found.value("preference_job_state", **labels, state="Training") is None
    assert found.value("preference_job_preemptions_total", **labels) == 1
    assert found.value("preference_job_attempts_total", **labels, reason=STOPPED.reason) == 1
    player.end(player.start(ChildStage.TRAIN), TRAINED)
    player.await_success()
    found = now(player, world)
    assert found.value("preference_job_state", **labels, state="Succeeded") == 1
    assert found.value("preference_job_progress_ratio", **labels) == 1
    prometheus_programs.check_metrics(found.text)


def test_series_go_with_their_object(player: RunPlayer, world: World) -> None:
    player.create()
    player.check()
    player.end(player.start(ChildStage.TRAIN), NOT_FINITE)
    player.await_word("Succeeded", "False")
    found = now(player, world)
    assert found.value("preference_job_attempts_total", **job(player), reason="LossNonFinite") == 1
    assert found.value("preference_job_state", **job(player), state="Failed") == 1
    player.jobs.delete(player.name)
    until(lambda: not scrape(world.operator.health).about(**job(player)))


def test_what_is_counted_grows_by_what_was_done(player: RunPlayer, world: World) -> None:
    before = now(player, world)
    player.play()
    after = now(player, world)

    def grown(name: str, **labels: str) -> float:
        return (after.value(name, **labels) or 0) - (before.value(name, **labels) or 0)

    assert grown("preference_job_duration_seconds_count", method="DPO", result="Trained") == 1
    for stage in (ChildStage.CHECK, ChildStage.TRAIN):
        assert grown("preference_job_queue_duration_seconds_count", stage=str(stage)) == 1
    assert grown("preference_events_posted_total") >= len({"Checking", "Training", "Trained"})
    made = {"verb": "create", "resource": "jobs", "code": "201"}
    assert grown("preference_api_requests_total", **made) == 2
    assert grown("preference_reconcile_total", result="done") > 5
    passes = grown("preference_reconcile_duration_seconds_count")
    ended = sum(grown("preference_reconcile_total", result=end) for end in ("done", "failed"))
    assert passes == ended
    failures = after.values("preference_reconcile_errors_total", "reason")
    assert sum(failures.values()) == after.value("preference_reconcile_total", result="failed")


def test_everything_on_the_page_is_told_in_the_end(player: RunPlayer, world: World) -> None:
    player.play()
    found = now(player, world)
    histograms = {row.name for row in rows("Operator") if row.type == "histogram"}
    names = {name for name, _labels in found.series}
    expected = {row.name for row in rows("Operator")} - histograms
    # The progress of this run tells of no rewards.
    silent = {"preference_job_reward_margin", "preference_job_reward_accuracy_ratio"}
    silent |= {"preference_job_last_progress_timestamp_seconds"}
    assert expected - names <= silent
    assert {f"{name}_bucket" for name in histograms} <= names
    assert set(found.values("preference_watch_last_event_timestamp_seconds", "resource")) == WATCHED


@pytest.fixture
def held(player: RunPlayer) -> Iterator[str]:
    """Path of an object on its way out, whose status no operator writes any more."""
    player.create()
    path = (
        f"/apis/preference.dev/v1alpha1/namespaces/{player.namespace}/preferencejobs/{player.name}"
    )

    def hold(*finalizers: str) -> None:
        kept = {"metadata": {"finalizers": finalizers}}
        player.plane.request("PATCH", path, kept, content_type=MERGE_PATCH)

    hold("test.example/held")
    player.jobs.delete(player.name)
    yield path
    hold()


def test_what_anybody_wrote_into_a_status_breaks_no_scrape(
    player: RunPlayer, world: World, held: str
) -> None:
    status = {
        "state": 'two "words"\n\\',
        "run": {"id": "x" * 1024, "number": 1, "specHash": "y", "stage": "Train"},
        "progress": {"percent": 100, "loss": -1e308, "updatedAt": "2026-01-02T03:00:00Z"},
        "attempts": {"preemptions": 2**62},
    }
    answer = player.plane.request(
        "PATCH", f"{held}/status", {"status": status}, content_type=MERGE_PATCH
    )
    assert answer[0] == 200, answer
    state = {**job(player), "state": UNKNOWN}
    until(lambda: scrape(world.operator.health).value("preference_job_state", **state) == 1)
    found = scrape(world.operator.health)
    assert found.value("preference_job_loss", **job(player)) == -1e308
    assert found.value("preference_job_preemptions_total", **job(player)) == 0
    assert max(map(len, found.values("preference_job_info", "run"))) == MOST_CHARACTERS


def test_beyond_a_number_of_objects_they_are_counted_only(
    player: RunPlayer, control: ControlPlane, held: str, tmp_path: Path
) -> None:
    lease_rights.give(control, "capped")
    capped = operator_process.running(
        operator_process.account_kubeconfig(control),
        tmp_path,
        name="capped",
        lease_name="capped",
        namespaces=player.namespace,
        metrics_jobs=0,
    )
    with capped as operator:
        operator.ready()
        until(lambda: scrape(operator.health).value("preference_jobs_without_series") == 1)
        found = scrape(operator.health)
        assert found.about(**job(player)) == set()
        assert sum(found.values("preference_jobs", "state").values()) == 1


@pytest.fixture
def standby(control: ControlPlane, world: World, tmp_path: Path) -> Iterator[OperatorProcess]:
    """A second replica, which stands by while the world's operator leads."""
    port = world.around.port.port
    with operator_process.running(
        operator_process.account_kubeconfig(control),
        tmp_path,
        name="second",
        lease_name="operator",
        trainer_port=port,
    ) as second:
        second.ready()
        yield second


def test_only_the_leader_tells_of_objects(
    player: RunPlayer, world: World, standby: OperatorProcess
) -> None:
    player.create(suspend=True)
    player.await_word("Suspended", "True")
    leader, other = now(player, world), scrape(standby.health)
    assert leader.value("preference_leader") == 1
    assert other.value("preference_leader") == 0
    assert "preference_job_state" in leader.about(**job(player))
    assert other.about(namespace=player.namespace) == set()
    assert other.values("preference_watch_last_event_timestamp_seconds", "resource") == {}
    assert other.value("preference_workqueue_depth") == 0
    asked = {"verb": "get", "resource": "leases", "code": "200"}
    assert (other.value("preference_api_requests_total", **asked) or 0) > 0
    prometheus_programs.check_metrics(other.text)
