"""A whole world for one PreferenceJob: an API server, a Job controller, pods and an operator.

The Job controller follows the rules measured on the real one: what the end of a pod does to its
Job, and the counts that the next pod is born with.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from api_stand_in import ApiStandIn, Queue, key_of
from operator_builders import NOW, SETTINGS, at, pod, preference_job
from preference_api.wire import ExitCode
from preference_operator.act import Actor
from preference_operator.bodies import Body, Kind
from preference_operator.controller import Controller
from preference_operator.objects import Job, Key, read_job
from preference_operator.store import Store

KEY: Key = ("team", "job")
REFUSED = (
    ExitCode.BAD_CONFIGURATION,
    ExitCode.BAD_DATA,
    ExitCode.STORAGE_REFUSED,
    ExitCode.DIVERGED,
)


@dataclass
class World:
    """An object, and an operator whose store is as old as its last look."""

    api: ApiStandIn = field(default_factory=ApiStandIn)
    queue: Queue = field(default_factory=Queue)
    store: Store = field(default_factory=Store)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    controller: Controller = field(init=False)

    def __post_init__(self) -> None:
        actor = Actor(cluster=self.api, store=self.store, settings=SETTINGS)
        self.controller = Controller(
            actor=actor, store=self.store, queue=self.queue, clock=self.clock
        )

    def clock(self):
        return NOW + timedelta(seconds=self.api.seconds)

    def has(self, body: Body | None = None) -> "World":
        """The same world, with a PreferenceJob in it that the operator knows."""
        self.api.put(Kind.PREFERENCE_JOBS, preference_job() if body is None else body)
        self.api.tell(self.store)
        return self

    def look(self) -> None:
        """Have the operator see everything."""
        self.api.tell(self.store)

    def work(self) -> list[str]:
        """One pass of the operator; its calls."""
        before = len(self.api.calls)
        asyncio.run(self.controller.reconcile(KEY))
        return self.api.calls[before:]

    def go_on(self) -> list[str]:
        """Passes of the operator until it waits for something; their calls."""
        calls = self.work()
        while (KEY, 0.0) in self.queue.later:
            self.queue.later.remove((KEY, 0.0))
            calls += self.work()
        return calls

    @property
    def body(self) -> Body:
        """The PreferenceJob."""
        return self.api.kept[Kind.PREFERENCE_JOBS][KEY]

    @property
    def job(self) -> Job:
        """The PreferenceJob as the operator reads it."""
        return read_job(self.body)

    @property
    def children(self) -> list[Body]:
        """Its child Jobs."""
        return list(self.api.kept[Kind.JOBS].values())

    def child(self, stage: str) -> Body:
        """The newest child of a stage."""
        return [one for one in self.children if one["metadata"]["name"].endswith(stage)][-1]

    def put_status(self, **parts: object) -> None:
        """Somebody else's write of the status."""
        status = {**(self.body.get("status") or {}), **parts}
        self.api.put(Kind.PREFERENCE_JOBS, {**self.body, "status": status})

    def start(self, job: Body) -> Body:
        """The pod that runs for a Job, made where it is missing."""
        running = [one for one in self.api.pods(job) if one["status"]["phase"] == "Running"]
        if running:
            return running[0]
        return self.api.put(Kind.PODS, pod(job, counts=self._counts(job)))

    def end(self, job: Body, code: int, words: str = "") -> None:
        """End the pod of a Job, and let the Job follow its rules."""
        ended = pod(job, code=code, words=words, counts=self._counts(job))
        self.api.put(Kind.PODS, {**self.start(job), "status": ended["status"]})
        if code in (ExitCode.DONE, *REFUSED):
            self._conclude(job, "Failed" if code else "Complete", "PodFailurePolicy")
            return
        failures, ignored = self._counts(job)
        stopped = code == ExitCode.STOPPED_EARLY
        failures, ignored = (failures, ignored + 1) if stopped else (failures + 1, ignored)
        self.counts[job["metadata"]["uid"]] = (failures, ignored)
        if failures > job["spec"]["backoffLimitPerIndex"]:
            self._conclude(job, "Failed", "FailedIndexes")

    def lose_pods(self, job: Body) -> None:
        """The pods of a Job are gone, with what they said."""
        for one in self.api.pods(job):
            del self.api.kept[Kind.PODS][key_of(one)]

    def _counts(self, job: Body) -> tuple[int, int]:
        return self.counts.get(job["metadata"]["uid"], (0, 0))

    def _conclude(self, job: Body, end: str, reason: str) -> None:
        about = {"type": end, "status": "True", "reason": reason}
        ended = {"conditions": [{**about, "lastTransitionTime": at(self.api.seconds)}]}
        self.api.put(Kind.JOBS, {**job, "status": ended})


def busy(job: Body) -> bool:
    """Whether a Job may still make pods."""
    return not job["status"].get("conditions") and "deletionTimestamp" not in job["metadata"]
