"""Moments of a schedule, as people on the wall clock and machines in UTC see them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from preference_api.faults import find_faults
from preference_api.schedule import next_listing, next_moment
from preference_api.v1alpha1.placement import Retrain
from preference_jobs import manifest

BERLIN, NEW_YORK, HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "moments"),
    [
        ("0 3 * * *", None, "2026-01-01T00:00", ["2026-01-01T03:00", "2026-01-02T03:00"]),
        ("0 3 * * *", None, "2026-01-01T03:00", ["2026-01-02T03:00"]),
        ("0 3 * * *", BERLIN, "2026-01-01T00:00", ["2026-01-01T02:00"]),
        ("0 3 * * *", BERLIN, "2026-07-01T00:00", ["2026-07-01T01:00"]),
        ("0 9 * * mon", NEW_YORK, "2026-03-05T00:00", ["2026-03-09T13:00"]),
        ("0 9 * * MON-FRI", NEW_YORK, "2026-03-06T14:00", ["2026-03-09T13:00"]),
        ("*/30 9-10 1 1 *", None, "2026-01-01T09:10", ["2026-01-01T09:30", "2026-01-01T10:00"]),
        ("0 0 29 2 *", None, "2026-01-01T00:00", ["2028-02-29T00:00"]),
        # Clocks go from 2:00 to 3:00 in Berlin: 2:30 is left out, and comes right after.
        ("30 2 * * *", BERLIN, "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        # Clocks go from 3:00 to 2:00: 2:30 comes twice, and counts once.
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        # Every hour is every hour that passes.
        (
            "0 * * * *",
            BERLIN,
            "2026-03-28T23:30",
            ["2026-03-29T00:00", "2026-03-29T01:00", "2026-03-29T02:00"],
        ),
        (
            "0 * * * *",
            BERLIN,
            "2026-10-24T23:30",
            ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"],
        ),
        # A zone whose clocks move by half an hour.
        ("15 2 * * *", HOWE, "2026-10-03T00:00", ["2026-10-03T15:30", "2026-10-04T15:15"]),
    ],
)
def test_moments_follow_each_other(
    schedule: str, zone: str | None, after: str, moments: list[str]
) -> None:
    moment, found = utc(after), []
    for _ in moments:
        following = next_moment(schedule, zone, moment)
        assert following is not None
        moment = following
        found.append(moment.strftime("%Y-%m-%dT%H:%M"))
    assert (found, moment.tzinfo) == (moments, UTC)


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("0 0 30 2 *", "never comes"),
        ("0 5-2 * * *", "never comes"),
        ("60 * * * *", "schedule"),
        ("* 24 * * *", "schedule"),
        ("* * 0 * *", "schedule"),
        ("* * * 13 *", "schedule"),
        ("* * * * 8", "schedule"),
        ("* * * * foo", "schedule"),
        ("*/0 * * * *", "schedule"),
        ("* * * *", "schedule"),
        ("* * * * * *", "schedule"),
        ("@daily", "schedule"),
        ("0 3 * * *; reboot", "schedule"),
    ],
)
def test_a_schedule_is_refused_by_name(schedule: str, words: str) -> None:
    (fault,) = find_faults(manifest(retrain={"schedule": schedule}))
    assert fault.path == "spec.retrain.schedule"
    assert words in f"{fault.path} {fault.message}"


@pytest.mark.parametrize(
    "schedule", ["0 3 * * *", "*/5 0-6,12 1,15 jan-mar Sun", "59 23 31 12 7", "0  0 * * 0/2"]
)
def test_a_schedule_is_taken(schedule: str) -> None:
    assert find_faults(manifest(retrain={"schedule": schedule})) == []


@pytest.mark.parametrize(
    ("retrain", "minutes"),
    [
        ({}, None),
        ({"whenDatasetChanges": True}, 60),
        ({"whenDatasetChanges": True, "checkEveryMinutes": 5}, 5),
        ({"checkEveryMinutes": 5}, None),
        ({"schedule": "10 * * * *"}, 10),
        ({"schedule": "10 * * * *", "whenDatasetChanges": True, "checkEveryMinutes": 5}, 5),
        ({"schedule": "2 * * * *", "whenDatasetChanges": True, "checkEveryMinutes": 5}, 2),
        ({"schedule": "10 * * * *", "timeZone": "No/Where"}, None),
        ({"schedule": "10 * * * *", "timeZone": "Europe"}, None),
    ],
)
def test_the_next_listing_is_the_earliest(
    retrain: Mapping[str, Any], minutes: float | None
) -> None:
    now = utc("2026-01-01T00:00")
    expected = None if minutes is None else now + timedelta(minutes=minutes)
    assert next_listing(Retrain.model_validate(retrain), now) == expected
