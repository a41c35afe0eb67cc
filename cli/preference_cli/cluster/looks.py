"""When a finished PreferenceJob looks at its dataset next, and what kept it from that: pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from preference_api.children import ChildStage
from preference_api.schedule import next_listing
from preference_api.v1alpha1.placement import Retrain
from preference_api.wire import RUN_LABEL, STAGE_LABEL
from preference_cli.cluster.happenings import Happening
from preference_cli.cluster.job import Job
from preference_cli.cluster.lines import age

_NOT_LISTED = "DatasetNotListed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What is known of the looks at a dataset.

    Args:
        due: When the next one is due; None where that is not known.
        trouble: The last one that failed, unless one has gone well since.
    """

    due: datetime | None = None
    trouble: Happening | None = None


def asked(job: Job) -> Retrain | None:
    """When the dataset is to be looked at; None for never, or where that cannot be read."""
    try:
        retrain = Retrain.model_validate(job.spec.get("retrain") or {})
    except ValidationError:
        return None
    return retrain if retrain.when_dataset_changes or retrain.schedule else None


def looks_now(job: Job) -> bool:
    """Whether it is a finished job that looks at its dataset."""
    return asked(job) is not None and job.succeeded is not None and not job.suspended


def read_looks(
    job: Job, children: Iterable[Mapping[str, Any]], events: Iterable[Happening]
) -> Looks:
    """What the Jobs and events of a job tell; the rule of the moments is the operator's.

    Args:
        job: A finished job that looks at its dataset.
        children: Its Jobs.
        events: What happened to it, oldest first.
    """
    retrain, run = asked(job), job.status.run
    if retrain is None or run is None or run.start_time is None:
        return Looks()
    made = [one for one in children if _is_listing(one, run.spec_hash)]
    last = max(made, key=_made_at, default=None)
    since = max(run.start_time, _made_at(last)) if last else run.start_time
    failed = [one for one in events if one.reason == _NOT_LISTED and one.moment > run.start_time]
    trouble = failed[-1] if failed and not (last and _went_well(last)) else None
    return Looks(due=next_listing(retrain, since), trouble=trouble)


def look_rows(job: Job, looks: Looks, *, now: datetime) -> Iterator[tuple[str, str]]:
    """When the dataset is looked at, for a job that has ended."""
    retrain = asked(job)
    if retrain is None or not looks_now(job):
        return
    yield "next look", "; ".join(filter(None, (_moment(looks.due, now), rule(retrain))))
    if looks.trouble:
        yield "", f"{looks.trouble.reason}: {looks.trouble.note}"


def rule(retrain: Retrain) -> str:
    """When the dataset is looked at, in words."""
    minutes = retrain.check_every_minutes
    parts = []
    if retrain.when_dataset_changes:
        parts.append("every minute" if minutes == 1 else f"every {minutes} minutes")
    if retrain.schedule:
        parts.append(f"at {retrain.schedule} ({retrain.time_zone or 'UTC'})")
    return " and ".join(parts)


def _moment(due: datetime | None, now: datetime) -> str:
    if due is None:
        return ""
    return f"in {age(now, due)}" if due > now else "due"


def _is_listing(child: Mapping[str, Any], spec_hash: str) -> bool:
    labels = child["metadata"].get("labels") or {}
    return labels.get(STAGE_LABEL) == ChildStage.LIST and labels.get(RUN_LABEL) == spec_hash


def _made_at(child: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(child["metadata"]["creationTimestamp"])


def _went_well(child: Mapping[str, Any]) -> bool:
    conditions = (child.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Complete" and one["status"] == "True" for one in conditions)
