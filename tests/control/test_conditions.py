"""What conditions say, and when they last changed."""

from datetime import timedelta

import pytest

from operator_builders import NOW
from preference_api.v1alpha1.status import Condition, ConditionType
from preference_operator.conditions import (
    MOST_CHARACTERS,
    Outlook,
    Word,
    cut,
    false,
    find,
    settle,
    summary,
    true,
    unknown,
)

LATER = NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("outlook", "statuses"),
    [
        (
            Outlook.PROGRESSING,
            {"Succeeded": "Unknown", "Ready": "False", "Reconciling": "True"},
        ),
        (Outlook.SUCCEEDED, {"Succeeded": "True", "Ready": "True"}),
        (Outlook.FAILED, {"Succeeded": "False", "Ready": "False", "Stalled": "True"}),
        (Outlook.SUSPENDED, {"Succeeded": "Unknown", "Ready": "False"}),
    ],
)
def test_every_situation_has_its_conditions(outlook: Outlook, statuses: dict[str, str]) -> None:
    told = summary(outlook, "Why", "because")
    assert {str(kind): str(word.status) for kind, word in told.items()} == statuses
    assert {(word.reason, word.message) for word in told.values()} == {("Why", "because")}


def settled(word: Word, *before: Condition) -> Condition:
    return settle(before, {ConditionType.RUNNING: word}, generation=3, now=LATER)[0]


BEFORE = Condition(
    type=ConditionType.RUNNING,
    status="True",
    reason="Training",
    message="It runs.",
    observed_generation=2,
    last_transition_time=NOW,
)


@pytest.mark.parametrize(
    ("word", "changed"),
    [
        (true("Training", "It runs."), NOW),
        (true("Evaluating", "Still."), NOW),
        (false("Stopped"), LATER),
        (unknown("Lost"), LATER),
    ],
)
def test_a_transition_is_a_change_of_status(word: Word, changed: object) -> None:
    after = settled(word, BEFORE)
    assert after.last_transition_time == changed
    assert (after.reason, after.message, after.observed_generation) == (
        word.reason,
        word.message,
        3,
    )


def test_a_condition_that_comes_changes_now() -> None:
    assert settled(true("Training")).last_transition_time == LATER


def test_conditions_that_nobody_speaks_of_go() -> None:
    ready = {ConditionType.READY: true("Trained"), ConditionType.ACCEPTED: true("Valid")}
    kept = settle([BEFORE], ready, generation=1, now=NOW)
    assert [one.type for one in kept] == ["Accepted", "Ready"]


@pytest.mark.parametrize("length", [0, MOST_CHARACTERS, MOST_CHARACTERS + 1, 9999])
def test_a_message_is_cut(length: int) -> None:
    text = cut("x" * length)
    assert len(text) == min(length, MOST_CHARACTERS)
    assert text.endswith("…") is (length > MOST_CHARACTERS)


def test_a_long_message_fits_into_a_condition() -> None:
    assert len(settled(true("Training", "x" * 9999)).message) == MOST_CHARACTERS


def test_find() -> None:
    assert find([BEFORE], ConditionType.RUNNING) == BEFORE
    assert find([BEFORE], ConditionType.READY) is None
    assert find(None, ConditionType.READY) is None
