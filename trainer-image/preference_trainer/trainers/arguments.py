"""From the spec to the arguments of TRL's trainers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trl import DPOConfig, SFTConfig

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.methods import DPO, ORPO, SFT, Method, Reference
from preference_api.v1alpha1.training import Optimizer, Schedule, Training
from preference_trainer.model.device import Device

_SCHEDULES = {
    Schedule.LINEAR: "linear",
    Schedule.COSINE: "cosine",
    Schedule.CONSTANT: "constant_with_warmup",
    Schedule.INVERSE_SQUARE_ROOT: "inverse_sqrt",
}
_OPTIMIZERS = {
    Optimizer.ADAMW: "adamw_torch",
    Optimizer.ADAMW_8BIT: "adamw_bnb_8bit",
    Optimizer.PAGED_ADAMW_8BIT: "paged_adamw_8bit",
    Optimizer.ADAFACTOR: "adafactor",
    Optimizer.RMSPROP: "rmsprop",
}
_MOST_LOG_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Batching:
    """How a global batch is made up: micro batches of pairs, and how many of them make a step."""

    micro: int
    accumulation: int

    @property
    def pairs(self) -> int:
        """Pairs an optimizer step."""
        return self.micro * self.accumulation


def batching(training: Training, *, suggestion: int) -> Batching:
    """The micro batch that the spec names, else the largest divisor up to the suggestion."""
    micro = training.micro_batch_size or _largest_divisor(training.batch_size, suggestion)
    return Batching(micro=micro, accumulation=training.batch_size // micro)


def _largest_divisor(number: int, limit: int) -> int:
    return next(size for size in range(min(number, limit), 0, -1) if number % size == 0)


def steps_of(stage: Training | SFT, *, rows: int, batch: int) -> int:
    """Optimizer steps of a stage: as named, or its epochs in batches, the last one partial."""
    if stage.steps is not None:
        return stage.steps
    steps_an_epoch = -(-rows // batch)
    return max(1, round((stage.epochs or 1.0) * steps_an_epoch))


def dpo_arguments(
    spec: PreferenceJobSpec, *, folder: Path, steps: int, batch: Batching, device: Device
) -> DPOConfig:
    """Arguments of the preference stage; ORPO runs on DPO's, with lambda as beta."""
    common = _common(spec, folder=folder, steps=steps, batch=batch, device=device)
    return DPOConfig(
        **common,
        **(_dpo(spec.dpo or DPO()) if spec.method is Method.DPO else _orpo(spec.orpo or ORPO())),
        learning_rate=spec.training.learning_rate,
        # TRL switches every dropout off, so that policy and reference agree; an adapter whose
        # dropout the spec names keeps it.
        disable_dropout=not adapter_dropout(spec),
        max_length=spec.dataset.max_length,
        pad_to_multiple_of=None,
    )


def adapter_dropout(spec: PreferenceJobSpec) -> bool:
    """Whether the spec asks for dropout while training."""
    return spec.model.lora is not None and spec.model.lora.dropout > 0


def _dpo(dpo: DPO) -> dict[str, Any]:
    return {
        "beta": dpo.beta,
        "loss_type": [loss.value for loss in dpo.loss],
        "loss_weights": dpo.loss_weights,
        "label_smoothing": dpo.label_smoothing,
        "precompute_ref_log_probs": dpo.reference is not Reference.ONLINE,
    }


def _orpo(orpo: ORPO) -> dict[str, Any]:
    # Precomputed, so that TRL builds no reference model; the rows hold no such column.
    return {"beta": orpo.lambda_, "precompute_ref_log_probs": True}


def sft_arguments(
    spec: PreferenceJobSpec, *, folder: Path, steps: int, batch: Batching, device: Device
) -> SFTConfig:
    """Arguments of the SFT stage, on rows of `input_ids` and `labels`."""
    assert spec.sft is not None
    return SFTConfig(
        **_common(spec, folder=folder, steps=steps, batch=batch, device=device),
        learning_rate=spec.sft.learning_rate,
        max_length=spec.dataset.max_length,
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def _common(
    spec: PreferenceJobSpec, *, folder: Path, steps: int, batch: Batching, device: Device
) -> dict[str, Any]:
    training = spec.training
    return {
        "output_dir": str(folder),
        "max_steps": steps,
        "per_device_train_batch_size": batch.micro,
        "gradient_accumulation_steps": batch.accumulation,
        "lr_scheduler_type": _SCHEDULES[training.schedule],
        "warmup_steps": _warmup(training, steps),
        "optim": _OPTIMIZERS[training.optimizer],
        "weight_decay": training.weight_decay,
        "max_grad_norm": training.max_gradient_norm,
        "gradient_checkpointing": training.gradient_checkpointing,
        "seed": training.seed,
        "bf16": device.autocast_bfloat16,
        "use_cpu": device.kind == "cpu",
        "dataloader_pin_memory": device.kind != "cpu",
        "logging_steps": max(1, steps // _MOST_LOG_ENTRIES),
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "report_to": "none",
        # The published config keeps the cache of generation switched on.
        "use_cache": True,
        "disable_tqdm": True,
    }


def _warmup(training: Training, steps: int) -> int:
    if training.warmup_steps is not None:
        return training.warmup_steps
    return round((training.warmup_ratio or 0.0) * steps)
