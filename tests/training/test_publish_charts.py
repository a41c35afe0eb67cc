from xml.etree import ElementTree

import pytest

from preference_trainer.evaluation import evaluate
from preference_trainer.evaluation.arrays import arrays_of
from preference_trainer.publish.charts import (
    accuracy_figure,
    length_figure,
    margin_figure,
    strata_figure,
    training_figures,
)
from report_builders import example, history, random_examples


def _titles(entries):
    return [figure.title for figure in training_figures(entries)]


def _texts(figure):
    return [node.text for node in ElementTree.fromstring(figure.plot).iter("text")]


def test_a_curve_for_every_number_of_the_history():
    assert _titles(history()) == [
        "Loss of the SFT stage",
        "Training loss",
        "Reward accuracy",
        "Reward margin",
        "Log-probability of the answers",
        "Learning rate",
        "Gradient norm",
    ]


@pytest.mark.parametrize(
    ("entries", "titles"),
    [
        ([], []),
        ([{"step": 1, "stage": "preference", "loss": 0.69}], ["Training loss"]),
        ([{"step": 1, "stage": "preference", "loss": None}], []),
        ([{"step": 1, "stage": "preference", "loss": float("nan")}], []),
        (
            [{"step": 1, "stage": "preference", "chosenLogProbability": -5.0}],
            ["Log-probability of the answers"],
        ),
    ],
    ids=["nothing", "loss", "none", "nan", "chosen"],
)
def test_what_the_history_lacks_is_left_out(entries, titles):
    assert _titles(entries) == titles


def test_every_accuracy_has_a_bar():
    texts = _texts(accuracy_figure(evaluate(random_examples(40))))
    assert "Implicit reward" in texts
    assert "Average log-probability, base" in texts
    assert {"Longer answer wins", "Shorter answer wins"} & set(texts)


def test_the_gap_before_and_after():
    figure = margin_figure(arrays_of([example(policy_chosen=-6.0)]))
    assert "median base 0.00; median trained 1.00." in figure.plot


def test_strata_are_named_by_their_ends():
    lengths = [(4, 9), (4, 8), (4, 4), (5, 4), (1300, 4), (1300, 4)]
    pairs = [
        example(n, chosen_tokens=a, rejected_tokens=b) for n, (a, b) in enumerate(lengths, start=1)
    ]
    texts = _texts(strata_figure(evaluate(pairs)))
    assert [text for text in texts if "pair" in text] == [
        "−5 to −4, 2 pairs",
        "0 to 1, 2 pairs",
        "1,296, 2 pairs",
        "chosen shorter, 2 pairs",
    ]


def test_a_point_for_each_pair():
    figure = length_figure(arrays_of(random_examples(17)))
    assert len(list(ElementTree.fromstring(figure.plot).iter("circle"))) == 17
