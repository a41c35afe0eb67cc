import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preference_api.v1alpha1.status import Metrics
from preference_trainer.evaluation import EvaluationMetrics, Verdict, evaluate
from preference_trainer.evaluation.measure import distinct_2
from preference_trainer.evaluation.metrics import LengthRule, StratumName
from report_builders import example, random_examples, sample


def _pair(number, *, chosen=0.0, rejected=0.0, tokens=(4, 4)):
    """A pair whose answers have become likelier by so many nats, from -10 each."""
    return example(
        number,
        chosen_tokens=tokens[0],
        rejected_tokens=tokens[1],
        policy_chosen=-10.0 + chosen,
        policy_rejected=-10.0 + rejected,
    )


def test_accuracies_margins_and_drift_by_hand():
    found = evaluate(
        [
            _pair(1, chosen=2.0),
            _pair(2, chosen=-1.0, rejected=-5.0),
            _pair(3, rejected=3.0),
            _pair(4),
        ]
    )
    assert (found.pairs, found.prompts, found.ties) == (4, 4, 1)
    assert found.accuracy.value == (1 + 1 + 0 + 0.5) / 4
    assert found.by_average.policy.value == found.by_sum.policy.value == 2.5 / 4
    assert found.by_average.base.value == 0.5
    assert found.gain.difference.value == 0.125
    assert (found.gain.wins, found.gain.losses) == (2, 1)
    assert found.margin.mean.value == (2 + 4 - 3 + 0) / 4
    assert found.margin.median == 1.0
    assert found.margin.p10 == pytest.approx(np.quantile([2, 4, -3, 0], 0.1))
    assert found.margin.per_token.value == pytest.approx(3 / 4 / 4)
    assert found.drift.chosen.value == pytest.approx((2 - 1) / 4 / 4)
    assert found.drift.rejected.value == pytest.approx((-5 + 3) / 4 / 4)


def test_average_and_sum_part_where_lengths_differ():
    """-2 nats a token over 10 tokens against -3 over 5: likelier a token, not as a whole."""
    pair = example(chosen_tokens=10, rejected_tokens=5, policy_chosen=-20.0, policy_rejected=-15.0)
    found = evaluate([pair])
    assert found.by_average.policy.value == 1.0
    assert found.by_sum.policy.value == 0.0


def test_the_brier_score_by_hand():
    margins = np.array([2.0, -3.0])
    probabilities = 1 / (1 + np.exp(-0.5 * margins))
    found = evaluate([_pair(1, chosen=2.0), _pair(2, chosen=-3.0)], beta=0.5)
    assert found.brier.value == pytest.approx(np.mean((probabilities - 1) ** 2))
    assert evaluate([_pair(1)]).brier is None
    assert evaluate([_pair(1)], beta=0.1).brier.value == 0.25


@pytest.mark.parametrize(
    ("tokens", "rule", "accuracy"),
    [
        ([(9, 4), (8, 4), (4, 9)], LengthRule.LONGER, 2 / 3),
        ([(4, 9), (4, 8), (9, 4)], LengthRule.SHORTER, 2 / 3),
        ([(4, 9), (4, 4)], LengthRule.SHORTER, 0.75),
        ([(4, 4)], LengthRule.LONGER, 0.5),
    ],
)
def test_the_better_length_rule_is_the_baseline(tokens, rule, accuracy):
    pairs = [_pair(n, chosen=1.0, tokens=lengths) for n, lengths in enumerate(tokens, start=1)]
    found = evaluate(pairs).length_baseline
    assert (found.rule, found.accuracy.value) == (rule, pytest.approx(accuracy))
    assert found.comparison.difference.value == pytest.approx(1 - accuracy)


def test_whether_the_model_beats_the_length_rule():
    tokens = [(9, 4), (4, 9)] * 20
    pairs = [_pair(n, chosen=1.0, tokens=lengths) for n, lengths in enumerate(tokens, start=1)]
    assert evaluate(pairs).length_baseline.comparison.verdict is Verdict.BETTER


