import pytest

from preference_trainer.evaluation import evaluate, headline
from report_builders import example, random_examples


def _judged(*, both, gained, lost, neither=0):
    """So many pairs that both models judge right, only the trained one, only the base, none."""
    outcomes = [(1, 1)] * both + [(1, 0)] * gained + [(0, 1)] * lost + [(0, 0)] * neither
    return [
        example(
            number,
            policy_chosen=-10.0 + (1 if after else -1),
            policy_rejected=-10.0,
            base_chosen=-10.0 + (1 if before else -1),
            base_rejected=-10.0,
        )
        for number, (after, before) in enumerate(outcomes, start=1)
    ]


@pytest.mark.parametrize(
    ("examples", "sentence"),
    [
        (
            _judged(both=90, gained=28, lost=8, neither=61),
            "Prefers the chosen answer in 63.1 % of 187 held-out pairs, the base model in 52.4 %: "
            "10.7 points better (95 % interval 4.3 to 16.8).",
        ),
        (
            _judged(both=90, gained=8, lost=28, neither=61),
            "Prefers the chosen answer in 52.4 % of 187 held-out pairs, the base model in 63.1 %: "
            "10.7 points worse (95 % interval 4.4 to 16.8).",
        ),
        (
            _judged(both=90, gained=20, lost=16, neither=61),
            "Prefers the chosen answer in 58.8 % of 187 held-out pairs, the base model in 56.7 %: "
            "not distinguishable from the base model (2.1 points, 95 % interval -4.3 to 8.6).",
        ),
        (
            _judged(both=1, gained=2, lost=0),
            "Prefers the chosen answer in 3 of 3 held-out pairs, the base model in 1: "
            "not distinguishable from the base model (66.7 points, 95 % interval -30.1 to 100.0).",
        ),
        (
            _judged(both=1, gained=0, lost=0),
            "Prefers the chosen answer in 1 of 1 held-out pair, the base model in 1: "
            "not distinguishable from the base model (0.0 points, 95 % interval -92.4 to 92.4).",
        ),
    ],
    ids=["better", "worse", "open", "few", "one"],
)
def test_the_sentence(examples, sentence):
    assert headline(evaluate(examples)) == sentence


def test_ties_of_few_pairs_are_halves():
    assert " in 0.5 of 1 held-out pair," in headline(evaluate([example(policy_chosen=-10.0)]))


def test_another_confidence_is_named():
    assert "99 % interval" in headline(evaluate(random_examples(30), confidence=0.99))


def test_thousands_are_grouped():
    many = evaluate(random_examples(30)).model_copy(update={"pairs": 1200})
    assert " of 1,200 held-out pairs" in headline(many)
