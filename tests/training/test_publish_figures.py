import pytest

from preference_trainer.evaluation import evaluate
from preference_trainer.publish.figures import figure_lines
from report_builders import example, random_examples


def _lines(examples, **options):
    return {line.name: line for line in figure_lines(evaluate(examples, **options))}


def test_every_figure_is_a_row_with_its_meaning():
    lines = _lines(random_examples(40), beta=0.1)
    assert [name for name in lines if not name.startswith("Accuracy of preferring")] == [
        "Accuracy by the implicit reward",
        "Accuracy by average log-probability, trained",
        "Accuracy by average log-probability, base",
        "Gain by average log-probability",
        "Accuracy by summed log-probability, trained",
        "Accuracy by summed log-probability, base",
        "Mean margin, nats",
        "Mean margin, nats a token",
        "Drift of chosen, nats a token",
        "Drift of rejected, nats a token",
        "Brier score",
    ]
    assert all(line.value and line.interval and line.meaning for line in lines.values())


def test_without_beta_there_is_no_brier_score():
    assert "Brier score" not in _lines(random_examples(5))


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("Accuracy by the implicit reward", "75.0\u00a0%", "1 tied and count one half."),
        ("Gain by average log-probability", "+25.0 points", "1 pair judged better than the base"),
        ("Gain by average log-probability", "+25.0 points", "p = 1.000, not distinguishable."),
        ("Mean margin, nats", "+0.50", "Median +0.50; a tenth of the pairs is below +0.10."),
        ("Drift of chosen, nats a token", "+0.125", "likelier chosen answers have become"),
        ("Accuracy of preferring the longer answer", "50.0\u00a0%", "the shorter answer is worse"),
    ],
)
def test_values_by_hand(name, value, part):
    line = _lines([example(1), example(2, policy_chosen=-10.0)])[name]
    assert line.value == value
    assert part in line.meaning


def test_no_ties_are_said():
    assert "None tied." in _lines([example(1)])["Accuracy by the implicit reward"].meaning
