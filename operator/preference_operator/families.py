"""What stands at the moment of a scrape, as families of series; pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from preference_operator.figures import Figures
from preference_operator.objects import Key

Sample = tuple[tuple[str, ...], float]
"""Values of the labels, and the value."""

_JOB = ("namespace", "preferencejob")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What stands at one moment.

    waiting: PreferenceJobs that wait for a pass.
    jobs: Every PreferenceJob, where this replica leads.
    heard: When a watch of a resource last said something, in seconds since 1970.
    attempts: By object and reason, how many of its attempts ended before they were done.
    """

    version: str
    leads: bool = False
    waiting: int = 0
    jobs: Sequence[Figures] = ()
    heard: Mapping[str, float] = field(default_factory=dict)
    attempts: Mapping[Key, Mapping[str, int]] = field(default_factory=dict)


class Family(NamedTuple):
    """A metric and its series; a counter's name without `_total`."""

    name: str
    type: str
    meaning: str
    labels: tuple[str, ...]
    samples: Iterable[Sample]


def families(state: State, *, most_jobs: int) -> Iterator[Family]:
    """All that is told of a moment.

    Args:
        state: What stands.
        most_jobs: PreferenceJobs that have series of their own.

    """
    told = told_of(state.jobs, most_jobs)
    yield from _of_the_process(state, left_out=len(state.jobs) - len(told))
    yield from _of_the_jobs(told)
    yield Family(
        "preference_job_attempts",
        "counter",
        "Attempts that ended before they were done, since this replica leads.",
        (*_JOB, "reason"),
        [
            ((*job.key, reason), count)
            for job in told
            for reason, count in state.attempts.get(job.key, {}).items()
        ],
    )


def told_of(jobs: Sequence[Figures], most: int) -> Sequence[Figures]:
    """Those that have series of their own: what is not over comes first, then what is newer."""
    if len(jobs) <= most:
        return jobs
    newest = sorted(jobs, key=lambda job: job.created, reverse=True)
    return sorted(newest, key=lambda job: job.over)[:most]


def _of_the_process(state: State, *, left_out: int) -> Iterator[Family]:
    meaning = "1, for the version of the operator."
    yield _gauge("build_info", meaning, [((state.version,), 1)], "version")
    meaning = "1 while this replica leads, 0 while it stands by."
    yield _gauge("leader", meaning, [((), state.leads)])
    meaning = "PreferenceJobs in a state; `New` before the first pass."
    yield _gauge("jobs", meaning, _by_state(state.jobs), "namespace", "state")
    meaning = (
        "PreferenceJobs beyond `PREFERENCE_OPERATOR_METRICS_JOBS`, without series of their own."
    )
    yield _gauge("jobs_without_series", meaning, [((), left_out)])
    meaning = "PreferenceJobs that wait for a pass."
    yield _gauge("workqueue_depth", meaning, [((), state.waiting)])
    meaning = "When a watch last said something, be it that nothing changed; of the leader only."
    heard = [((resource,), moment) for resource, moment in state.heard.items()]
    yield _gauge("watch_last_event_timestamp_seconds", meaning, heard, "resource")


def _gauge(name: str, meaning: str, samples: Iterable[Sample], *labels: str) -> Family:
    return Family(f"preference_{name}", "gauge", meaning, labels, samples)


def _by_state(jobs: Sequence[Figures]) -> Iterable[Sample]:
    return Counter((job.key[0], job.state) for job in jobs).items()


def _of_the_jobs(jobs: Sequence[Figures]) -> Iterator[Family]:
    yield Family(
        "preference_job_info",
        "gauge",
        "1, for every PreferenceJob.",
        (*_JOB, "method", "model", "run"),
        [((*job.key, job.method, job.model, job.run), 1) for job in jobs],
    )
    yield Family(
        "preference_job_state",
        "gauge",
        "1 for the state that the PreferenceJob is in.",
        (*_JOB, "state"),
        [((*job.key, job.state), 1) for job in jobs],
    )
    for name, meaning, value in _VALUES:
        told = ((job.key, value(job)) for job in jobs)
        samples = [(key, number) for key, number in told if number is not None]
        yield Family(f"preference_job_{name}", "gauge", meaning, _JOB, samples)
    preempted = [(job.key, job.preemptions) for job in jobs]
    meaning = "Attempts of the current run that were preempted; from 0 on."
    yield Family("preference_job_preemptions", "counter", meaning, _JOB, preempted)


_VALUES: Sequence[tuple[str, str, Callable[[Figures], float | None]]] = (
    (
        "progress_ratio",
        "Share of the current stage that is done, 0 to 1.",
        lambda job: job.progress,
    ),
    (
        "last_progress_timestamp_seconds",
        "When the training last got on.",
        lambda job: job.progressed_at,
    ),
    ("loss", "Last known loss; of a short training, too.", lambda job: job.loss),
    ("reward_margin", "Last known reward margin.", lambda job: job.reward_margin),
    (
        "reward_accuracy_ratio",
        "Last known share of pairs with the chosen answer ahead.",
        lambda job: job.reward_accuracy,
    ),
)
