"""Git is the truth: what commits, reverts and the actions of a GitOps tool lead to."""

from pathlib import Path
from typing import Any

import pytest

import argo_cd
import kstatus
from api_history import JOBS, PREFERENCE_JOBS
from awaiting import until
from control_plane import MERGE_PATCH
from git_loop import GitLoop
from kstatus import Verdict
from preference_api.children import ChildStage
from preference_api.wire import STAGE_LABEL
from preference_jobs import manifest
from preference_operator.merge_patch import merge_patch
from run_player import REUSED, TRAINED, RunPlayer
from run_stories import CHANGED, WHOLE, Story
from situations import Situation, judged_rightly

pytestmark = pytest.mark.cluster

TRAIN = ChildStage.TRAIN
STORIES = {"whole": WHOLE, "changed": CHANGED}


@pytest.fixture
def loop(player: RunPlayer, tmp_path: Path) -> GitLoop:
    loop = GitLoop(player.plane, player.namespace, tmp_path)
    loop.begin()
    return loop


@pytest.mark.parametrize("name", STORIES)
def test_at_every_moment_tools_make_of_it_what_the_table_says(player: RunPlayer, name: str) -> None:
    story: Story = STORIES[name]
    story.play(player)
    versions = [one.body for one in player.record.versions(PREFERENCE_JOBS)]
    standing = [one for one in versions if "deletionTimestamp" not in one["metadata"]]
    assert judged_rightly(standing[0]) is Situation.UNSEEN
    situations = {judged_rightly(one) for one in standing}
    assert situations >= {Situation.UNDER_WAY, Situation.FINISHED}
    assert (Situation.SUSPENDED in situations) == (name == "changed")
    going = [one for one in versions if "deletionTimestamp" in one["metadata"]]
    assert {kstatus.judge(one) for one in going} <= {Verdict.TERMINATING}


def test_commits_and_a_revert(player: RunPlayer, loop: GitLoop) -> None:
    loop.commit(wanted(player, beta=0.1))
    loop.sync()
    player.follow()
    unchanged(player, loop)
    player.check()
    unchanged(player, loop)
    player.preempt(player.train())
    unchanged(player, loop)
    finish(player, number=1)
    unchanged(player, loop)
    loop.commit(wanted(player, beta=0.1), comment="Nothing but a comment")
    unchanged(player, loop)

    loop.commit(wanted(player, beta=0.3))
    loop.sync()
    player.check()
    unchanged(player, loop)
    finish(player, number=2)

    loop.revert()
    loop.sync()
    player.check(REUSED)
    succeeded(player, number=3)
    unchanged(player, loop)
    assert player.word("Succeeded")["reason"] == "Reused"
    assert trainings(player) == 2
    assert [entry["number"] for entry in player.record.status["history"]] == [3, 2, 1]


def test_what_people_set_stays_where_git_does_not_hold_it(player: RunPlayer, loop: GitLoop) -> None:
    loop.commit(wanted(player, beta=0.1))
    loop.sync()
    player.follow()
    run_action(player, "suspend")
    player.await_word("Suspended", "True")
    unchanged(player, loop)
    run_action(player, "resume")
    player.check()
    finish(player, number=1)
    run_action(player, "retrain")
    unchanged(player, loop)
    player.check()
    finish(player, number=2)
    assert trainings(player) == 2


def test_what_people_set_is_undone_where_git_holds_it(player: RunPlayer, loop: GitLoop) -> None:
    held = wanted(player, beta=0.1)
    held["spec"] |= {"suspend": True, "retrain": {"nonce": "first"}}
    loop.commit(held)
    loop.sync()
    player.follow()
    player.await_word("Suspended", "True")
    for action in ("resume", "retrain"):
        run_action(player, action)
        assert not loop.in_sync()
        loop.sync()
        until(loop.in_sync)
    spec = player.jobs.get(player.name)["spec"]
    assert (spec["suspend"], spec["retrain"]["nonce"]) == (True, "first")


def wanted(player: RunPlayer, *, beta: float) -> dict[str, Any]:
    """The manifest as its author keeps it."""
    output = {"uri": f"s3://bucket/{player.namespace}"}
    return manifest(player.name, labels={"team": "tone"}, dpo={"beta": beta}, output=output)


def unchanged(player: RunPlayer, loop: GitLoop) -> None:
    """Assert that another pass of the loop finds nothing to do, and changes nothing."""
    before = player.jobs.get(player.name)["metadata"]
    # `kubectl diff` reads twice, and shows what the operator writes into the status between.
    until(loop.in_sync)
    loop.sync()
    after = player.jobs.get(player.name)["metadata"]
    for field in ("uid", "generation", "labels", "annotations", "finalizers"):
        assert after.get(field) == before.get(field), field


def run_action(player: RunPlayer, action: str) -> None:
    """What Argo CD does for a click: a merge patch of what the script changed."""
    body = player.jobs.get(player.name)
    path = f"/apis/{body['apiVersion']}/namespaces/{player.namespace}/preferencejobs/{player.name}"
    changes = merge_patch(body, argo_cd.act(action, body))
    assert changes.keys() == {"spec"}
    player.plane.ask("PATCH", path, changes, content_type=MERGE_PATCH)


def finish(player: RunPlayer, *, number: int) -> None:
    """See a run through whose training pod has still to start."""
    player.end(player.start(TRAIN), TRAINED)
    succeeded(player, number=number)


def succeeded(player: RunPlayer, *, number: int) -> None:
    """Return once the run of that number has succeeded."""

    def done() -> bool:
        run = player.record.status.get("run", {})
        return run.get("number") == number and player.word("Succeeded")["status"] == "True"

    player.record.until(done)


def trainings(player: RunPlayer) -> int:
    """Training Jobs that were ever made."""
    made = [one.body for one in player.record.versions(JOBS) if one.change == "ADDED"]
    return sum(body["metadata"]["labels"][STAGE_LABEL] == TRAIN for body in made)
