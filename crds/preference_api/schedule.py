"""When a dataset is looked at: periods, and a cron expression across changes of the clock."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from preference_api.v1alpha1.placement import Retrain


def next_moment(schedule: str, time_zone: str | None, after: datetime) -> datetime | None:
    """The first moment of a schedule after another, in UTC; None where there is none.

    As Debian's cron has it: what falls into the hour that a change of the clock leaves out comes
    right after it, and what falls into the hour that comes twice comes once; what comes every hour
    or minute goes by the time that really passes.

    Args:
        schedule: Cron expression of five fields.
        time_zone: IANA name; UTC where None.
        after: An aware time.

    Raises:
        ValueError: The schedule cannot be read.
        ZoneInfoNotFoundError: There is no such time zone.

    """
    start = after.astimezone(zone(time_zone or "UTC"))
    try:
        return next(CronSim(schedule, start)).astimezone(UTC)
    except CronSimError as error:
        raise ValueError(f"{schedule!r}: {error}") from error
    except StopIteration:
        return None


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name.

    Raises:
        ValueError: The name cannot be one.
        ZoneInfoNotFoundError: There is no such time zone.

    """
    try:
        return ZoneInfo(name)
    except OSError as error:
        # A folder of the database, such as Europe.
        raise ZoneInfoNotFoundError(name) from error


def next_listing(retrain: Retrain, since: datetime) -> datetime | None:
    """The first moment after another at which the dataset is to be listed; None for never.

    A schedule that cannot be read has no moments; `spec.retrain` is checked before.
    """
    moments: list[datetime | None] = []
    if retrain.when_dataset_changes:
        moments.append(since + timedelta(minutes=retrain.check_every_minutes))
    if retrain.schedule is not None:
        with suppress(ValueError, ZoneInfoNotFoundError):
            moments.append(next_moment(retrain.schedule, retrain.time_zone, since))
    return min((moment for moment in moments if moment is not None), default=None)
