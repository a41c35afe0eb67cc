"""The page that `status` shows of one PreferenceJob: pure, from the object and the time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from preference_api.v1alpha1.status import ConditionType, Stage
from preference_cli import figures
from preference_cli.cluster.job import Condition, HistoryEntry, Job, Metrics
from preference_cli.cluster.lines import BAD, CAUTION, GOOD, HEAD, Line, age, columns, rows
from preference_cli.cluster.looks import Looks, look_rows

_BAR_CELLS = 24
_NOT_VISITED = (
    "The operator has not looked at it yet. See that it runs, and that it watches this namespace."
)
_STALE_SECONDS = 60
# Succeeded stands on top with the state, which tells Running; what kstatus's tools read repeats
# Succeeded; the checkpoint has a row of its own.
_REPEATED = {
    ConditionType.SUCCEEDED,
    ConditionType.RUNNING,
    ConditionType.READY,
    ConditionType.RECONCILING,
    ConditionType.STALLED,
    ConditionType.CHECKPOINT_AVAILABLE,
}
_ORDINARY: Mapping[str, str] = {
    ConditionType.ACCEPTED: "True",
    ConditionType.ADMITTED: "True",
    ConditionType.SUSPENDED: "False",
}
"""What says nothing that is worth a line."""


_UNKNOWN = Looks()


def page(job: Job, *, now: datetime, looks: Looks = _UNKNOWN) -> list[Line]:
    """Everything that a person wants to know of a PreferenceJob.

    Args:
        job: The job.
        now: The time, aware.
        looks: What its Jobs and events tell of the looks at its dataset.
    """
    return [*summary(job, now=now, looks=looks), *_history(job.status.history or (), now)]


def summary(job: Job, *, now: datetime, looks: Looks = _UNKNOWN) -> list[Line]:
    """The page without the runs before."""
    about = [*_spec_rows(job), *_run_rows(job, now), *_checkpoint_row(job)]
    return [
        Line(f"{job.namespace}/{job.name}", HEAD),
        *_state(job),
        *rows([*about, *look_rows(job, looks, now=now)]),
        *_progress(job, now),
        *_conditions(job),
        *_result(job),
    ]


def share(value: float | None) -> str:
    """A share as a percentage; empty where it is not known."""
    return "" if value is None else f"{100 * value:.1f} %"


def state_style(job: Job) -> str:
    """The style of the state: an end is coloured, and so is a stop."""
    if job.succeeded is not None:
        return GOOD if job.succeeded else BAD
    return CAUTION if job.suspended else ""


def standing(job: Job) -> str:
    """State, reason and sentence with the way out, on one line."""
    return ": ".join(filter(None, (_heading(job), _top(job).message)))


def _heading(job: Job) -> str:
    """The state, and the reason where that is another word."""
    return ": ".join(dict.fromkeys(filter(None, (job.state, _top(job).reason))))


def _top(job: Job) -> Condition:
    """The condition that sums up all others."""
    kind = ConditionType.SUCCEEDED
    if not job.visited:
        return Condition(type=kind, status="Unknown", message=_NOT_VISITED)
    return job.condition(kind) or Condition(type=kind, status="Unknown")


def _state(job: Job) -> Iterator[Line]:
    yield Line(f"  {_heading(job)}", state_style(job))
    yield from (Line(f"  {line}") for line in _top(job).message.splitlines())
    if job.visited and not job.seen:
        behind = f"the newest change (generation {job.generation}) was not looked at yet"
        yield Line(f"  {behind}", CAUTION)
    yield Line("")


def _spec_rows(job: Job) -> Iterator[tuple[str, str]]:
    method = str(job.spec.get("method", "?"))
    yield "method", f"{method} after SFT" if job.spec.get("sft") is not None else method
    yield "model", str((job.spec.get("model") or {}).get("uri", "?"))
    yield "dataset", "\n".join(_dataset_uris(job))


def _dataset_uris(job: Job) -> list[str]:
    """Where the pairs lie: one place, or those of a mixture."""
    dataset = job.spec.get("dataset") or {}
    parts = dataset.get("mixture") or [dataset]
    return [str(part.get("uri", "?")) for part in parts]


def _run_rows(job: Job, now: datetime) -> Iterator[tuple[str, str]]:
    if run := job.status.run:
        number = f"number {run.number}" if run.number is not None else ""
        began = f"began {age(run.start_time, now)} ago" if run.start_time else ""
        ended = f"ended {age(run.completion_time, now)} ago" if run.completion_time else ""
        known = run.id or "its id is known after the check"
        yield "run", ", ".join(filter(None, (known, number, began, ended)))
        if run.dataset_changed_time:
            changed = f"the dataset was found changed {age(run.dataset_changed_time, now)} ago"
            yield "", f"{changed}, which began this run"
    attempts = job.status.attempts
    if attempts and (attempts.failures or attempts.preemptions):
        ended = f"{attempts.failures} failed, {figures.count(attempts.preemptions)} preempted"
        yield "attempts", f"{ended}{_allowed(job.spec.get('restarts') or {})}"


def _allowed(restarts: Mapping[str, int]) -> str:
    """How many of each are tried again; the API server writes its defaults into the spec."""
    most = [restarts.get(kind) for kind in ("failures", "preemptions")]
    known = [figures.count(number) for number in most if number is not None]
    return f" ({' and '.join(known)} are tried again)" if len(known) == len(most) else ""


def _checkpoint_row(job: Job) -> Iterator[tuple[str, str]]:
    if checkpoint := job.status.checkpoint:
        step = f" (step {checkpoint.step})" if checkpoint.step is not None else ""
        yield "checkpoint", checkpoint.uri + step


def _progress(job: Job, now: datetime) -> list[Line]:
    progress = job.status.progress
    if progress is None or progress.stage == Stage.DONE or job.succeeded is not None:
        return []
    taken = progress.updated_at
    stale = taken is not None and (now - taken).total_seconds() > _STALE_SECONDS
    title = f"progress, {age(taken, now)} ago" if taken and stale else "progress"
    parts = (progress.stage.value, bar(progress.percent), figures.progress_text(progress))
    return [Line(""), Line(title, HEAD), Line(f"  {'  '.join(filter(None, parts))}")]


def bar(percent: float) -> str:
    """The share of a stage that is done; empty where nothing is."""
    done = round(percent / 100 * _BAR_CELLS)
    return "━" * done + "─" * (_BAR_CELLS - done) if percent else ""


def _conditions(job: Job) -> list[Line]:
    worth = [one for one in job.status.conditions or () if _worth_a_line(one)]
    top = _told(_top(job))
    entries = [(f"{one.type}={one.status}", _told(one)) for one in worth if _told(one) != top]
    return [Line(""), Line("conditions", HEAD), *rows(entries)] if entries else []


def _worth_a_line(condition: Condition) -> bool:
    ordinary = {"Unknown", _ORDINARY.get(condition.type)}
    return condition.type not in _REPEATED and condition.status not in ordinary


def _told(condition: Condition) -> str:
    return ": ".join(filter(None, (condition.reason, condition.message)))


def _result(job: Job) -> list[Line]:
    result = job.status.result
    if result is None:
        return []
    entries = [
        *metric_rows(result.metrics),
        ("model", result.model_uri),
        ("report", result.report_uri),
    ]
    title = "result" if job.succeeded else "result of an earlier run"
    return [Line(""), Line(title, HEAD), *rows(entries)]


def metric_rows(metrics: Metrics) -> Iterator[tuple[str, str]]:
    """The figures of an evaluation that are known, and what they are of."""
    if metrics.accuracy is not None:
        yield "accuracy", f"{share(metrics.accuracy)} of the held-out pairs, by the implicit reward"
    if metrics.margin is not None:
        yield "margin", f"{metrics.margin:+.2f}"
    if metrics.gain is not None:
        yield "gain", f"{100 * metrics.gain:+.1f} points over the base model"


def _history(entries: Sequence[HistoryEntry], now: datetime) -> list[Line]:
    if not entries:
        return []
    table = columns(
        ("RUN", "ID", "ENDED", "ACCURACY", "REASON"),
        [
            (
                str(entry.number or ""),
                entry.run_id,
                f"{age(entry.completion_time, now)} ago" if entry.completion_time else "",
                share(entry.accuracy),
                entry.reason,
            )
            for entry in entries
        ],
    )
    return [Line(""), Line("history", HEAD), *(Line(f"  {line}") for line in table)]
