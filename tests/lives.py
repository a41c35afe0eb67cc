"""Lives of PreferenceJobs before an operator in memory: after each act, the situation it leads to.

Every version of the object between two acts is kept, too.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from api_stand_in import ApiStandIn
from operator_builders import CHECK, CHECKED, REUSED, SPEC, TRAIN, TRAINED, edited, preference_job
from operator_world import World
from pod_states import unscheduled
from preference_api.v1alpha1 import API_VERSION, KIND
from preference_operator.bodies import Body, Kind
from situations import Situation

NEW = {"observedGeneration": -1}
"""The status of an object that nobody has looked at, as the API server stores it."""

UNSEEN, UNDER_WAY = Situation.UNSEEN, Situation.UNDER_WAY
SUSPENDED, FINISHED, FAILED = Situation.SUSPENDED, Situation.FINISHED, Situation.FAILED


@dataclass
class Recorder(ApiStandIn):
    """An API server in memory that keeps every version of the PreferenceJob."""

    versions: list[Body] = field(default_factory=list)

    def put(self, kind: Kind, body: Body) -> Body:
        kept = super().put(kind, body)
        if kind is Kind.PREFERENCE_JOBS:
            self.versions.append(kept)
        return kept


class Life:
    """One PreferenceJob, its operator, and what others do."""

    def __init__(self, **spec: Any) -> None:
        self.api = Recorder()
        body = {"apiVersion": API_VERSION, "kind": KIND, **preference_job(spec=spec, status=NEW)}
        self.world = World(api=self.api).has(body)

    @property
    def body(self) -> Body:
        """The object as it stands."""
        return self.world.body

    def operate(self) -> None:
        """Have the operator see everything, and work until it waits."""
        self.world.look()
        self.world.go_on()
        self.world.look()
        self.world.go_on()

    def edit(self, **spec: Any) -> None:
        """Change the spec."""
        self.api.put(Kind.PREFERENCE_JOBS, edited(self.body, **spec))

    def start(self, stage: str) -> None:
        """Have a pod run."""
        self.world.start(self.world.child(stage))
        self.operate()

    def end(self, stage: str, code: int = 0, words: str = "") -> None:
        """Have a pod end; without an error it says what its stage says at the end."""
        said = words or {CHECK: CHECKED, TRAIN: TRAINED}[stage] if code == 0 else words
        self.world.end(self.world.child(stage), code, said)
        self.operate()

    def sweep(self) -> None:
        """Have everything gone that was told to go."""
        self.api.sweep()
        self.operate()

    def train(self) -> None:
        """Check, and have the training pod run."""
        self.operate()
        self.end(CHECK)
        self.start(TRAIN)


def trained_after_a_preemption(life: Life) -> Iterator[Situation]:
    yield UNSEEN
    life.operate()
    yield UNDER_WAY
    life.start(CHECK)
    yield UNDER_WAY
    life.end(CHECK)
    yield UNDER_WAY
    life.start(TRAIN)
    yield UNDER_WAY
    life.end(TRAIN, 75)
    yield UNDER_WAY
    life.start(TRAIN)
    yield UNDER_WAY
    life.end(TRAIN)
    yield FINISHED
    life.operate()
    yield FINISHED


def refused_by_the_check(life: Life) -> Iterator[Situation]:
    life.operate()
    life.end(CHECK, 3)
    yield FAILED
    life.edit(dataset={"uri": "s3://bucket/better.jsonl"})
    yield UNSEEN
    life.operate()
    yield UNDER_WAY


def failed_too_often(life: Life) -> Iterator[Situation]:
    life.edit(restarts={"failures": 1})
    life.train()
    life.end(TRAIN, 137)
    yield UNDER_WAY
    life.start(TRAIN)
    yield UNDER_WAY
    life.end(TRAIN, 137)
    yield FAILED


def suspended_from_the_start(life: Life) -> Iterator[Situation]:
    life.edit(suspend=True)
    yield UNSEEN
    life.operate()
    yield SUSPENDED
    life.edit(suspend=False)
    yield UNSEEN
    life.operate()
    yield UNDER_WAY


def suspended_while_it_trains(life: Life) -> Iterator[Situation]:
    life.train()
    life.edit(suspend=True)
    yield UNSEEN
    life.operate()
    yield UNDER_WAY
    life.sweep()
    yield SUSPENDED
    life.edit(suspend=False)
    life.operate()
    yield UNDER_WAY
    life.end(TRAIN)
    yield FINISHED
    life.edit(suspend=True)
    life.operate()
    yield FINISHED


def changed_while_it_trains(life: Life) -> Iterator[Situation]:
    life.train()
    life.edit(dpo={"beta": 0.3})
    yield UNSEEN
    life.operate()
    yield UNDER_WAY
    life.sweep()
    yield UNDER_WAY
    life.end(CHECK)
    life.end(TRAIN)
    yield FINISHED


def reverted_after_the_end(life: Life) -> Iterator[Situation]:
    life.train()
    life.end(TRAIN)
    life.edit(dpo={"beta": 0.3})
    yield UNSEEN
    life.operate()
    life.sweep()
    yield UNDER_WAY
    life.end(CHECK, words=REUSED)
    yield FINISHED
    life.edit(ttlSecondsAfterFinished=60)
    yield UNSEEN
    life.operate()
    yield FINISHED


def asked_for_what_is_not_allowed(life: Life) -> Iterator[Situation]:
    life.edit(image="theirs/trainer")
    life.operate()
    yield FAILED
    life.edit(image=None, method="garbage")
    life.operate()
    yield FAILED
    life.edit(method=SPEC["method"])
    yield UNSEEN
    life.operate()
    yield UNDER_WAY


def waiting_for_a_node(life: Life) -> Iterator[Situation]:
    life.operate()
    life.end(CHECK)
    pod = life.world.start(life.world.child(TRAIN))
    pending = {**pod, "spec": {}, "status": unscheduled("0/1 nodes are available")["status"]}
    life.api.put(Kind.PODS, pending)
    life.operate()
    yield UNDER_WAY


def waiting_in_a_queue(life: Life) -> Iterator[Situation]:
    life.operate()
    life.end(CHECK)
    job = life.world.child(TRAIN)
    life.api.put(Kind.JOBS, {**job, "spec": {**job["spec"], "suspend": True}})
    life.operate()
    yield UNDER_WAY


LIVES: Mapping[str, Callable[[Life], Iterator[Situation]]] = {
    life.__name__: life
    for life in (
        trained_after_a_preemption,
        refused_by_the_check,
        failed_too_often,
        suspended_from_the_start,
        suspended_while_it_trains,
        changed_while_it_trains,
        reverted_after_the_end,
        asked_for_what_is_not_allowed,
        waiting_for_a_node,
        waiting_in_a_queue,
    )
}
