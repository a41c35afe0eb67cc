"""What tools that wait for a PreferenceJob make of it, at every moment of every life.

The table is in docs/gitops.md; here it is `situations.TABLE`.
"""

import pytest

import argo_cd
import kstatus
from control.test_histories import STEPS, Walk
from kstatus import Verdict
from lives import LIVES, Life, Recorder
from operator_builders import preference_job
from operator_world import World
from situations import TABLE, Situation, judged_rightly, situation


@pytest.mark.parametrize("name", LIVES)
def test_a_life(name: str) -> None:
    life = Life()
    for expected in LIVES[name](life):
        assert situation(life.body) is expected, life.body["status"]
    for version in life.api.versions:
        judged_rightly(version)


def test_the_lives_come_by_every_situation_and_state() -> None:
    situations, states = set(), set()
    for play in LIVES.values():
        life = Life()
        situations |= set(play(life))
        states |= {version["status"].get("state") for version in life.api.versions}
    assert situations == set(Situation)
    assert states >= {"Queued", "Pending", "Restarting", "Suspending", "Replacing", "Invalid"}


class JudgedWalk(Walk):
    """A random history in which every status that the operator writes is judged."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.api = Recorder()
        self.world = World(api=self.api).has(preference_job(spec=self.world.body["spec"]))
        self.judged: set[Situation] = set()

    def work(self) -> None:
        """The versions that a pass makes are the operator's own."""
        before = len(self.api.versions)
        super().work()
        self.judged |= {judged_rightly(one) for one in self.api.versions[before:]}

    def examine(self) -> None:
        """What else holds is looked at in tests/control."""


def test_random_histories() -> None:
    judged = set()
    for seed in range(30):
        walk = JudgedWalk(1000 + seed)
        for _step in range(STEPS):
            walk.step()
        judged |= walk.judged
    assert judged == set(Situation) - {Situation.UNSEEN}


def test_the_documentation_has_the_table() -> None:
    text = (argo_cd.ROOT / "docs/gitops.md").read_text(encoding="utf-8")
    rows = text.partition("| situation | kstatus | Argo CD |")[2].partition("\n\n")[0]
    told = [tuple(row.strip("| ").split(" | ")[1:]) for row in rows.splitlines()[2:]]
    assert told == [(one.kstatus, one.argo) for one in TABLE.values()]


def test_what_is_about_to_go_is_terminating() -> None:
    life = Life()
    life.train()
    metadata = {**life.body["metadata"], "deletionTimestamp": "2026-01-02T03:00:00Z"}
    assert kstatus.judge({**life.body, "metadata": metadata}) is Verdict.TERMINATING


def test_health_says_what_ready_says() -> None:
    life = Life()
    life.operate()
    life.end("check", 3)
    ready = next(one for one in life.body["status"]["conditions"] if one["type"] == "Ready")
    assert ready["message"]
    assert argo_cd.health(life.body).message == ready["message"]


def test_without_the_generation_of_the_schema_a_new_object_would_pass_for_done() -> None:
    """Why status.observedGeneration has -1 as its default."""
    assert kstatus.judge(preference_job()) is Verdict.CURRENT
    assert kstatus.judge(preference_job(status={"observedGeneration": -1})) is Verdict.IN_PROGRESS
