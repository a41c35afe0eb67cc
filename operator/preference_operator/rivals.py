"""Objects that stand at the same run: whoever is first trains, and the others wait for its result.

A run belongs to its content. Two objects that ask for the same one at the same time would take the
bucket's place of the run from each other, and hold two sets of devices for one model.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from preference_operator.objects import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another object, and whether a training of it may use a device."""

    job: Job
    training: bool


def same_run(job: Job, other: Job) -> bool:
    """Whether both stand at one run, in one place of one bucket."""
    return job.uid != other.uid and _place(job) is not None and _place(job) == _place(other)


def _place(job: Job) -> tuple[str, str, str] | None:
    run, spec = job.status.run, job.spec
    if run is None or run.id is None or spec is None or run.spec_hash != job.spec_hash:
        return None
    return spec.storage.endpoint or "", spec.output.uri.rstrip("/"), run.id


def first_of(job: Job, others: Iterable[Other]) -> Job | None:
    """The object that an object without a training of its own has to wait for.

    One that trains already comes first, then the one that was made first.
    """
    asking = [one for one in others if same_run(job, one.job) and _asks(one)]
    training = [one.job for one in asking if one.training]
    earlier = [one.job for one in asking if _age(one.job) < _age(job)]
    return next(iter([*training, *sorted(earlier, key=_age)]), None)


def _asks(other: Other) -> bool:
    job = other.job
    assert job.spec is not None
    assert job.status.run is not None
    ended = job.status.run.completion_time is not None
    return other.training or not (ended or job.deleting or job.spec.suspend)


def _age(job: Job) -> tuple[str, str]:
    return job.created, job.uid
