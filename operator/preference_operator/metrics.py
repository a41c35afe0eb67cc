"""The operator's metrics (docs/metrics.md); the one module that knows the Prometheus client.

What happens is counted here as it happens. What stands is computed at the moment of a scrape, out
of a `State`: so its series go with what they tell of.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from preference_api.children import ChildStage
from preference_operator.asked import asked_of
from preference_operator.attempts import AttemptCounts
from preference_operator.cluster_errors import (
    AlreadyExists,
    Conflict,
    NotLeading,
    Refused,
    Unavailable,
)
from preference_operator.families import Family
from preference_operator.happenings import Happening
from preference_operator.objects import Job

UNEXPECTED = "Unexpected"
"""Reason of a pass that failed by a fault of the operator's own."""
NO_ANSWER = "error"
"""Code of a request that had no answer."""

_FAILURES = (AlreadyExists, Conflict, NotLeading, Refused, Unavailable)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_CALL_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_PASS_SECONDS = (*_CALL_SECONDS, 30)
_WAIT_SECONDS = (1, 2, 5, 15, 30, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 4 * _HOUR, _DAY)
_RUN_SECONDS = (
    *(minutes * _MINUTE for minutes in (1, 5, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 4, 8, 16)),
    *(days * _DAY for days in (1, 2, 4, 7)),
)


@dataclass(slots=True)
class Outcome:
    """How a pass ended; empty where it did not fail."""

    failure: str = ""


@dataclass(slots=True)
class Answered:
    """What a request was answered with."""

    code: str = NO_ANSWER


class Metrics:
    """What one process has counted."""

    def __init__(self) -> None:
        self.attempts = AttemptCounts()
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._passes = self._counter(
            "reconcile", "Passes over a PreferenceJob: `done` or `failed`.", "result"
        )
        self._pass_seconds = self._seconds("reconcile", "Duration of a pass.", _PASS_SECONDS)
        meaning = "Passes that failed; they are tried again while this replica leads."
        self._pass_errors = self._counter("reconcile_errors", meaning, "reason")
        meaning = (
            "Requests to the API server, those of the watches left out; "
            "`code` is `error` where no answer came."
        )
        self._calls = self._counter("api_requests", meaning, "verb", "resource", "code")
        self._call_seconds = self._seconds(
            "api_request", "Duration of a request.", _CALL_SECONDS, "verb", "resource"
        )
        self._conflicts = self._counter("api_conflicts", "Writes that came too late.")
        self._events = self._counter("events_posted", "Events that were posted.")
        meaning = "From the start of a run to its end: `Trained`, `Reused` or `Failed`."
        self._run_seconds = self._seconds("job", meaning, _RUN_SECONDS, "method", "result")
        meaning = "From the making of a child Job, `check` or `train`, to its first pod that runs."
        self._wait_seconds = self._seconds("job_queue", meaning, _WAIT_SECONDS, "stage")
        self._begin()

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"preference_{name}", meaning, labels, registry=self._registry)

    def _seconds(
        self, what: str, meaning: str, buckets: Sequence[float], *labels: str
    ) -> Histogram:
        name = f"preference_{what}_duration_seconds"
        return Histogram(name, meaning, labels, buckets=buckets, registry=self._registry)

    def _begin(self) -> None:
        """Begin at 0 where the labels are known: what appears with 1 has not increased."""
        for result in ("done", "failed"):
            self._passes.labels(result)
        for reason in (*(kind.__name__ for kind in _FAILURES), UNEXPECTED):
            self._pass_errors.labels(reason)
        for stage in (ChildStage.CHECK, ChildStage.TRAIN):
            self._wait_seconds.labels(str(stage))

    @contextmanager
    def passing(self) -> Iterator[Outcome]:
        """Count a pass; an exception is a failure of its own kind, and goes on."""
        outcome, began = Outcome(), time.monotonic()
        try:
            yield outcome
        except Exception:
            outcome.failure = UNEXPECTED
            raise
        finally:
            self._pass_seconds.observe(time.monotonic() - began)
            self._passes.labels("failed" if outcome.failure else "done").inc()
            if outcome.failure:
                self._pass_errors.labels(outcome.failure).inc()

    @contextmanager
    def asking(self, method: str, path: str) -> Iterator[Answered]:
        """Count a request; whoever makes it sets the code of its answer."""
        answered, began, asked = Answered(), time.monotonic(), asked_of(method, path)
        try:
            yield answered
        finally:
            self._call_seconds.labels(*asked).observe(time.monotonic() - began)
            self._calls.labels(*asked, answered.code).inc()

    def came_too_late(self) -> None:
        """Count a write that another one came before."""
        self._conflicts.inc()

    def posted_event(self) -> None:
        """Count an Event."""
        self._events.inc()

    def happened(self, job: Job, happening: Happening) -> None:
        """Count what a written status tells."""
        if happening.attempts:
            self.attempts.add(job.key, job.uid, happening.reason, happening.attempts)
        if happening.ended:
            ended = happening.ended
            self._run_seconds.labels(ended.method, ended.result).observe(ended.seconds)
        if happening.begun:
            self._wait_seconds.labels(happening.begun.stage).observe(happening.begun.seconds)

    async def told(self, accept: str, families: Iterable[Family]) -> tuple[bytes, str]:
        """All series as text, and its content type.

        A thread writes the text: for thousands of series that takes longer than others may wait.

        Args:
            accept: What the scraper can read, as in the header of that name.
            families: What stands.

        """
        encode, content_type = _encoder(accept)
        scrape = _Scrape(self._registry, families)
        return await asyncio.to_thread(encode, scrape), content_type


class _Scrape(Collector):
    """What one scrape tells: what was counted, and what stands."""

    def __init__(self, registry: CollectorRegistry, families: Iterable[Family]) -> None:
        self._registry, self._families = registry, families

    def collect(self) -> Iterator[Metric]:
        yield from map(_without_creation, self._registry.collect())
        yield from map(_metric, self._families)


def _without_creation(metric: Metric) -> Metric:
    """A metric without the times at which its series began, which would double their number."""
    metric.samples = [one for one in metric.samples if not one.name.endswith("_created")]
    return metric


def _metric(family: Family) -> Metric:
    metric = Metric(family.name, family.meaning, family.type)
    name = f"{family.name}_total" if family.type == "counter" else family.name
    for values, number in family.samples:
        metric.add_sample(name, dict(zip(family.labels, values, strict=True)), number)
    return metric


def _encoder(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):
        # The header names a version that is no number.
        return choose_encoder("")
