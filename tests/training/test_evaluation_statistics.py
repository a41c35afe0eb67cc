import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preference_trainer.evaluation import statistics
from preference_trainer.evaluation.statistics import (
    Verdict,
    bonett_price,
    bootstrap_means,
    compare,
    mcnemar,
    pairs_for_half_width,
    wilson,
)

TURNED = {
    Verdict.BETTER: Verdict.WORSE,
    Verdict.WORSE: Verdict.BETTER,
    Verdict.NOT_DISTINGUISHABLE: Verdict.NOT_DISTINGUISHABLE,
}
JUDGEMENTS = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=40)


def _shares(right, wrong):
    scores = np.array([1.0] * right + [0.0] * wrong)
    return scores, np.arange(len(scores))


@pytest.mark.parametrize(
    ("right", "pairs", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)],
    ids=str,
)
def test_wilson_gives_the_published_intervals(right, pairs, lower, upper):
    """Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3."""
    found = wilson(*_shares(right, pairs - right), confidence=0.95)
    assert found.value == pytest.approx(right / pairs)
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=5e-5)


@pytest.mark.parametrize(
    ("wins", "losses", "p_value"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 5, 1.0), (9, 2, 0.06543), (2, 9, 0.06543), (86, 150, 3.716e-5)],
)
def test_mcnemar_gives_the_published_values(wins, losses, p_value):
    """The last are the examples of the R package exact2x2 (Fay 2010)."""
    assert mcnemar(wins, losses) == pytest.approx(p_value, rel=1e-3)


def test_mcnemar_holds_for_counts_beyond_floating_point():
    assert mcnemar(5_000, 5_000) == 1.0
    assert 0 < mcnemar(4_000, 6_000) < 1e-80


def test_bonett_price_by_hand():
    """40 against 20 of 160: adjusted 41/162 and 21/162."""
    gained, lost = 41 / 162, 21 / 162
    half = 1.959964 * ((gained + lost - (gained - lost) ** 2) / 162) ** 0.5
    assert bonett_price(40, 20, 160, confidence=0.95) == pytest.approx(
        (gained - lost - half, gained - lost + half), abs=1e-6
    )


def test_the_sample_size_note():
    """1.96^2 * 0.6 * 0.4 / 0.02^2."""
    assert pairs_for_half_width(0.6, 0.02, confidence=0.95) == 2305


def test_bootstrap_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    covered = 0
    for seed in range(300):
        values = random.exponential(size=(50, 1))
        (found,) = bootstrap_means(values, np.arange(50), confidence=0.9, seed=seed, resamples=400)
        covered += found.lower <= 1.0 <= found.upper
    assert 0.82 <= covered / 300 <= 0.94


def test_bootstrap_draws_prompts_and_not_pairs():
    """Four copies of each pair are worth one pair: the interval must not halve."""
    values = np.random.default_rng(0).normal(size=(60, 1))
    alone = bootstrap_means(values, np.arange(60), confidence=0.95, seed=0)[0]
    copied = bootstrap_means(
        np.repeat(values, 4, axis=0), np.repeat(np.arange(60), 4), confidence=0.95, seed=0
    )[0]
    assert copied.upper - copied.lower == pytest.approx(alone.upper - alone.lower, rel=0.05)


def test_wilson_heeds_shared_prompts():
    scores, _ = _shares(30, 20)
    alone = wilson(scores, np.arange(50), confidence=0.95)
    copied = wilson(np.repeat(scores, 4), np.repeat(np.arange(50), 4), confidence=0.95)
    assert (copied.lower, copied.upper) == pytest.approx((alone.lower, alone.upper), abs=1e-9)
    unanimous = wilson(np.ones(8), np.zeros(8, dtype=np.int64), confidence=0.95)
    assert unanimous.lower == pytest.approx(wilson(*_shares(1, 0), confidence=0.95).lower)


def test_bootstrap_memory_is_bounded_by_blocks(monkeypatch):
    values = np.random.default_rng(0).normal(size=(30, 2))
    whole = bootstrap_means(values, np.arange(30), confidence=0.95, seed=5, resamples=100)
    drawn = []
    original = statistics._draw
    monkeypatch.setattr(
        statistics, "_draw", lambda rows, *rest: drawn.append(rows) or original(rows, *rest)
    )
    monkeypatch.setattr(statistics, "_CELLS", 30 * 7)
    blocks = bootstrap_means(values, np.arange(30), confidence=0.95, seed=5, resamples=100)
    assert drawn == [7] * 14 + [2]
    for one, other in zip(blocks, whole, strict=True):
        assert one.model_dump() == pytest.approx(other.model_dump())


@pytest.mark.parametrize(
    ("wins", "losses", "same", "verdict"),
    [
        (30, 5, 50, Verdict.BETTER),
        (5, 30, 50, Verdict.WORSE),
        (12, 10, 50, Verdict.NOT_DISTINGUISHABLE),
        (5, 0, 0, Verdict.NOT_DISTINGUISHABLE),
        (6, 0, 0, Verdict.BETTER),
        (1, 0, 0, Verdict.NOT_DISTINGUISHABLE),
        (0, 0, 9, Verdict.NOT_DISTINGUISHABLE),
    ],
)
def test_a_verdict_needs_interval_and_test(wins, losses, same, verdict):
    first = np.array([1.0] * wins + [0.0] * losses + [1.0] * same)
    second = np.array([0.0] * wins + [1.0] * losses + [1.0] * same)
    found = compare(first, second, np.arange(len(first)), confidence=0.95, seed=0)
    assert found.verdict is verdict
    assert (found.wins, found.losses, found.pairs) == (wins, losses, wins + losses + same)


@settings(max_examples=60)
@given(pairs=st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 2), min_size=1, max_size=40))
def test_a_comparison_turned_round_tells_the_same(pairs):
    first, second = np.array(pairs).T
    groups = np.arange(len(pairs)) // 2
    ahead = compare(first, second, groups, confidence=0.95, seed=1, resamples=200)
    back = compare(second, first, groups, confidence=0.95, seed=1, resamples=200)
    assert ahead.p_value == back.p_value
    assert ahead.difference.lower == pytest.approx(-back.difference.upper)
    assert -1 <= ahead.difference.lower <= ahead.difference.value <= ahead.difference.upper <= 1
    assert back.verdict is TURNED[ahead.verdict]


@given(scores=JUDGEMENTS, shared=st.integers(1, 5), confidence=st.floats(0.51, 0.999))
def test_an_accuracy_lies_within_its_interval(scores, shared, confidence):
    groups = np.arange(len(scores)) // shared
    found = wilson(np.array(scores), groups, confidence=confidence)
    assert 0 <= found.lower <= found.value <= found.upper <= 1
