from typing import Any

import pytest

from pairs import tokenizer
from preference_api.v1alpha1.model import LoRA
from preference_api.v1alpha1.placement import Resources
from preference_trainer.errors import ConfigurationError
from preference_trainer.model.shape import ModelShape
from preference_trainer.refusals import (
    require_one_device,
    require_same_vocabulary,
    require_targets,
)

SHAPE = ModelShape(
    architecture="LlamaForCausalLM",
    hidden=8,
    layers=1,
    intermediate=8,
    key_value=8,
    vocabulary=8,
    positions=None,
    parameters=64,
    linear_parameters=64,
    linear_widths={
        "model.layers.0.self_attn.q_proj": 16,
        "model.layers.0.self_attn.o_proj": 16,
        "model.layers.0.mlp.gate_up_proj": 16,
    },
)


@pytest.mark.parametrize(
    "targets",
    [
        ["all-linear"],
        ["q_proj", "gate_up_proj"],
        ["self_attn.o_proj"],
        ["model.layers.0.self_attn.q_proj"],
    ],
    ids=str,
)
def test_modules_of_the_model(targets: list[str]) -> None:
    require_targets(LoRA(target_modules=targets), SHAPE)


def test_without_adapters_there_is_nothing_to_refuse() -> None:
    require_targets(None, SHAPE)


@pytest.mark.parametrize(
    ("targets", "message", "remedy", "reason"),
    [
        (
            ["q_proj", "o-prj"],
            "spec.model.lora.targetModules[1]: o-prj names no linear layer of the model, which has "
            "gate_up_proj, o_proj, q_proj",
            "Did you mean o_proj?",
            "UnknownModule",
        ),
        (
            ["self_attn.qproj"],
            "self_attn.qproj names no linear layer",
            "Did you mean q_proj?",
            "UnknownModule",
        ),
        (["proj"], "[0]: proj names no linear layer", "Did you mean", "UnknownModule"),
        (["up_proj"], "up_proj names no", "Did you mean gate_up_proj?", "UnknownModule"),
        (["embed_tokens"], "embed_tokens names no", "or all-linear.", "UnknownModule"),
        (
            ["q_proj", "lm_head"],
            "[1]: an adapter on lm_head would never be trained",
            "Remove lm_head from spec.model.lora.targetModules.",
            "Unsupported",
        ),
        (["model.lm_head"], "never be trained", "Remove model.lm_head", "Unsupported"),
        (
            ["all-linear", "q_proj"],
            "[0]: all-linear stands beside other names",
            "Name all-linear alone",
            "BadConfiguration",
        ),
    ],
    ids=str,
)
def test_modules_that_cannot_be_adapted(
    targets: list[str], message: str, remedy: str, reason: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        require_targets(LoRA(target_modules=targets), SHAPE)
    assert message in caught.value.message
    assert remedy in caught.value.remedy
    assert caught.value.reason == reason


@pytest.mark.parametrize("resources", [{}, {"gpus": 0}, {"gpus": 1, "nodes": 1}], ids=str)
def test_one_device(resources: dict[str, Any]) -> None:
    require_one_device(Resources.model_validate(resources))


@pytest.mark.parametrize(
    ("resources", "named"),
    [
        ({"gpus": 2}, "spec.resources.gpus is 2"),
        ({"gpus": 0, "nodes": 2}, "spec.resources.nodes is 2"),
    ],
    ids=str,
)
def test_several_devices(resources: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{named}: this version trains on one device"):
        require_one_device(Resources.model_validate(resources))


def same_vocabulary(*, reference: list[str], trained: list[str]) -> None:
    """Hold two tokenizers of the same words against each other, each with tokens added."""
    sides = [tokenizer(), tokenizer()]
    for side, added in zip(sides, (reference, trained), strict=True):
        side.add_tokens(added)
    require_same_vocabulary(sides[0], sides[1], field="spec.dpo.referenceModel.uri", uri="s3://r")


@pytest.mark.parametrize("trained", [[], ["<a>"], ["<a>", "<b>"]], ids=str)
def test_a_reference_may_know_more_tokens(trained: list[str]) -> None:
    same_vocabulary(reference=["<a>", "<b>"], trained=trained)


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        (["<a>"], "1 of 321 tokens differ, the first is '<b>' with id 320 here and none there"),
        (["<b>", "<a>"], "2 of 321 tokens differ, the first is '<a>' with id 319 here and 320"),
    ],
    ids=str,
)
def test_a_reference_that_takes_tokens_for_others(reference: list[str], found: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        same_vocabulary(reference=reference, trained=["<a>", "<b>"])
    assert caught.value.message.startswith("spec.dpo.referenceModel.uri: the tokenizer of s3://r")
    assert found in caught.value.message
    assert caught.value.reason == "TokenizerMismatch"
