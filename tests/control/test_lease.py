"""What a candidate does about a Lease, and what it writes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from preference_operator.lease import Record, Step, decide, free, held
from preference_operator.settings import Settings

SETTINGS = Settings(identity="we", lease_namespace="operators", lease_seconds=15)
NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
TAKEN, RENEWED = "2026-01-02T03:00:00.000000Z", "2026-01-02T03:04:05.000678Z"


def record(**changes: Any) -> Record:
    return Record(**{"holder": "they", "seconds": 15, "since": TAKEN, "renewed": TAKEN, **changes})


@pytest.mark.parametrize(
    ("seen", "since", "unchanged", "step"),
    [
        (None, "", 0, Step.TAKE),
        (None, TAKEN, 0, Step.RENEW),
        (record(), "", 0, Step.WAIT),
        (record(), "", 15, Step.WAIT),
        (record(), "", 15.1, Step.TAKE),
        (record(seconds=60), "", 59, Step.WAIT),
        (record(holder=""), "", 0, Step.TAKE),
        (record(holder="we"), "", 0, Step.TAKE),
        (record(holder="we"), TAKEN, 0, Step.RENEW),
        (record(holder="we"), TAKEN, 100, Step.RENEW),
        (record(holder="we", since=RENEWED), TAKEN, 0, Step.LOSE),
        (record(), TAKEN, 0, Step.LOSE),
        (record(holder=""), TAKEN, 0, Step.LOSE),
    ],
)
def test_steps(seen: Record | None, since: str, unchanged: float, step: Step) -> None:
    assert decide(seen, identity="we", since=since, unchanged=unchanged) is step


@pytest.mark.parametrize("lease", [{}, {"spec": None}, {"spec": {}}])
def test_a_lease_that_says_nothing_is_free(lease: dict[str, Any]) -> None:
    expected = Record(holder="", seconds=15, since="", renewed="")
    assert Record.of(lease, SETTINGS) == expected


def test_a_lease_counts_as_long_as_its_holder_promised() -> None:
    lease = held(None, SETTINGS.model_copy(update={"lease_seconds": 60}), since="", now=NOW)
    assert Record.of(lease, SETTINGS).seconds == 60


def test_a_new_lease() -> None:
    assert held(None, SETTINGS, since="", now=NOW) == {
        "metadata": {"namespace": "operators", "name": "preference-operator"},
        "spec": {
            "holderIdentity": "we",
            "leaseDurationSeconds": 15,
            "acquireTime": RENEWED,
            "renewTime": RENEWED,
            "leaseTransitions": 1,
        },
    }


def test_taking_counts_and_renewing_does_not() -> None:
    metadata = {"name": "lease", "resourceVersion": "7", "labels": {"theirs": "kept"}}
    found = {"metadata": metadata, "spec": {"leaseTransitions": 3, "strategy": "kept"}}
    taken = held(found, SETTINGS, since="", now=NOW)
    assert taken["metadata"] == metadata
    assert (taken["spec"]["leaseTransitions"], taken["spec"]["strategy"]) == (4, "kept")
    later = held(taken, SETTINGS, since=RENEWED, now=NOW + timedelta(seconds=1))
    assert later["spec"] == {**taken["spec"], "renewTime": "2026-01-02T03:04:06.000678Z"}


def test_times_are_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    assert held(None, SETTINGS, since="", now=there)["spec"]["renewTime"] == RENEWED


def test_a_free_lease_has_no_holder() -> None:
    lease = free(held(None, SETTINGS, since="", now=NOW), now=NOW)
    assert Record.of(lease, SETTINGS).holder == ""
