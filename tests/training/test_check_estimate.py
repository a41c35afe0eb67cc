from pathlib import Path
from typing import Any

import pytest

from pairs import model
from preference_trainer.estimate import (
    MemoryEstimate,
    estimate_memory,
    largest_micro_batch,
    suggest_micro_batch,
    trainable_parameters,
    training_flops,
)
from preference_trainer.model.shape import ModelShape, shape_in
from specs import spec, training

BILLION = 10**9
GIB = 2**30
LLAMA_8B = ModelShape(
    architecture="LlamaForCausalLM",
    hidden=4096,
    layers=32,
    intermediate=14336,
    key_value=1024,
    vocabulary=128256,
    positions=8192,
    parameters=8_030_261_248,
    linear_parameters=32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336),
    linear_widths={
        "attn.q_proj": 32 * 8192,
        "attn.k_proj": 32 * 5120,
        "attn.v_proj": 32 * 5120,
        "attn.o_proj": 32 * 8192,
        "mlp.gate_proj": 32 * 18432,
        "mlp.up_proj": 32 * 18432,
        "mlp.down_proj": 32 * 18432,
    },
)
BASE = {"uri": "s3://bucket/base"}


def memory(
    *, model: dict[str, Any] | None = None, micro_batch: int = 1, length: int = 1024, **fields: Any
) -> MemoryEstimate:
    wanted = spec(model={**BASE, **model} if model else BASE, **fields)
    return estimate_memory(wanted, LLAMA_8B, micro_batch=micro_batch, sequence_length=length)


@pytest.mark.parametrize(
    ("model", "trained"),
    [
        ({}, 8_030_261_248),
        ({"lora": {}}, 41_943_040),
        ({"lora": {"rank": 32}}, 83_886_080),
        ({"lora": {"rank": 8, "targetModules": ["q_proj", "v_proj"]}}, 3_407_872),
        ({"lora": {"rank": 8, "targetModules": ["attn.q_proj", "v_proj"]}}, 3_407_872),
    ],
)
def test_trainable_parameters_are_those_that_peft_counts(
    model: dict[str, Any], trained: int
) -> None:
    assert trainable_parameters(spec(model={**BASE, **model}), LLAMA_8B) == trained


def test_full_training_of_8b_takes_sixteen_bytes_a_parameter() -> None:
    found = memory()
    states = found.gradients + found.optimizer
    assert states == 12 * LLAMA_8B.parameters
    assert found.weights == 6 * LLAMA_8B.parameters  # float32, and bfloat16 under autocast
    assert found.reference == 0


@pytest.mark.parametrize(
    ("fields", "part", "bytes_a_parameter"),
    [
        ({"model": {"dtype": "BFloat16"}}, "weights", 2),
        ({"model": {"dtype": "Float32"}}, "weights", 4),
        ({"model": {"dtype": "BFloat16"}}, "gradients", 2),
        ({"training": training(optimizer="AdamW8Bit")}, "optimizer", 2),
        ({"training": training(optimizer="RMSprop")}, "optimizer", 4),
        ({"dpo": {"reference": "Online"}}, "reference", 4),
        ({"dpo": {"reference": "Online"}, "model": {"lora": {}}}, "reference", 0),
        ({"method": "ORPO"}, "reference", 0),
    ],
)
def test_bytes_a_parameter(fields: dict[str, Any], part: str, bytes_a_parameter: int) -> None:
    assert getattr(memory(**fields), part) == bytes_a_parameter * LLAMA_8B.parameters


def test_qlora_keeps_four_bits_of_the_linear_layers() -> None:
    plain = memory(model={"lora": {}}).weights
    small = memory(model={"lora": {}, "quantization": "NF4"}).weights
    assert plain / BILLION == pytest.approx(16.2, abs=0.1)
    assert small / BILLION == pytest.approx(5.9, abs=0.1)


