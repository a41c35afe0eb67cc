"""What the tools take where a setting is left out, as far as it decides the result.

TRL: `trl.DPOConfig` and `trl.experimental.orpo.ORPOConfig` (the same values), `trl.ModelConfig`,
`trl.ScriptArguments` of TRL 1.16 and `transformers.TrainingArguments` of 5.23. A test compares
them with what is installed. None for bf16 means true unless fp16 is.

Handbook: what differs where a recipe names a `dataset_mixer`, the form of the alignment-handbook
with TRL 0.9.6 (`src/alignment/configs.py`, `trl/trainer/dpo_trainer.py`, where max_length None
becomes 512).
"""

from collections.abc import Mapping
from typing import Any

from preference_api.v1alpha1.methods import Method

TRL: Mapping[str, Any] = {
    "beta": 0.1,
    "loss_type": ["sigmoid"],
    "label_smoothing": 0.0,
    "max_length": 1024,
    "truncation_mode": "keep_start",
    "learning_rate": 1e-6,
    "lr_scheduler_type": "linear",
    "warmup_steps": 0,
    "num_train_epochs": 3.0,
    "max_steps": -1,
    "per_device_train_batch_size": 8,
    "gradient_accumulation_steps": 1,
    "optim": "adamw_torch",
    "weight_decay": 0.0,
    "max_grad_norm": 1.0,
    "gradient_checkpointing": True,
    "bf16": None,
    "fp16": False,
    "seed": 42,
    "eval_strategy": "no",
    "model_revision": "main",
    "dtype": "float32",
    "use_peft": False,
    "lora_r": 16,
    "lora_alpha": 32,
    "lora_dropout": 0.05,
    "use_rslora": False,
    "load_in_4bit": False,
    "bnb_4bit_quant_type": "nf4",
    "dataset_train_split": "train",
    "dataset_test_split": "test",
}

HANDBOOK: Mapping[str, Any] = {
    "max_length": 512,
    "learning_rate": 5e-5,
    "gradient_checkpointing": False,
    "bf16": False,
    "dataset_splits": ["train", "test"],
    "auto_insert_empty_system_msg": True,
}

HANDBOOK_DPO: Mapping[str, Any] = {"optim": "rmsprop"}


def defaults_for(settings: Mapping[str, Any], method: Method) -> tuple[str, Mapping[str, Any]]:
    """The tool that settings were written for, and its defaults."""
    if "dataset_mixer" not in settings:
        return "TRL", TRL
    own = HANDBOOK_DPO if method is Method.DPO else {}
    return "alignment-handbook", {**TRL, **HANDBOOK, **own}
