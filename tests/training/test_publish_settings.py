import pytest

from preference_trainer.publish.settings import dpo_settings, settings_rows
from report_builders import document


def _rows(**spec):
    return dict(settings_rows(document(**spec).spec))


def test_defaults_of_dpo():
    assert _rows() == {
        "Method": "DPO, Direct Preference Optimization",
        "β": "0.1",
        "Loss": "sigmoid",
        "Trained weights": "every weight",
        "Number format": "Auto",
        "Length": "1 epoch",
        "Pairs a step": "32",
        "Peak learning rate": "1e-6",
        "Schedule": "Linear, no warm-up",
        "Optimizer": "AdamW, decay 0",
        "Gradients clipped at norm": "1",
        "Most tokens, prompt and answer": "1,024",
        "Longer pairs": "left out",
        "Seed": "42",
    }


@pytest.mark.parametrize(
    ("spec", "name", "value"),
    [
        ({"method": "ORPO", "orpo": {"lambda": 0.25}}, "λ", "0.25"),
        ({"method": "ORPO"}, "Method", "ORPO, Odds Ratio Preference Optimization"),
        (
            {"dpo": {"loss": ["sigmoid", "sft"], "lossWeights": [1, 0.2]}},
            "Loss",
            "sigmoid × 1 + sft × 0.2",
        ),
        ({"dpo": {"loss": ["sigmoid", "sft"]}}, "Loss", "sigmoid + sft"),
        ({"dpo": {"loss": ["robust"], "labelSmoothing": 0.1}}, "Label smoothing", "0.1"),
        ({"sft": {"epochs": 2}}, "SFT stage before", "2 epochs on the chosen answers, rate 2e-5"),
        (
            {"sft": {"steps": 1, "dataset": {"uri": "s3://b/d"}}},
            "SFT stage before",
            "1 step on own demonstrations, rate 2e-5",
        ),
        (
            {"model": {"uri": "s3://b/m", "lora": {"dropout": 0.05}, "quantization": "NF4"}},
            "Trained weights",
            "LoRA of rank 16, alpha 32, dropout 0.05 on all-linear, base in NF4",
        ),
        ({"training": {"steps": 1200}}, "Length", "1,200 steps"),
        (
            {"training": {"warmupRatio": 0.1, "schedule": "Cosine"}},
            "Schedule",
            "Cosine, warm-up over 10.0\u00a0% of the steps",
        ),
        ({"training": {"warmupSteps": 50}}, "Schedule", "Linear, warm-up of 50 steps"),
        ({"training": {"maxGradientNorm": 0}}, "Gradients clipped at norm", "never"),
        ({"dataset": {"uri": "s3://b/d", "overlong": "Cut"}}, "Longer pairs", "cut"),
    ],
)
def test_what_differs_from_the_defaults(spec, name, value):
    assert _rows(**spec)[name] == value


def test_orpo_shows_nothing_of_dpo():
    rows = _rows(method="ORPO")
    assert "β" not in rows
    assert "Loss" not in rows
    assert dpo_settings(document(method="ORPO").spec) is None
