"""Moments of a cron expression in a time zone, across changes of daylight saving time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError


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
    start = after.astimezone(ZoneInfo(time_zone or "UTC"))
    try:
        return next(CronSim(schedule, start)).astimezone(UTC)
    except CronSimError as error:
        raise ValueError(f"{schedule!r}: {error}") from error
    except StopIteration:
        return None
