"""The estimate of activations against what autograd keeps of a layer."""

from typing import Any

import pytest
import torch
from peft import get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_trainer.estimate import estimate_memory
from preference_trainer.model.policy import lora_config
from preference_trainer.model.shape import ModelShape
from specs import spec, training

BASE = {"uri": "s3://bucket/base"}
HIDDEN, KEY_VALUE, INTERMEDIATE, TOKENS = 256, 64, 640, 64
LAYER_WEIGHTS = HIDDEN * (2 * HIDDEN + 2 * KEY_VALUE + 3 * INTERMEDIATE)
FULL, HALF = torch.float32, torch.bfloat16


def llama(layers: int, weights: torch.dtype, wanted: PreferenceJobSpec) -> PreTrainedModel:
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=HIDDEN,
        intermediate_size=INTERMEDIATE,
        num_hidden_layers=layers,
        num_attention_heads=HIDDEN // 32,
        num_key_value_heads=KEY_VALUE // 32,
    )
    model: Any = LlamaForCausalLM(config).to(weights)
    if wanted.model.lora is not None:
        model = get_peft_model(model, lora_config(wanted.model.lora))
        model.enable_input_require_grads()
    if wanted.training.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return model.train()


def kept(model: Any, *, autocast: bool) -> int:
    """Bytes that autograd keeps of the decoder for the backward pass, weights not counted."""
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    # Storages are held, so that none takes the address of one that was freed.
    storages: dict[int, Any] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = storage
        return tensor

    decoder = model.get_decoder()
    ids = torch.zeros((1, TOKENS), dtype=torch.long)
    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", HALF, enabled=autocast):
        # The answer keeps the graph alive while it is counted.
        _answer = decoder(input_ids=ids, use_cache=False)
    return sum(storage.nbytes() for storage in storages.values())


def estimated(wanted: PreferenceJobSpec, layers: int) -> int:
    shape = ModelShape(
        architecture="LlamaForCausalLM",
        hidden=HIDDEN,
        layers=layers,
        intermediate=INTERMEDIATE,
        key_value=KEY_VALUE,
        vocabulary=64,
        positions=None,
        parameters=0,
        linear_parameters=0,
        linear_widths={},
    )
    found = estimate_memory(wanted, shape, micro_batch=1, sequence_length=TOKENS // 2)
    return found.activations


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize(
    ("model", "weights", "autocast"),
    [
        ({}, FULL, True),
        ({"dtype": "Float32"}, FULL, False),
        ({"dtype": "BFloat16"}, HALF, False),
        ({"lora": {}}, HALF, False),
        ({"lora": {}, "dtype": "Float32"}, FULL, False),
        ({"lora": {"dropout": 0.1}}, HALF, False),
        ({"lora": {"dropout": 0.1}, "dtype": "Float32"}, FULL, False),
    ],
)
def test_a_layer_keeps_what_is_estimated(
    model: dict[str, Any], weights: torch.dtype, autocast: bool, checkpointing: bool
) -> None:
    settings = training(gradientCheckpointing=checkpointing)
    wanted = spec(model={**BASE, **model}, training=settings)
    measured = [kept(llama(layers, weights, wanted), autocast=autocast) for layers in (1, 3)]
    expected = [estimated(wanted, layers) for layers in (1, 3)]
    # Two layers' weights in bfloat16, which autocast makes once a step.
    copies = 2 * LAYER_WEIGHTS * 2 if autocast and not checkpointing else 0
    found = measured[1] - measured[0] - copies
    assert found == pytest.approx(expected[1] - expected[0], rel=0.06)
