"""A finished run whose dataset is looked at: when, by what, and what becomes of what was seen."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from operator_builders import (
    CHECK,
    CHECKED,
    COMPLETE,
    FAULT,
    LIST,
    NOW,
    REUSED,
    TRAIN,
    TRAINED,
    Body,
    at,
    case,
    checked,
    child,
    conditions,
    edited,
    finished,
    pod,
    preference_job,
    written,
)
from pod_states import said
from preference_api.identity import run_hash
from preference_api.wire import TerminationMessage
from preference_operator.objects import read_job
from preference_operator.plans import Plan

EVERY_MINUTE: Body = {"whenDatasetChanges": True, "checkEveryMinutes": 1}
DAY = 24 * 3600.0


def listed(owner: Body, listing: str = "new", *, made: float = 100.0, **changes: Any) -> Any:
    """A listing that ended well, with its pod."""
    job = child(owner, LIST, COMPLETE, **changes)
    job["metadata"]["creationTimestamp"] = at(made)
    return job, pod(job, code=0, words=said(0, listing=listing))


def looked_at(listing: str | None = "old", **retrain: Any) -> Body:
    """A finished PreferenceJob that is to be looked at, and whose check saw this listing."""
    body = finished(retrain={**EVERY_MINUTE, **retrain})
    run = {**body["status"]["run"], **({"listing": listing} if listing else {})}
    return {**body, "status": {**body["status"], "run": run}}


def seen_by(words: str, listing: str) -> str:
    """The last words of a check that saw the dataset like this."""
    told = TerminationMessage.model_validate_json(words).model_copy(update={"listing": listing})
    return told.model_dump_json(by_alias=True, exclude_none=True)


def does(plan: Plan) -> tuple[list[str], str | None]:
    """Names of the children that a plan deletes, and the stage that it makes."""
    return [one.name for one in plan.delete], plan.create and str(plan.create.stage)


def test_the_check_tells_what_the_dataset_looked_like() -> None:
    body = preference_job()
    for code, end, words in ((0, COMPLETE, CHECKED), (3, FAULT, said(3))):
        job = child(body, CHECK, end)
        decided = case(body, (job, pod(job, code=code, words=seen_by(words, "seen")))).plan()
        assert decided.draft is not None
        assert decided.draft.run is not None
        assert decided.draft.run.listing == "seen"


@pytest.mark.parametrize(
    ("retrain", "seconds", "expected"),
    [
        ({}, DAY, None),
        (EVERY_MINUTE, 119, None),
        (EVERY_MINUTE, 120, "list"),
        (EVERY_MINUTE, DAY, "list"),
        ({"schedule": "30 3 * * *"}, 1799, None),
        ({"schedule": "30 3 * * *"}, 1800, "list"),
        ({"schedule": "30 3 * * *", "timeZone": "Europe/Berlin"}, 1800, None),
        ({"schedule": "30 4 * * *", "timeZone": "Europe/Berlin"}, 1800, "list"),
        ({"schedule": "0 5 * * *", **EVERY_MINUTE}, 120, "list"),
        ({"schedule": "0 0 30 2 *"}, DAY, None),
    ],
)
def test_a_listing_is_made_when_it_is_due(
    retrain: Body, seconds: float, expected: str | None
) -> None:
    decided = case(finished(retrain=retrain)).plan(seconds=seconds)
    assert does(decided) == ([], expected)


@pytest.mark.parametrize(
    ("retrain", "reason", "word"),
    [
        ({"schedule": "30 3 * * *"}, "Valid", "valid"),
        ({"timeZone": "Europe/Berln"}, "Valid", "valid"),
        ({"schedule": "0 0 31 2 *"}, "ScheduleNeverComes", "'0 0 31 2 *' never comes"),
        ({"schedule": "30 3 * * *", "timeZone": "Europe/Berln"}, "NoSuchTimeZone", "Europe/Berln"),
        ({"schedule": "30 3 * * *", "timeZone": "Europe"}, "NoSuchTimeZone", "'Europe'"),
    ],
)
@pytest.mark.parametrize("make", [finished, checked])
def test_a_schedule_that_never_comes_is_told(
    make: Callable[..., Body], retrain: Body, reason: str, word: str
) -> None:
    body = make(retrain=retrain)
    body = written(body, case(body).plan())
    told = conditions(body)["Accepted"]
    assert (told["status"], told["reason"]) == ("True", reason)
    assert word in told["message"]
    assert written(body, case(body).plan(seconds=DAY)) == body or make is checked


def test_the_operator_wakes_for_the_next_listing() -> None:
    assert case(looked_at()).plan(seconds=105).wake_after == 15
    brief = finished(retrain=EVERY_MINUTE, ttlSecondsAfterFinished=50)
    assert case(brief).plan(seconds=105).wake_after == 5


def test_many_missed_moments_make_one_listing() -> None:
    body = looked_at()
    old, its_pod = listed(body, "old", made=100)
    assert case(body, (old, its_pod)).plan(seconds=159).wake_after == 1
    due = case(body, (old, its_pod)).plan(seconds=DAY)
    assert does(due) == ([old["metadata"]["name"]], None)
    old["metadata"]["deletionTimestamp"] = at(DAY)
    assert does(case(body, (old, its_pod)).plan(seconds=DAY)) == ([], None)
    assert does(case(body).plan(seconds=DAY)) == ([], "list")


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_a_listing_under_way_is_waited_for(state: str) -> None:
    body = looked_at()
    job = child(body, LIST)
    job["metadata"]["creationTimestamp"] = at(100)
    group = (job,) if state == "waiting" else (job, pod(job))
    decided = case(body, group).plan(seconds=DAY)
    assert does(decided) == ([], None)


def test_an_unchanged_dataset_changes_nothing_that_is_written() -> None:
    body = looked_at()
    decided = case(body, listed(body, "old")).plan(seconds=120)
    assert decided.draft is not None
    assert written(body, decided)["status"] == body["status"]
    assert (does(decided), decided.note) == (([], None), None)


def test_a_changed_dataset_begins_another_run() -> None:
    body = looked_at()
    decided = case(body, listed(body, "new")).plan(seconds=120)
    after = written(body, decided)
    run = after["status"]["run"]
    assert (run["number"], run["specHash"]) == (2, body["status"]["run"]["specHash"])
    assert datetime.fromisoformat(run["datasetChangedTime"]) == NOW + timedelta(seconds=100)
    assert conditions(after)["Succeeded"]["status"] == "Unknown"
    assert after["status"]["result"] == body["status"]["result"]
    assert decided.note is not None
    assert (decided.note.reason, decided.wake_after) == ("DatasetChanged", 0)


def test_the_new_run_has_children_of_its_own() -> None:
    body = looked_at()
    old = child(body, TRAIN, COMPLETE)
    done = (old, pod(old, code=0, words=TRAINED))
    seen = listed(body, "new")
    after = written(body, case(body, done, seen).plan(seconds=120))
    asked = case(after, done, seen).plan(seconds=121)
    assert does(asked) == ([old["metadata"]["name"]], "check")
    assert asked.create is not None
    run = read_job(after).status.run
    assert run is not None
    assert asked.create.run_hash == run_hash(run) != run.spec_hash


@pytest.mark.parametrize(("words", "reason"), [(REUSED, "Reused"), (CHECKED, "Starting")])
def test_the_new_runs_check_decides_whether_it_trains(words: str, reason: str) -> None:
    body = looked_at()
    seen = listed(body, "new")
    after = written(body, case(body, seen).plan(seconds=120))
    job = child(after, CHECK, COMPLETE)
    ended = job, pod(job, code=0, words=seen_by(words, "new"))
    decided = case(after, seen, ended).plan(seconds=180)
    told = written(after, decided)
    assert conditions(told)["Succeeded"]["reason"] == reason
    assert told["status"]["run"]["listing"] == "new"


def test_what_was_seen_before_the_run_began_says_nothing_about_it() -> None:
    body = looked_at()
    seen = listed(body, "new", made=100)
    after = written(body, case(body, seen).plan(seconds=120))
    job = child(after, CHECK, COMPLETE)
    done = job, pod(job, code=0, words=seen_by(REUSED, "newer"))
    ended = written(after, case(after, seen, done).plan(seconds=180))
    decided = case(ended, seen).plan(seconds=250)
    assert written(ended, decided)["status"]["run"]["number"] == 2
    assert does(decided) == ([seen[0]["metadata"]["name"]], None)


@pytest.mark.parametrize(
    ("succeeded", "known", "begins"),
    [(True, None, True), (False, None, False), (False, "old", True), (False, "new", False)],
)
def test_a_run_is_begun_once_where_its_listing_is_not_known(
    succeeded: bool, known: str | None, begins: bool
) -> None:
    body = looked_at(known) if succeeded else failed(known)
    decided = case(body, listed(body, "new")).plan(seconds=120)
    assert written(body, decided)["status"]["run"]["number"] == (2 if begins else 1)


def failed(listing: str | None) -> Body:
    """A PreferenceJob whose check found a broken row."""
    body = preference_job(spec={"retrain": EVERY_MINUTE})
    job = child(body, CHECK, FAULT)
    words = said(3, **({"listing": listing} if listing else {}))
    return written(body, case(body, (job, pod(job, code=3, words=words))).plan())


@pytest.mark.parametrize("change", ["suspend", "off"])
def test_nobody_looks_where_it_is_not_asked_for(change: str) -> None:
    body = looked_at()
    seen = listed(body, "new")
    asked = {"suspend": True} if change == "suspend" else {"retrain": {}}
    decided = case(edited(body, **asked), seen).plan(seconds=DAY)
    assert does(decided) == ([seen[0]["metadata"]["name"]], None)
    assert decided.note is None


def test_a_listing_for_another_spec_goes() -> None:
    body = looked_at()
    seen = listed(edited(body, training={"steps": 3}), "new")
    decided = case(body, seen).plan(seconds=DAY)
    assert does(decided) == ([seen[0]["metadata"]["name"]], None)


def test_a_listing_that_failed_is_told_and_made_again_at_the_next_moment() -> None:
    body = looked_at()
    job = child(body, LIST, FAULT)
    job["metadata"]["creationTimestamp"] = at(100)
    seen = (job, pod(job, code=4, words=said(4, message="no right to list s3://bucket")))
    assert does(case(body, seen).plan(seconds=159)) == ([], None)
    decided = case(body, seen).plan(seconds=160)
    assert does(decided) == ([job["metadata"]["name"]], None)
    assert decided.note is not None
    assert (decided.note.reason, decided.note.warning) == ("DatasetNotListed", True)
    assert "no right to list s3://bucket" in decided.note.message


def test_no_listing_is_made_while_a_run_goes_on() -> None:
    body = checked(retrain=EVERY_MINUTE)
    decided = case(body, (child(body, TRAIN),)).plan(seconds=DAY)
    assert does(decided) == ([], None)
