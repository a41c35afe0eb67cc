import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preference_trainer.publish.scale import Scale, axis


@pytest.mark.parametrize(
    ("values", "labels", "factor"),
    [
        ([0, 1], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"], ""),
        ([0.4913, 0.6931], ["0.45", "0.50", "0.55", "0.60", "0.65", "0.70"], ""),
        ([-3, 4], ["−4", "−2", "0", "2", "4"], ""),
        ([0, 5e-6], ["0", "1", "2", "3", "4", "5"], "×10⁻⁶"),
        ([0, 2_000_000], ["0.0", "0.5", "1.0", "1.5", "2.0"], "×10⁶"),
        ([0, 4_000], ["0", "1,000", "2,000", "3,000", "4,000"], ""),
        ([7], ["2", "4", "6", "8", "10", "12"], ""),
        ([0.0, 0.0], ["−1.0", "−0.5", "0.0", "0.5", "1.0"], ""),
        ([1, math.nan, math.inf, 2], ["1.0", "1.2", "1.4", "1.6", "1.8", "2.0"], ""),
    ],
    ids=str,
)
def test_ticks_lie_at_round_numbers(values, labels, factor):
    found = axis(values, start=0, end=100)
    assert [found.label(tick) for tick in found.ticks] == labels
    assert found.factor == factor


def test_a_tight_axis_ends_at_the_values():
    found = axis([1, 260], start=0, end=100, most_ticks=4, tight=True)
    assert (found.scale(1), found.scale(260)) == (0, 100)
    assert found.ticks == (100, 200)


def test_a_scale_may_run_upwards():
    assert Scale(low=0, high=10, start=200, end=100)(5) == 150


@given(
    values=st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=9),
    tight=st.booleans(),
)
def test_every_value_lies_on_the_axis(values, tight):
    found = axis(values, start=0, end=100, tight=tight)
    assert all(-0.01 <= found.scale(value) <= 100.01 for value in values)
    assert 1 <= len(found.ticks) <= 8
    labels = [found.label(tick) for tick in found.ticks]
    assert len(set(labels)) == len(labels)
