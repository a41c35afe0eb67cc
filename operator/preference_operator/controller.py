"""One pass over one PreferenceJob: gather the facts, decide, act."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from preference_api.children import ChildStage, child_name
from preference_api.v1alpha1.status import PreferenceJobStatus
from preference_api.wire import LiveProgress
from preference_operator.act import Actor
from preference_operator.bodies import Body, Kind
from preference_operator.cluster_errors import (
    ClusterError,
    Conflict,
    NotFound,
    NotLeading,
    Unavailable,
)
from preference_operator.diagnose import Diagnosis
from preference_operator.explanations import Explanations
from preference_operator.happenings import happening
from preference_operator.logs import about
from preference_operator.objects import Job, Key, read_job
from preference_operator.observe import Facts, Seen, observe
from preference_operator.plan import plan
from preference_operator.queue import WorkQueue
from preference_operator.rivals import Other, first_of, same_run
from preference_operator.store import Store

_LOG = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The time in whole seconds, as Kubernetes keeps it."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(slots=True, kw_only=True)
class Controller:
    """Works on keys from the queue.

    knows: Tells whether an object is known with all that belongs to it.
    live: What running training pods answered last, by the uid of the pod.
    refusals: Why the last child of an object could not be made.
    """

    actor: Actor
    store: Store
    queue: WorkQueue
    clock: Callable[[], datetime] = utc_now
    knows: Callable[[Key], bool] = lambda _key: True
    live: dict[str, LiveProgress] = field(default_factory=dict)
    refusals: dict[Key, Diagnosis] = field(default_factory=dict)

    async def reconcile(self, key: Key) -> None:
        """One pass; what cannot be done is tried again, and never stops the others."""
        body = self.store.preference_job(key)
        if body is None:
            self._forget(key)
            return
        with self.actor.metrics.passing() as outcome:
            try:
                await self._pass(read_job(body))
            except NotFound:
                self.store.drop(Kind.PREFERENCE_JOBS, body["metadata"]["uid"])
            except ClusterError as error:
                outcome.failure = type(error).__name__
                self._try_again(key, error)

    def _forget(self, key: Key) -> None:
        self.refusals.pop(key, None)
        self.queue.forget(key)
        self.actor.metrics.attempts.forget(key)

    def _try_again(self, key: Key, error: ClusterError) -> None:
        if isinstance(error, NotLeading):
            _LOG.info("not leading any more: %s", error, extra=about(key))
            return
        level = logging.DEBUG if isinstance(error, Conflict) else logging.WARNING
        kind = type(error).__name__
        _LOG.log(level, "%s: %s", kind, error.message, extra=about(key))
        if isinstance(error, Unavailable) and error.retry_after is not None:
            self.queue.add_after(key, error.retry_after)
        else:
            self.queue.retry(key)

    async def _pass(self, job: Job) -> None:
        now = self.clock()
        facts = await self._facts(job, now)
        seen = observe(facts)
        decided = plan(job, seen, now=now, settings=self.actor.settings)
        written = partial(self._count, job, seen, now)
        refusal = await self.actor.act(job, decided, now=now, written=written)
        self._remember(job.key, refusal)
        if refusal is not None:
            # Soon at first: an API server that was started just now refuses everything.
            self.queue.retry(job.key)
        if decided.wake_after is not None:
            self.queue.add_after(job.key, decided.wake_after)

    def _count(self, job: Job, seen: Seen, now: datetime, status: PreferenceJobStatus) -> None:
        self.actor.metrics.happened(job, happening(job, status, seen, now=now))

    async def _facts(self, job: Job, now: datetime) -> Facts:
        jobs = self.store.jobs(job.uid)
        pods = self.store.pods(jobs)
        explanations = Explanations(cluster=self.actor.cluster)
        training = child_name(job.key[1], job.run_hash, ChildStage.TRAIN)
        return Facts(
            jobs=jobs,
            pods=pods,
            live=self._live(pods),
            complaint=await explanations.complaint(jobs, pods, now),
            queue=await explanations.queue(jobs, now),
            refusal=self.refusals.get(job.key),
            first=self._first(job),
            left=self.store.left_pods(job.uid, (job.key[0], training)),
        )

    def _first(self, job: Job) -> Job | None:
        """The object that has to be waited for, since it asks for the same run."""
        run = job.status.run
        if run is None or run.id is None or run.completion_time is not None:
            return None
        bodies = self.store.preference_jobs_at(run.id)
        known = (other for other in map(read_job, bodies) if self.knows(other.key))
        others = [other for other in known if same_run(job, other)]
        return first_of(job, [Other(job=one, training=self._trains(one)) for one in others])

    def _trains(self, job: Job) -> bool:
        jobs = self.store.jobs(job.uid)
        children = observe(Facts(jobs=jobs, pods=self.store.pods(jobs))).children
        return any(child.live and child.stage is ChildStage.TRAIN for child in children)

    def _live(self, pods: tuple[Body, ...]) -> LiveProgress | None:
        running = (pod for pod in pods if pod["status"].get("phase") == "Running")
        answers = (self.live.get(pod["metadata"]["uid"]) for pod in running)
        return next((answer for answer in answers if answer is not None), None)

    def _remember(self, key: Key, refusal: Diagnosis | None) -> None:
        """Keep why a child could not be made; where that is news, another pass tells it.

        Messages differ by ids and amounts at every try, and are no news.
        """
        known = self.refusals.pop(key, None)
        if refusal is not None:
            self.refusals[key] = refusal
        if (known and known.reason) != (refusal and refusal.reason):
            self.queue.add(key)
