"""A PreferenceJob in numbers, whatever stands in it."""

from typing import Any

import pytest

from operator_builders import finished, preference_job
from preference_operator.figures import MOST_CHARACTERS, NEW, UNKNOWN, Figures, label

KEY = ("team", "job")
PROGRESS = {
    "percent": 25,
    "loss": 0.5,
    "rewardMargin": -1,
    "rewardAccuracy": 0.75,
    "updatedAt": "2026-01-02T03:00:00Z",
}
NOTHING = dict.fromkeys(("progress", "progressed_at", "loss", "reward_margin", "reward_accuracy"))


def figures(**parts: Any) -> Figures:
    """Of an object whose body has other parts."""
    return Figures.of({**preference_job(), **parts}, KEY)


def numbers(status: Any) -> dict[str, Any]:
    """What is told of a status in numbers."""
    found = figures(status=status)
    return {name: getattr(found, name) for name in NOTHING}


def test_an_object_that_no_pass_has_seen() -> None:
    found = figures()
    assert (found.key, found.state, found.over) == (KEY, NEW, False)
    assert (found.method, found.model, found.run) == ("DPO", "s3://bucket/base", "")
    assert (numbers(None), found.preemptions) == (NOTHING, 0)


def test_a_finished_object() -> None:
    found = Figures.of(finished(), KEY)
    assert (found.state, found.over, found.run) == ("Succeeded", True, "run-1")


def test_progress() -> None:
    assert numbers({"progress": PROGRESS}) == {
        "progress": 0.25,
        "progressed_at": 1767322800.0,
        "loss": 0.5,
        "reward_margin": -1.0,
        "reward_accuracy": 0.75,
    }


@pytest.mark.parametrize("state", ["Succeeded", "Failed", "Invalid"])
def test_what_is_over(state: str) -> None:
    assert figures(status={"state": state}).over


@pytest.mark.parametrize("value", [None, True, "1", [], {}, float("nan"), float("inf"), 10**400])
@pytest.mark.parametrize("name", ["percent", "loss", "rewardMargin", "rewardAccuracy"])
def test_what_is_no_number_is_left_out(name: str, value: Any) -> None:
    told = numbers({"progress": {**PROGRESS, name: value}})
    assert list(told.values()).count(None) == 1


@pytest.mark.parametrize("moment", [None, 7, [], "", "now", "2026-01-02T03:00:00"])
def test_what_is_no_moment_is_left_out(moment: Any) -> None:
    told = numbers({"progress": {**PROGRESS, "updatedAt": moment}})
    assert told == {**numbers({"progress": PROGRESS}), "progressed_at": None}


@pytest.mark.parametrize("garbage", ["garbage", 7, None, [], [{"type": 1}]])
@pytest.mark.parametrize("part", ["spec", "status"])
def test_garbage_in_place_of_a_part_is_nothing(part: str, garbage: Any) -> None:
    assert numbers(garbage) == NOTHING
    assert figures(**{part: garbage}).preemptions == 0
    nested = {name: garbage for name in ("progress", "attempts", "run", "model", "method")}
    found = figures(**{part: nested})
    assert (found.progress, found.run, found.preemptions) == (None, "", 0)


@pytest.mark.parametrize("count", [True, -1, 1.5, "3", 2**53, None])
def test_what_is_no_count_is_0(count: Any) -> None:
    assert figures(status={"attempts": {"preemptions": count}}).preemptions == 0


@pytest.mark.parametrize(
    "state", [7, "", "two words", "a" * 33, 'quo"te', "line\nline", ["Failed"], "Ünknown"]
)
def test_a_state_that_is_no_word(state: Any) -> None:
    assert figures(status={"state": state}).state == UNKNOWN


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("s3://models/base", "s3://models/base"),
        ("a" * MOST_CHARACTERS, "a" * MOST_CHARACTERS),
        ("a" * (MOST_CHARACTERS + 1), "a" * (MOST_CHARACTERS - 1) + "…"),
        ("half \ud800", "half ?"),
        (7, ""),
        (None, ""),
    ],
)
def test_labels_are_short_and_can_be_sent(value: Any, expected: str) -> None:
    assert label(value) == expected
