"""Names of Events."""

import pytest

from preference_operator.names import event_name

LONG = "a" * 63


@pytest.mark.parametrize(
    ("facts", "same"),
    [(("u", 1, "Trained"), True), (("u", 2, "Trained"), False), (("u", 1, "Failed"), False)],
)
def test_an_event_is_named_after_its_facts(facts: tuple[object, ...], same: bool) -> None:
    assert (event_name("tone", *facts) == event_name("tone", "u", 1, "Trained")) is same


def test_the_longest_event_name() -> None:
    assert len(event_name(LONG, "u")) <= 253
