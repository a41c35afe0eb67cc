import pytest

from preference_trainer.evaluation.arrays import arrays_of
from preference_trainer.publish.texts import (
    EXTREMES,
    MOST_CHARACTERS,
    MOST_SAMPLES,
    clipped,
    extremes,
    shown_samples,
)
from report_builders import example, sample


def _ends(margins):
    examples = [example(n, policy_chosen=-10.0 + m) for n, m in enumerate(margins, start=1)]
    best, worst = extremes(examples, arrays_of(examples))
    return [[(pair.example.row, pair.margin) for pair in side] for side in (best, worst)]


@pytest.mark.parametrize(
    ("margins", "best", "worst"),
    [
        ([1, -2, 3], [(3, 3), (1, 1)], [(2, -2)]),
        ([0, 0], [], []),
        ([5], [(1, 5)], []),
        ([-5], [], [(1, -5)]),
    ],
)
def test_both_ends_by_margin(margins, best, worst):
    assert _ends(margins) == [best, worst]


def test_the_ends_are_bounded():
    best, worst = _ends(range(-20, 20))
    assert [margin for _row, margin in best] == [19, 18, 17, 16]
    assert [margin for _row, margin in worst] == [-20, -19, -18, -17]
    assert len(best) == EXTREMES


def test_samples_are_bounded():
    samples = [sample(n) for n in range(100)]
    assert shown_samples(samples) == samples[:MOST_SAMPLES]


def test_long_texts_are_clipped_and_say_so():
    assert clipped("a" * MOST_CHARACTERS) == "a" * MOST_CHARACTERS
    assert clipped("a" * (MOST_CHARACTERS + 1234)).endswith(
        "\n[1,234 more characters are left out]"
    )
