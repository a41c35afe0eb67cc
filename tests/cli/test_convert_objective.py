from typing import Any

import pytest

from conversions import converted, field, findings, kinds
from preference_api.v1alpha1.methods import Method
from preference_cli.convert import Kind
from preference_cli.errors import CommandError

RPO = {"rpo_alpha": 0.5}
MPO = {"loss_type": ["sigmoid", "bco_pair", "sft"], "loss_weights": [0.8, 0.2, 1.0]}


@pytest.mark.parametrize(
    ("settings", "path", "value"),
    [
        ({"beta": 0.01}, "dpo.beta", 0.01),
        ({"beta": 0.1}, "dpo", None),
        ({"loss_type": "ipo"}, "dpo.loss", ["ipo"]),
        ({"loss_type": "sigmoid"}, "dpo.loss", None),
        ({"loss_type": "aot_pair"}, "dpo.loss", ["aot_unpaired"]),
        (RPO, "dpo.loss", ["sigmoid", "sft"]),
        (RPO, "dpo.lossWeights", [1.0, 0.5]),
        ({**RPO, "loss_type": "ipo"}, "dpo.loss", ["ipo", "sft"]),
        (MPO, "dpo.loss", ["sigmoid", "bco_pair", "sft"]),
        (MPO, "dpo.lossWeights", [0.8, 0.2, 1.0]),
        ({**RPO, "loss_type": "ipo", "loss_weights": [0.3]}, "dpo.lossWeights", [0.3, 0.5]),
        ({**MPO, "loss_type": "sigmoid, bco_pair, sft"}, "dpo.lossWeights", [0.8, 0.2, 1.0]),
        ({"loss_type": "robust", "label_smoothing": 0.1}, "dpo.labelSmoothing", 0.1),
        ({"loss_type": "exo_pair"}, "dpo.labelSmoothing", 0.001),
        ({"loss_type": "exo_pair", "label_smoothing": 0.01}, "dpo.labelSmoothing", 0.01),
        ({"label_smoothing": 0.1}, "dpo.labelSmoothing", None),
        ({"precompute_ref_log_probs": True}, "dpo.reference", "Cached"),
        ({"precompute_ref_log_probs": False}, "dpo.reference", "Online"),
        ({}, "dpo.reference", None),
        ({"ref_model": "org/ref"}, "dpo.referenceModel.uri", "hf://org/ref@main"),
        ({"ref_model_name_or_path": "s3://b-1/m"}, "dpo.referenceModel.uri", "s3://b-1/m"),
    ],
)
def test_dpo_field(settings: dict[str, Any], path: str, value: Any) -> None:
    assert field(converted(settings), path) == value


@pytest.mark.parametrize("name", ["beta", "orpo_alpha", "orpo_beta"])
def test_orpo_weight_goes_by_three_names(name: str) -> None:
    conversion = converted({name: 0.05}, method=Method.ORPO)
    assert field(conversion, "orpo.lambda") == 0.05
    assert kinds(conversion, name) == {Kind.CHANGED}


def test_orpo_has_no_settings_of_dpo() -> None:
    given = {"loss_type": "ipo", "precompute_ref_log_probs": True, "ld_alpha": 0.5, "beta": 0.2}
    conversion = converted(given, method=Method.ORPO)
    assert field(conversion, "dpo") is None
    for name in ("loss_type", "precompute_ref_log_probs", "ld_alpha"):
        (found,) = findings(conversion, name)
        assert found.kind is Kind.IGNORED
        assert found.note == "ORPO has no such setting"


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"loss_type": "kto_pair"}, "loss_type"),
        ({"loss_type": "simpo"}, "loss_type"),
        ({"label_smoothing": 0.1}, "label_smoothing"),
        ({"ld_alpha": 0.5}, "ld_alpha"),
        ({"f_divergence_type": "js_divergence"}, "f_divergence_type"),
        ({"use_weighting": True}, "use_weighting"),
        ({"sync_ref_model": True}, "sync_ref_model"),
        ({"reference_free": True}, "reference_free"),
        ({"disable_dropout": False}, "disable_dropout"),
    ],
)
def test_what_dpo_cannot_say(settings: dict[str, Any], setting: str) -> None:
    conversion = converted(settings)
    assert Kind.UNMAPPED in kinds(conversion, setting)
    assert field(conversion, "dpo") is None


def test_a_missing_loss_leaves_the_others_with_their_weights() -> None:
    conversion = converted({"loss_type": ["kto_pair", "ipo"], "loss_weights": [1.0, 0.5]})
    assert field(conversion, "dpo.loss") == ["ipo"]
    assert field(conversion, "dpo.lossWeights") == [0.5]
    assert any("bco_pair" in found.note for found in findings(conversion, "loss_type"))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"loss_type": "sft"}, "sft alone"),
        ({"loss_type": ["sigmoid", "sft"], "loss_weights": [1]}, "1 weights for 2 losses"),
        ({"loss_type": "robust", "label_smoothing": 0.5}, "less than 0.5"),
        ({"beta": 0}, "spec.dpo.beta"),
    ],
)
def test_what_no_trainer_takes_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        converted(settings)
