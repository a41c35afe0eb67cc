"""Any history of an object: whatever happens, in whatever order, these things hold.

The histories are random and fixed by their seed; the last calls are in the failure's message.
"""

import random

import pytest

from api_stand_in import Fault
from operator_builders import (
    CHECK,
    CHECKED,
    REUSED,
    SPEC,
    TRAIN,
    TRAINED,
    child,
    edited,
    preference_job,
)
from operator_world import World, busy
from preference_api.v1alpha1.status import ConditionType
from preference_operator.bodies import Body, Kind
from preference_operator.cluster_errors import Conflict, Refused, Unavailable
from preference_operator.conditions import find

WALKS, STEPS = 80, 60
RESTARTS = {"failures": 1, "preemptions": 4}
EXITS = (0, 0, 0, 0, 1, 2, 5, 6, 75, 75, 75, 137)
WRITES = ("create_job", "delete_job", "patch_status", "create_event", "read_job")
ERRORS = (Unavailable("later"), Conflict("changed"), Refused("no"))
GARBAGE = ("garbage", 7, None, [], {}, [{"type": 1}], {"number": "x"})
PARTS = ("conditions", "run", "state", "attempts", "history", "progress", "checkpoint", "dataset")
SUMMARIES = (
    {"Succeeded": "Unknown", "Ready": "False", "Reconciling": "True"},
    {"Succeeded": "Unknown", "Ready": "False"},
    {"Succeeded": "True", "Ready": "True"},
    {"Succeeded": "False", "Ready": "False", "Stalled": "True"},
)


class Walk:
    """One object, an operator, and everybody who may interfere.

    allowed: Children that there are reasons for and that were not made yet.
    ended: How the object ended, as long as nobody touched it since.
    """

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = World().has(preference_job(spec={"restarts": RESTARTS}))
        self.allowed = 2
        self.ended: tuple[str, str] | None = None

    def work(self) -> None:
        before = self.world.job.end
        made = sum(call.startswith("create_job") for call in self.world.work())
        assert not (before and made), "made a child after the end"
        self.allowed -= made

    def go_on(self) -> None:
        self.look()
        self.work()

    def look(self) -> None:
        self.world.api.seconds += self.chance.choice((0, 1, 20))
        self.world.look()

    def end_pods(self) -> None:
        code, said = self.chance.choice(EXITS), self.chance.choice((CHECKED, CHECKED, REUSED))
        for job in [job for job in self.world.children if busy(job)]:
            self.allowed += 1
            self.world.end(job, code, "" if code else TRAINED if is_training(job) else said)
            if self.chance.random() < 0.1:
                self.world.lose_pods(job)

    def delete_a_child(self) -> None:
        if self.world.children:
            self.allowed += 2
            self.world.api.mark(self.chance.choice(self.world.children))

    def sweep(self) -> None:
        self.world.api.sweep()

    def edit(self) -> None:
        self.allowed, self.ended = self.allowed + 4, None
        pick = self.chance.choice
        spec: Body = {"dpo": {"beta": pick((0.1, 0.2))}, "suspend": pick((False,) * 5 + (True,))}
        spec |= {"image": pick((None,) * 8 + ("ours/a", "theirs/b"))}
        spec |= {"method": pick((SPEC["method"],) * 9 + ("garbage",))}
        spec |= {"retrain": {"concurrency": pick(("Forbid", "Replace"))}}
        self.world.api.put(Kind.PREFERENCE_JOBS, edited(self.world.body, **spec))

    def garble_the_status(self) -> None:
        self.allowed, self.ended = self.allowed + 4, None
        self.world.put_status(**{self.chance.choice(PARTS): self.chance.choice(GARBAGE)})

    def wipe_the_status(self) -> None:
        self.allowed, self.ended = self.allowed + 4, None
        self.world.api.put(Kind.PREFERENCE_JOBS, {**self.world.body, "status": {}})

    def make_a_child_by_hand(self) -> None:
        if self.world.job.spec is None:
            return
        made = child(self.world.body, self.chance.choice((CHECK, TRAIN)))
        if not any(is_training(one) or same_name(one, made) for one in self.world.children):
            self.allowed += 2
            self.world.api.put(Kind.JOBS, made)
            self.world.look()

    def break_a_call(self) -> None:
        self.allowed += 2
        error, lost = self.chance.choice(ERRORS), self.chance.random() < 0.5
        fault = Fault(error=error, answer_lost=lost)
        self.world.api.faults[self.chance.choice(WRITES)] = fault

    def settle(self) -> None:
        """In a quiet world the operator comes to rest."""
        self.world.api.faults.clear()
        self.allowed += 2
        for _pass in range(8):
            self.world.look()
            before = self.world.api.version
            self.work()
            if self.world.api.version == before:
                break
        else:
            raise AssertionError("never comes to rest")
        job = self.world.job
        assert job.status.conditions is not None
        refused = job.spec is None or job.spec.image == "theirs/b"
        accepted = find(job.status.conditions, ConditionType.ACCEPTED)
        assert accepted is not None
        assert accepted.status == str(not refused)
        assert not job.end or not any(busy(one) for one in self.world.children)

    def step(self) -> None:
        common = (*[self.go_on] * 4, *[self.end_pods] * 2, self.sweep)
        rare = (
            self.work,
            self.delete_a_child,
            *[self.edit] * 4,
            self.garble_the_status,
            self.wipe_the_status,
            self.make_a_child_by_hand,
            self.break_a_call,
            self.settle,
        )
        self.chance.choice(common if self.chance.random() < 0.75 else rare)()
        self.examine()

    def examine(self) -> None:
        job = self.world.job
        training = [one for one in self.world.children if is_training(one)]
        assert sum(not one["status"].get("conditions") for one in training) <= 1
        assert self.allowed >= 0, "more children than there are reasons for"
        if job.status.conditions and job.status.state:
            told = {str(one.type): str(one.status) for one in job.status.conditions}
            names = {name for summary in SUMMARIES for name in summary}
            assert {name: told[name] for name in names & told.keys()} in SUMMARIES
            if told["Succeeded"] == "True" and job.status.observed_generation == job.generation:
                assert job.end is not None, "another run's success"
        now = (str(job.end.status), job.end.reason) if job.end else None
        assert self.ended in (None, now), "the end did not stay the end"
        self.ended = now

    def come_to_the_end(self) -> None:
        """Where nobody interferes any more, every object comes to its end."""
        world = self.world
        world.api.faults.clear()
        wanted = edited(world.body, suspend=False, image=None, method=SPEC["method"])
        world.api.put(Kind.PREFERENCE_JOBS, wanted)
        for _round in range(20):
            world.api.seconds += 60
            world.api.sweep()
            world.look()
            world.work()
            for job in [job for job in world.children if busy(job)]:
                world.end(job, 0, TRAINED if is_training(job) else REUSED)
        assert world.job.end is not None


def is_training(job: Body) -> bool:
    return str(job["metadata"]["name"]).endswith(TRAIN)


def same_name(one: Body, other: Body) -> bool:
    return bool(one["metadata"]["name"] == other["metadata"]["name"])


@pytest.mark.parametrize("seed", range(WALKS))
def test_a_history(seed: int) -> None:
    walk = Walk(seed)
    try:
        for _step in range(STEPS):
            walk.step()
        walk.come_to_the_end()
    except AssertionError as error:
        error.add_note("\n".join(walk.world.api.calls[-12:]))
        raise
