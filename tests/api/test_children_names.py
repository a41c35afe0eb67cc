"""Names of children."""

import pytest

from preference_api.children import ChildName, ChildStage, child_name, parse_child_name

CHECK, TRAIN = ChildStage.CHECK, ChildStage.TRAIN
HASH = "0123456789"
LONG = "a" * 63
DASHED = "a" * 28 + "-" * 10 + "b" * 25


@pytest.mark.parametrize(
    ("name", "stage", "child"),
    [
        ("tone", CHECK, "tone-0123456789-check"),
        ("tone", TRAIN, "tone-0123456789-train"),
        ("a" * 44, TRAIN, f"{'a' * 44}-0123456789-train"),
    ],
)
def test_a_child_is_named_after_what_it_is_for(name: str, stage: ChildStage, child: str) -> None:
    assert child_name(name, HASH, stage) == child


@pytest.mark.parametrize("name", [LONG, "a" * 45, DASHED])
def test_a_long_name_is_cut(name: str) -> None:
    child = child_name(name, HASH, TRAIN)
    assert len(child) <= 61
    assert child.endswith("-0123456789-train")
    assert "--" not in child


def test_long_names_stay_different() -> None:
    names = [LONG, LONG[:-1] + "b", LONG[:-1]]
    assert len({child_name(name, HASH, CHECK) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["tone", LONG, DASHED, "x-0123456789-check"])
@pytest.mark.parametrize("stage", [CHECK, TRAIN])
def test_a_name_can_be_read(name: str, stage: ChildStage) -> None:
    assert parse_child_name(child_name(name, HASH, stage)) == ChildName(HASH, stage)


@pytest.mark.parametrize(
    "name",
    ["tone", "tone-0123456789", "tone-0123456789-test", "tone-012345678g-train", "tone--train", ""],
)
def test_other_names_are_no_childs(name: str) -> None:
    assert parse_child_name(name) is None
