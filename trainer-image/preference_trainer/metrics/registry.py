"""The values of the series, and how Prometheus reads them; the one module that knows its client."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from preference_trainer.metrics.series import SERIES, Counter, Gauge, Histogram, Series

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_JOB_LABEL = "preferencejob"
_NAME_CHARACTERS = 253
"""Longest name of an object in Kubernetes (RFC 1123, section 2.1)."""


class Metrics:
    """The series of one process, safe to use from every thread.

    Args:
        job: Name of the PreferenceJob, the label of every series.
    """

    def __init__(self, *, job: str) -> None:
        # Each counter would bring a second series with the time of its start.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._job = job[:_NAME_CHARACTERS]
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._made = {series: _made(series, self._registry) for series in SERIES}

    def set(self, gauge: Gauge, value: float) -> None:
        """Give a gauge its value."""
        self._child(gauge).set(value)

    def forget(self, *gauges: Gauge) -> None:
        """Have gauges absent until they are set again."""
        for gauge in gauges:
            self._made[gauge].clear()

    def add(self, counter: Counter, amount: float = 1, **labels: str) -> None:
        """Count on; an amount of 0 makes the series appear, so that its first increase is seen."""
        self._child(counter, labels).inc(amount)

    def observe(self, histogram: Histogram, seconds: float) -> None:
        """Put one duration into its bucket."""
        self._child(histogram).observe(seconds)

    @contextmanager
    def timed(self, histogram: Histogram) -> Iterator[None]:
        """Observe the duration of the block, where it does not fail."""
        began = time.monotonic()
        yield
        self.observe(histogram, time.monotonic() - began)

    def text(self) -> bytes:
        """Everything that is known, in Prometheus' text format."""
        return generate_latest(self._registry)

    def _child(self, series: Series, labels: Mapping[str, str] | None = None) -> Any:
        return self._made[series].labels(**{_JOB_LABEL: self._job}, **(labels or {}))


def _made(series: Series, registry: CollectorRegistry) -> Any:
    names = (_JOB_LABEL, *series.labels)
    match series:
        case Gauge():
            return prometheus_client.Gauge(series.name, series.meaning, names, registry=registry)
        case Counter():
            return prometheus_client.Counter(series.name, series.meaning, names, registry=registry)
        case Histogram(bounds=bounds):
            return prometheus_client.Histogram(
                series.name, series.meaning, names, buckets=bounds, registry=registry
            )
    raise TypeError(f"{series.name} is of no known kind")