def test_adafactor_keeps_next_to_nothing() -> None:
    assert memory(training=training(optimizer="Adafactor")).optimizer < 0.02 * BILLION


def test_activations_grow_with_the_tokens_and_shrink_by_checkpointing() -> None:
    one, two, longer = memory(), memory(micro_batch=2), memory(length=2048)
    assert two.activations == longer.activations == 2 * one.activations
    checkpointed = memory(training=training(gradientCheckpointing=True))
    assert checkpointed.activations < 0.1 * one.activations


def test_a_head_that_is_trained_has_a_gradient_in_float32_beside_its_tiles() -> None:
    tiles = 8 * 4 * 2048 * 8192
    assert memory(model={"lora": {}}).logits == tiles
    assert memory(model={"dtype": "BFloat16"}).logits == tiles + 4 * 128256 * 4096


def test_the_total_is_the_sum() -> None:
    found = memory(dpo={"reference": "Online"})
    parts = ("weights", "gradients", "optimizer", "reference", "activations", "logits")
    assert found.total == sum(getattr(found, part) for part in parts)


@pytest.mark.parametrize(
    ("fields", "per_token"),
    [
        ({}, 8),
        ({"method": "ORPO"}, 6),
        ({"model": {**BASE, "lora": {}}}, 6),
        ({"method": "ORPO", "model": {**BASE, "lora": {}}}, 4),
        ({"training": training(gradientCheckpointing=True)}, 10),
    ],
)
def test_flops_a_token(fields: dict[str, Any], per_token: int) -> None:
    found = training_flops(spec(**fields), LLAMA_8B, epoch_tokens=1000)
    assert found == per_token * LLAMA_8B.parameters * 1000


LORA = {
    "model": {**BASE, "lora": {}},
    "training": training(gradientCheckpointing=True, batchSize=64),
}


@pytest.mark.parametrize(
    ("fields", "device", "size"),
    [
        (LORA, 24 * GIB, (1, 8)),
        (LORA, 80 * GIB, (16, 64)),
        ({}, 80 * GIB, (1, 1)),
    ],
)
def test_the_largest_micro_batch_fits(
    fields: dict[str, Any], device: int, size: tuple[int, int]
) -> None:
    wanted = spec(**fields)
    found = largest_micro_batch(wanted, LLAMA_8B, sequence_length=1024, device_bytes=device)
    assert size[0] <= found <= size[1]
    taken = [
        estimate_memory(wanted, LLAMA_8B, micro_batch=pairs, sequence_length=1024).total
        for pairs in (found, found + 1)
    ]
    assert found == 1 or taken[0] <= 0.85 * device
    assert found == wanted.training.batch_size or taken[1] > 0.85 * device


def suggested(folder: Path, **limits: str) -> int:
    """The suggestion for a tiny model in a container; limits are contents of files by name."""
    for name, content in limits.items():
        (folder / name).write_text(content)
    wanted = spec(training=training(batchSize=64))
    paths = [folder / name for name in ("absent", *limits)]
    return suggest_micro_batch(wanted, base=model(folder / "base"), limits=paths)


@pytest.mark.parametrize(
    "limits",
    [{}, {"second": "max\n"}, {"first": "9223372036854771712\n"}, {"second": f"{GIB}\n"}],
)
def test_a_tiny_model_takes_the_whole_batch(limits: dict[str, str], tmp_path: Path) -> None:
    assert suggested(tmp_path, **limits) == 64


def test_half_of_the_memory_of_the_container_is_filled(tmp_path: Path) -> None:
    shape = shape_in(model(tmp_path / "base"), field="spec.model.uri")
    needed = estimate_memory(spec(), shape, micro_batch=8, sequence_length=256).total
    limit = str(int(2 * needed / 0.85) + 100)
    assert suggested(tmp_path, second=limit) == 8
    assert suggested(tmp_path, first="max", second=limit) == 8
    assert suggested(tmp_path, first=limit, second=str(GIB)) == 8