def test_strata_by_difference_in_length():
    lengths = [(4, 9), (4, 8), (4, 4), (5, 4), (9, 4), (10, 4)]
    found = evaluate([_pair(n, chosen=1.0, tokens=t) for n, t in enumerate(lengths, start=1)])
    assert [(s.name, s.pairs, s.least, s.most) for s in found.strata] == [
        (StratumName.LOWEST, 2, -5, -4),
        (StratumName.MIDDLE, 2, 0, 1),
        (StratumName.HIGHEST, 2, 5, 6),
        (StratumName.CHOSEN_SHORTER, 2, -5, -4),
    ]
    assert all(s.accuracy.value == 1.0 for s in found.strata)


def test_strata_without_pairs_are_left_out():
    assert [s.name for s in evaluate([_pair(1), _pair(2)]).strata] == [StratumName.LOWEST]


def test_samples():
    samples = [
        sample(1, policy_answer="a b a b", tokens=4),
        sample(2, policy_answer="a b", tokens=2, ended=False),
    ]
    found = evaluate([_pair(1)], samples=samples).samples
    assert (found.count, found.mean_tokens, found.ended) == (2, 3.0, 0.5)
    assert found.distinct2 == 2 / 4
    assert evaluate([_pair(1)]).samples is None


@pytest.mark.parametrize(
    ("texts", "share"),
    [([], 0.0), (["one"], 0.0), (["a b c", "b c"], 2 / 3), (["a b", "a b"], 0.5)],
)
def test_distinct_2(texts, share):
    assert distinct_2(texts) == pytest.approx(share)


def test_one_pair_gives_every_figure_and_no_verdict():
    found = evaluate([_pair(1, chosen=1.0)], beta=0.1)
    assert found.gain.verdict is Verdict.NOT_DISTINGUISHABLE
    assert found.accuracy.lower < 0.25
    assert found.accuracy.upper == 1.0


def test_a_model_that_did_not_change_is_no_better():
    found = evaluate([_pair(n) for n in range(1, 50)], beta=0.1)
    assert (found.accuracy.value, found.ties) == (0.5, 49)
    assert found.gain.verdict is Verdict.NOT_DISTINGUISHABLE
    assert found.margin.mean.value == found.margin.p10 == 0.0


def test_figures_are_stored_and_read_back():
    found = evaluate(random_examples(30), samples=[sample()], beta=0.1, seed=3)
    text = found.model_dump_json(by_alias=True)
    assert EvaluationMetrics.model_validate_json(text) == found
    assert '"schemaVersion":1' in text
    assert evaluate(random_examples(30), samples=[sample()], beta=0.1, seed=3) == found
    assert evaluate(random_examples(30), samples=[sample()], beta=0.1, seed=4) != found


def test_the_summary_of_the_status():
    found = evaluate([_pair(1, chosen=2.0), _pair(2, rejected=1.0)])
    assert found.summary() == Metrics(accuracy=0.5, margin=0.5, gain=0.0)


@settings(max_examples=25)
@given(
    changes=st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=1, max_size=12),
    tokens=st.integers(1, 9),
)
def test_a_pair_turned_round_is_judged_the_other_way(changes, tokens):
    ahead = [
        _pair(n, chosen=c, rejected=r, tokens=(tokens, 5)) for n, (c, r) in enumerate(changes, 1)
    ]
    back = [
        _pair(n, chosen=r, rejected=c, tokens=(5, tokens)) for n, (c, r) in enumerate(changes, 1)
    ]
    one, other = evaluate(ahead, beta=0.1), evaluate(back, beta=0.1)
    assert one.accuracy.value + other.accuracy.value == pytest.approx(1)
    assert one.margin.mean.value == pytest.approx(-other.margin.mean.value, abs=1e-9)
    assert one.drift.chosen.value == pytest.approx(other.drift.rejected.value, abs=1e-9)
    assert 0 <= one.brier.lower <= one.brier.upper <= 1
