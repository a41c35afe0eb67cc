"""A commit or new pairs make a new model, and nothing else does."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import jobs
from awaiting import until
from helm_chart import USER
from preference_api.children import ChildStage
from preference_api.wire import STAGE_LABEL
from preference_jobs import Body
from real_cluster import Cluster
from team_space import TeamSpace

pytestmark = pytest.mark.node

NAME = "life"
EVERY_MINUTE = {"whenDatasetChanges": True, "checkEveryMinutes": 1}
SHORT = {"steps": 2, "batchSize": 2, "seed": 11}
TICKS = 5
READS = ("get", "list", "watch")


def apply(team_space: TeamSpace, **spec: Any) -> None:
    """What Git says, applied."""
    team_space.apply(NAME, **{"retrain": EVERY_MINUTE, "training": SHORT, **spec})


def ended(team_space: TeamSpace, number: int, reason: str) -> Body:
    """The run of that number, which ended for that reason."""
    team_space.wait(NAME, f"jsonpath={{.status.run.number}}={number}", seconds=200)
    team_space.wait(NAME, "condition=Succeeded")
    status = team_space.status(NAME)
    words = {one["type"]: one["reason"] for one in status["conditions"]}
    assert (status["run"]["number"], words["Succeeded"]) == (number, reason)
    return dict(status["run"])


def trainings(team_space: TeamSpace) -> set[str]:
    """The training pods that were ever told of, by their uids, as Events do."""
    events = json.loads(team_space.kubectl("get", "events", "-o", "json"))["items"]
    pods = (event["involvedObject"] for event in events if event["involvedObject"]["kind"] == "Pod")
    return {pod["uid"] for pod in pods if f"-{ChildStage.TRAIN}-" in pod["name"]}


@pytest.fixture(scope="module")
def first(team_space: TeamSpace) -> Body:
    """The first run."""
    apply(team_space)
    return ended(team_space, 1, "Trained")


@pytest.fixture(scope="module")
def second(team_space: TeamSpace, first: Body) -> Body:
    """The run after another beta was committed."""
    apply(team_space, dpo={"beta": 0.3})
    return ended(team_space, 2, "Trained")


@pytest.fixture(scope="module")
def reverted(team_space: TeamSpace, second: Body) -> tuple[Body, set[str], set[str]]:
    """The run after that commit was reverted, and the training pods before and after it."""
    before = trainings(team_space)
    apply(team_space)
    return ended(team_space, 3, "Reused"), before, trainings(team_space)


def test_what_decides_no_result_starts_nothing(team_space: TeamSpace, first: Body) -> None:
    before = trainings(team_space)
    team_space.kubectl("label", "pj", NAME, "team=tone", "--overwrite")
    apply(team_space, resources={"gpus": 0, "cpu": "500m"}, ttlSecondsAfterFinished=86_400)
    until(lambda: team_space.status(NAME)["observedGeneration"] == 2)
    apply(team_space)
    until(lambda: team_space.status(NAME)["observedGeneration"] == 3)
    assert team_space.status(NAME)["run"] == first
    assert trainings(team_space) == before


def test_another_beta_is_another_run(first: Body, second: Body) -> None:
    assert second["id"] != first["id"]


def test_a_revert_finds_the_earlier_result_without_a_training(
    first: Body, reverted: tuple[Body, set[str], set[str]]
) -> None:
    run, before, after = reverted
    assert (run["id"], run["specHash"]) == (first["id"], first["specHash"])
    assert after == before


@pytest.mark.usefixtures("reverted")
def test_a_second_namespace_takes_the_result_of_the_first(
    cluster: Cluster, team_space: TeamSpace, namespace: str, first: Body
) -> None:
    other = TeamSpace.made(cluster, namespace, team_space.world)
    apply(other, retrain={})
    assert ended(other, 1, "Reused")["id"] == first["id"]
    assert trainings(other) == set()


@pytest.mark.usefixtures("reverted")
def test_whoever_shares_the_output_takes_the_result(
    team_space: TeamSpace, first: Body, tmp_path: Path
) -> None:
    """Another cluster's operator asks no more than this of the check that it starts."""
    document = team_space.world.document(output=NAME, training=SHORT)
    elsewhere = document.model_copy(update={"name": "other", "namespace": "elsewhere"})
    end = jobs.ended(jobs.start("check", elsewhere, team_space.world, tmp_path), tmp_path)
    check = end.message["check"]
    assert (end.code, check["reused"], check["resolved"]["runId"]) == (0, True, first["id"])


@pytest.mark.usefixtures("reverted")
def test_an_unchanged_dataset_costs_no_device_and_no_status(
    cluster: Cluster, team_space: TeamSpace
) -> None:
    since, before = datetime.now(UTC), trainings(team_space)
    version = team_space.jobs.get(NAME)["metadata"]["resourceVersion"]
    for _ in range(TICKS):
        await_another_listing(team_space, listings(team_space))
    assert team_space.jobs.get(NAME)["metadata"]["resourceVersion"] == version
    log = cluster.plane.audit.of(USER, since=since)
    here = [entry for entry in log if entry.namespace == team_space.namespace]
    writes = {(entry.verb, entry.resource) for entry in here if entry.verb not in READS}
    assert writes == {("create", "jobs"), ("delete", "jobs")}
    assert trainings(team_space) == before


def await_another_listing(team_space: TeamSpace, seen: set[str]) -> None:
    until(lambda: bool(listings(team_space) - seen), seconds=120)


def listings(team_space: TeamSpace) -> set[str]:
    """Uids of the listings that are over."""
    children = team_space.jobs.children(team_space.jobs.get(NAME), stage=ChildStage.LIST)
    assert {child["metadata"]["labels"][STAGE_LABEL] for child in children} <= {ChildStage.LIST}
    over = [child for child in children if child["status"].get("succeeded")]
    return {child["metadata"]["uid"] for child in over}


@pytest.mark.usefixtures("reverted")
def test_appended_pairs_are_trained_on_by_themselves(team_space: TeamSpace, first: Body) -> None:
    rows = [*jobs.dialogues(), *jobs.dialogues(8, seed=1)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    world = team_space.world
    world.server.put(world.bucket, "pairs.jsonl.gz", gzip.compress(lines.encode(), mtime=0))
    run = ended(team_space, 4, "Trained")
    assert run["datasetChangedTime"]
    assert run["id"] != first["id"]
    status = team_space.status(NAME)
    reasons = [one["reason"] for one in status["history"]]
    assert reasons == ["Trained", "Reused", "Trained", "Trained"]


def test_deleted_and_applied_again_it_finds_its_result(team_space: TeamSpace, first: Body) -> None:
    before, last = trainings(team_space), team_space.status(NAME)["run"]
    team_space.kubectl("delete", "pj", NAME)
    apply(team_space)
    assert ended(team_space, 1, "Reused")["id"] == last["id"]
    assert trainings(team_space) == before
