"""A finished run, and whether the data behind it has changed since.

A small Job lists the dataset at the moments that `spec.retrain` names. It reads no pair and asks
for no device, and while its listing is that of the run, nothing is written. A listing that differs
begins another run under the same spec; its check reads the pairs, and finds the earlier result
where their content is the same.
"""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from preference_api.children import ChildStage
from preference_api.schedule import next_listing, next_moment
from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.status import Condition, ConditionStatus
from preference_operator.bodies import moment
from preference_operator.conditions import Outlook, Word, true
from preference_operator.draft import Draft, begin_anew
from preference_operator.names import event_name
from preference_operator.observe import Child, ChildState, Seen
from preference_operator.plans import AT_ONCE, Note, Plan
from preference_operator.trainer_pod import Order

_VALID = true("Valid", "The spec is valid.")
_NO_ZONE = (
    "The spec is valid, but spec.retrain.timeZone {!r} is no time zone, and the schedule never "
    "comes. Write an IANA name such as Europe/Paris."
)
_NEVER = (
    "The spec is valid, but spec.retrain.schedule {!r} never comes. Write minute, hour, day, month "
    "and day of the week, such as 0 3 * * 1."
)
_CHANGED = "The objects behind the dataset changed; the pairs are checked anew."


def accepted(spec: PreferenceJobSpec, now: datetime) -> Word:
    """What condition Accepted says of a spec that can be read.

    Neither schema nor CEL knows the names of time zones, or the 30th of February; a run is no worse
    for it, but the schedule would never come, and nobody would know.
    """
    retrain = spec.retrain
    if retrain.schedule is None:
        return _VALID
    try:
        comes = next_moment(retrain.schedule, retrain.time_zone, now) is not None
    except ZoneInfoNotFoundError:
        return true("NoSuchTimeZone", _NO_ZONE.format(retrain.time_zone))
    except ValueError:
        comes = False
    return _VALID if comes else true("ScheduleNeverComes", _NEVER.format(retrain.schedule))


def dataset_changed(draft: Draft, seen: Seen, end: Condition) -> Plan | None:
    """The plan that begins another run, where a listing shows another dataset than the run's."""
    listing = _current(draft, seen)
    if listing is None or not _asked(draft) or not _differs(draft, listing, end):
        return None
    anew = begin_anew(draft.job, draft.now, dataset_changed=moment(listing.made_at))
    told = anew.stand("Checking", Outlook.PROGRESSING, "DatasetChanged", _CHANGED)
    return Plan(draft=told, wake_after=AT_ONCE)


def list_when_due(kept: Plan, draft: Draft, seen: Seen) -> Plan:
    """The plan of a finished run, and a listing of the dataset where it is time for one.

    Moments that passed while nobody looked, or while the run went on, make one listing together.
    """
    current, asked = _current(draft, seen), _asked(draft)
    gone = [one for one in seen.listings if not asked or one is not current]
    kept = replace(kept, delete=(*kept.delete, *(one for one in gone if not one.deleting)))
    if not asked or gone or (current and (current.live or current.deleting)):
        return kept
    due = _next(draft, current)
    if due is None:
        return kept
    if due > draft.now:
        return _awake(kept, (due - draft.now).total_seconds())
    if current is None:
        return replace(kept, create=_order(draft))
    return replace(kept, delete=(*kept.delete, current), note=_complaint(draft, current))


def _asked(draft: Draft) -> bool:
    spec = draft.job.spec
    if spec is None or spec.suspend:
        return False
    return spec.retrain.when_dataset_changes or spec.retrain.schedule is not None


def _current(draft: Draft, seen: Seen) -> Child | None:
    """The listing that was made since the run began, for the spec as it is."""
    run = draft.run
    if run is None or run.start_time is None:
        return None
    for one in seen.listings:
        made_at = moment(one.made_at)
        if one.run_hash == draft.job.spec_hash and made_at and made_at > run.start_time:
            return one
    return None


def _differs(draft: Draft, listing: Child, end: Condition) -> bool:
    """Whether a listing shows another dataset than the run's check saw.

    Where that is not known, a run that succeeded is checked once, and one that failed is left to
    whoever corrects it.
    """
    if listing.state is not ChildState.SUCCEEDED or listing.message is None or draft.run is None:
        return False
    if draft.run.listing is None:
        return end.status is ConditionStatus.TRUE
    return listing.message.listing not in (None, draft.run.listing)


def _complaint(draft: Draft, listing: Child) -> Note | None:
    """What to tell of a listing that failed; the next one follows by itself."""
    if listing.state is not ChildState.FAILED:
        return None
    why = listing.failure.message if listing.failure else "the Job failed and left no word of why"
    return Note(
        name=event_name(draft.job.key[1], listing.uid),
        warning=True,
        reason="DatasetNotListed",
        message=f"Whether the dataset changed is not known: {why}.",
    )


def _next(draft: Draft, listing: Child | None) -> datetime | None:
    spec, run = draft.job.spec, draft.run
    assert run is not None
    since = moment(listing.made_at) if listing else run.start_time
    if spec is None or since is None:
        return None
    return next_listing(spec.retrain, since)


def _awake(kept: Plan, seconds: float) -> Plan:
    sooner = seconds if kept.wake_after is None else min(kept.wake_after, seconds)
    return replace(kept, wake_after=sooner)


def _order(draft: Draft) -> Order:
    spec = draft.job.spec
    assert spec is not None
    return Order(job=draft.job, spec=spec, stage=ChildStage.LIST, run_hash=draft.job.spec_hash)
