import math

import numpy as np
import pytest

from preference_trainer.errors import DataError, Diverged
from preference_trainer.evaluation.arrays import arrays_of, correct
from report_builders import example


def test_what_is_derived_from_a_pair():
    arrays = arrays_of(
        [
            example(
                chosen_tokens=4,
                rejected_tokens=10,
                policy_chosen=-8.0,
                policy_rejected=-15.0,
                base_chosen=-10.0,
                base_rejected=-12.0,
            )
        ]
    )
    assert arrays.margin.tolist() == [(-8 + 10) - (-15 + 12)]
    assert [gap.tolist() for gap in arrays.average_gap] == [[-2.0 + 1.5], [-2.5 + 1.2]]
    assert arrays.drift.tolist() == [[0.5, -0.3]]
    assert arrays.longer_by.tolist() == [-6.0]
    assert arrays.by_reward.tolist() == [1.0]
    assert [judged.tolist() for judged in arrays.by_average] == [[0.0], [0.0]]
    assert [judged.tolist() for judged in arrays.by_sum] == [[1.0], [1.0]]


def test_a_tie_counts_one_half():
    assert correct(np.array([-2.0, 0.0, 1e-12])).tolist() == [0.0, 0.5, 1.0]


def test_pairs_of_one_prompt_are_one_group():
    groups = arrays_of([example(1), example(2), example(3, prompt="prompt 1")]).groups
    assert groups[0] == groups[2] != groups[1]
    assert set(groups.tolist()) == {0, 1}


def test_no_pairs_are_refused():
    with pytest.raises(DataError, match="no pair is held out") as caught:
        arrays_of([])
    assert "spec.dataset.evaluation" in caught.value.remedy


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "field", ["policy_chosen", "policy_rejected", "base_chosen", "base_rejected"]
)
def test_numbers_that_are_not_finite_are_named_by_row(field, value):
    examples = [example(1), example(12, **{field: value}), example(13, **{field: value})]
    with pytest.raises(Diverged, match=r"row 12 of pairs\.jsonl is not finite \(2 of 3"):
        arrays_of(examples)
