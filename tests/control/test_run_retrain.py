"""A finished run before the operator's real process, and a dataset that changes behind it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import run_invariants
from api_history import JOBS
from control_plane import MERGE_PATCH
from preference_api.children import ChildStage
from preference_api.v1alpha1 import API_VERSION
from preference_api.wire import STAGE_LABEL, TerminationMessage
from run_player import CHECKED, REUSED, TRAINED, RunPlayer

pytestmark = pytest.mark.cluster

EVERY_MINUTE = {"whenDatasetChanges": True, "checkEveryMinutes": 1}
CHECK, TRAIN, LIST = ChildStage.CHECK, ChildStage.TRAIN, ChildStage.LIST


def seen(words: TerminationMessage, listing: str) -> TerminationMessage:
    return words.model_copy(update={"listing": listing})


def listed(listing: str) -> TerminationMessage:
    return TerminationMessage(exit_code=0, reason="Listed", listing=listing)


def finish(player: RunPlayer, **retrain: Any) -> None:
    """A run that trained on the dataset as it was listed `first`, an hour ago."""
    player.create(retrain={**EVERY_MINUTE, **retrain})
    player.check(seen(CHECKED, "first"))
    player.end(player.start(TRAIN), TRAINED)
    player.await_success()
    long_ago(player)


def long_ago(player: RunPlayer) -> None:
    """Have the run begun an hour ago, so that its dataset is due to be looked at."""
    begun = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = f"/apis/{API_VERSION}/namespaces/{player.namespace}/preferencejobs/{player.name}/status"
    change = {"status": {"run": {"startTime": begun}}}
    player.plane.ask("PATCH", path, change, content_type=MERGE_PATCH)


def list_dataset(player: RunPlayer, listing: str) -> None:
    """Run the listing that is due, and return once its Job is over."""
    pod = player.await_pod(LIST)
    player.kubelet.run(pod)
    player.end(pod, listed(listing))
    player.record.until(lambda: bool(over(player)))


def over(player: RunPlayer) -> list[Any]:
    """Listings that are over."""
    return [
        job
        for job in player.record.current(JOBS)
        if job["metadata"]["labels"][STAGE_LABEL] == LIST
        and any(one["type"] == "Complete" for one in job["status"].get("conditions", ()))
    ]


def forget_listing(player: RunPlayer) -> None:
    """Have somebody delete the listing, so that the next one is due at once."""
    player.plane.kubectl("-n", player.namespace, "delete", "job", player.child(LIST))


def made(player: RunPlayer) -> list[str]:
    """Stages of all Jobs that were ever made, in order."""
    versions = player.record.versions(JOBS)
    return [
        one.body["metadata"]["labels"][STAGE_LABEL] for one in versions if one.change == "ADDED"
    ]


def test_an_unchanged_dataset_is_looked_at_and_nothing_is_written(player: RunPlayer) -> None:
    finish(player)
    before = player.jobs.get(player.name)["metadata"]["resourceVersion"]
    for _ in range(3):
        list_dataset(player, "first")
        forget_listing(player)
    player.await_pod(LIST)
    assert player.jobs.get(player.name)["metadata"]["resourceVersion"] == before
    assert made(player) == [CHECK, TRAIN, LIST, LIST, LIST, LIST]
    run_invariants.hold(player.record)


def test_other_objects_with_the_same_pairs_cost_a_check(player: RunPlayer) -> None:
    finish(player)
    list_dataset(player, "second")
    player.check(seen(REUSED, "second"))
    player.await_word("Succeeded", "True", "Reused")
    status = player.record.status
    assert (status["run"]["number"], status["run"]["listing"]) == (2, "second")
    assert [one["reason"] for one in status["history"]] == ["Reused", "Trained"]
    assert made(player) == [CHECK, TRAIN, LIST, CHECK]
    run_invariants.hold(player.record)


def test_other_pairs_are_trained_on(player: RunPlayer) -> None:
    finish(player)
    list_dataset(player, "second")
    player.await_word("Succeeded", "Unknown", "DatasetChanged")
    player.check(seen(CHECKED, "second"))
    player.end(player.start(TRAIN), TRAINED)
    player.await_word("Succeeded", "True", "Trained")
    assert player.record.status["run"]["number"] == 2
    assert made(player) == [CHECK, TRAIN, LIST, CHECK, TRAIN]
    run_invariants.hold(player.record)


def test_a_broken_dataset_is_told_and_mended_by_the_next(player: RunPlayer) -> None:
    finish(player)
    list_dataset(player, "broken")
    player.check(TerminationMessage(exit_code=3, reason="BadData", listing="broken"))
    player.await_word("Succeeded", "False", "BadData")
    assert player.record.status["result"]["modelURI"]
    # What was listed before the run began says nothing about it, and goes.
    player.record.until(lambda: not over(player))
    long_ago(player)
    list_dataset(player, "mended")
    player.check(seen(REUSED, "mended"))
    player.await_word("Succeeded", "True", "Reused")
    assert player.record.status["run"]["number"] == 3
    run_invariants.hold(player.record)
