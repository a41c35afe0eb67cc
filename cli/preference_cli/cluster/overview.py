"""The table that `status` shows of several PreferenceJobs."""

from collections.abc import Sequence
from datetime import datetime

from preference_api.v1alpha1.status import Stage
from preference_cli import figures
from preference_cli.cluster.job import Job
from preference_cli.cluster.lines import HEAD, Line, age, columns
from preference_cli.cluster.page import share, state_style

_HEAD = ("NAME", "METHOD", "STATE", "STAGE", "DONE", "LEFT", "ACCURACY", "RUN", "AGE")


def overview(jobs: Sequence[Job], *, now: datetime, namespaces: bool) -> list[Line]:
    """A line for every job, by name, with their namespaces where those are of several."""
    ordered = sorted(jobs, key=lambda job: (job.namespace, job.name))
    head = ("NAMESPACE", *_HEAD) if namespaces else _HEAD
    cells = [((job.namespace,) if namespaces else ()) + _cells(job, now) for job in ordered]
    first, *others = columns(head, cells)
    styles = map(state_style, ordered)
    return [Line(first, HEAD), *map(Line, others, styles)]


def _cells(job: Job, now: datetime) -> tuple[str, ...]:
    status, run = job.status, job.status.run
    return (
        job.name,
        str(job.spec.get("method", "")),
        job.state,
        *_progress_cells(job),
        share(status.result.metrics.accuracy) if status.result else "",
        run.id if run else "",
        age(job.created, now),
    )


def _progress_cells(job: Job) -> tuple[str, str, str]:
    """Stage, share done and time left of a job that is under way."""
    progress = job.status.progress
    if progress is None or progress.stage == Stage.DONE or job.succeeded is not None:
        return "", "", ""
    left = progress.seconds_left
    return (
        progress.stage.value,
        f"{progress.percent:.0f} %",
        figures.duration(left) if left is not None else "",
    )
