"""What a scrape of an operator told, as Prometheus reads it."""

import asyncio
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import exposition
from exposition import Series
from preference_operator.families import State, families
from preference_operator.figures import Figures
from preference_operator.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """The series of one answer."""

    text: str
    series: dict[Series, float]

    @classmethod
    def of(cls, text: str) -> "Scrape":
        """Read a text."""
        return cls(text=text, series=exposition.series(text))

    def value(self, name: str, **labels: str) -> float | None:
        """The value of the series with exactly these labels; None where there is none."""
        return self.series.get((name, frozenset(labels.items())))

    def about(self, **labels: str) -> set[str]:
        """Names of the series that have these labels among theirs."""
        wanted = labels.items()
        return {name for name, told in self.series if wanted <= told}

    def values(self, name: str, label: str) -> dict[str, float]:
        """The values of a metric by one of its labels, added up over the others."""
        found: dict[str, float] = {}
        for (metric, labels), value in self.series.items():
            if metric == name:
                key = dict(labels)[label]
                found[key] = found.get(key, 0) + value
        return found


def scrape(url: str) -> Scrape:
    """Ask a process for its metrics, by the URL of its port."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        return Scrape.of(answer.read().decode())


def told(
    metrics: Metrics, jobs: Sequence[Figures] = (), *, most_jobs: int = 9, **state: Any
) -> Scrape:
    """What a leader would tell of what was counted, and of objects."""
    counts = {job.key: dict(metrics.attempts.of(job.key, job.uid)) for job in jobs}
    stands = State(version="1.2.3", leads=True, jobs=jobs, attempts=counts, **state)
    text, _type = asyncio.run(metrics.told("", families(stands, most_jobs=most_jobs)))
    return Scrape.of(text.decode())
