"""Adapters over a quantised base, which train in the format that a checkpoint is loaded in."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import Trainer

import specs
import tiny
from preference_trainer.model.device import Device
from preference_trainer.trainers.stages import StageContext, preference_trainer, sft_trainer
from stage_contexts import stage_context

WORDS = tiny.tokenizer()
ROWS = tiny.rows(4, vocabulary=len(WORDS))
DEMONSTRATIONS = [
    {"prompt_ids": row["prompt_ids"], "completion_ids": row["chosen_ids"]} for row in ROWS
]


def quantised_policy() -> PeftModel:
    """Adapters over a base that says it is quantised, which is all that TRL looks at."""
    base = tiny.llama(len(WORDS))
    policy = get_peft_model(base, LoraConfig(r=2, target_modules="all-linear"))
    base.is_loaded_in_4bit = True
    return policy


def context(folder: Path, method: str) -> StageContext:
    spec = specs.spec(method=method, sft={"steps": 1}, training=specs.training(batchSize=4))
    return stage_context(
        spec,
        folder,
        device=Device(kind="cpu", weights=torch.bfloat16, autocast_bfloat16=False),
        tokenizer=WORDS,
        suggestion=4,
    )


STAGES: list[tuple[str, Callable[..., Trainer]]] = [
    ("DPO", lambda policy, told: preference_trainer(policy, ROWS, None, context=told)),
    ("ORPO", lambda policy, told: preference_trainer(policy, ROWS, None, context=told)),
    ("DPO", lambda policy, told: sft_trainer(policy, DEMONSTRATIONS, context=told)),
]


@pytest.mark.parametrize(("method", "made"), STAGES)
def test_adapters_of_a_quantised_model_train_in_float32(
    tmp_path: Path, method: str, made: Callable[..., Trainer]
) -> None:
    trainer = made(quantised_policy(), context(tmp_path, method))
    formats = {weight.dtype for weight in trainer.model.parameters() if weight.requires_grad}
    assert formats == {torch.float32}
