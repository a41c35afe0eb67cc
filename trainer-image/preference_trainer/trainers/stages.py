"""A stage of training: rows in, changed weights out, with saving, progress and guards attached."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, Trainer
from trl import SFTTrainer

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.methods import DPO, Method, Reference
from preference_api.v1alpha1.training import StopWhen
from preference_trainer.callbacks import GuardCallback, ProgressCallback, SavingCallback
from preference_trainer.metrics import Metrics
from preference_trainer.metrics.steps import MetricsCallback, StageFacts
from preference_trainer.model.device import Device
from preference_trainer.progress import ProgressBoard
from preference_trainer.scoring import Row, Scores, tokens_of
from preference_trainer.stopping import StopRequest
from preference_trainer.trainers.arguments import (
    Batching,
    adapter_dropout,
    dpo_arguments,
    sft_arguments,
    steps_of,
)
from preference_trainer.trainers.head import spare_needless_work
from preference_trainer.trainers.orpo import ORPOTrainer
from preference_trainer.trainers.preference import PreferenceTrainer

_TRAINERS = {Method.DPO: PreferenceTrainer, Method.ORPO: ORPOTrainer}
_ROUNDING_FLOAT32 = 0.01
_ROUNDING_HALF = 2.0


@dataclass(frozen=True, slots=True)
class StageContext:
    """What every stage of a run shares.

    folder: Local folder for checkpoints in the making.
    save: Called with the folder of a checkpoint and its step.
    """

    spec: PreferenceJobSpec
    device: Device
    batch: Batching
    tokenizer: PreTrainedTokenizerBase
    folder: Path
    board: ProgressBoard
    metrics: Metrics
    stop: StopRequest
    save: Callable[[Path, int], None]


def preference_steps(spec: PreferenceJobSpec, *, rows: int) -> int:
    """Optimizer steps of the preference stage."""
    return steps_of(spec.training, rows=rows, batch=spec.training.batch_size)


def sft_steps(spec: PreferenceJobSpec, *, rows: int) -> int:
    """Optimizer steps of the SFT stage."""
    assert spec.sft is not None
    return steps_of(spec.sft, rows=rows, batch=spec.training.batch_size)


def preference_trainer(
    policy: PreTrainedModel,
    rows: Sequence[Row],
    references: Scores | None,
    *,
    context: StageContext,
    reference_model: PreTrainedModel | None = None,
    resumed: bool = False,
) -> PreferenceTrainer:
    """The trainer of the preference stage.

    Args:
        policy: Model with the weights that the stage starts from.
        rows: Training pairs as token ids.
        references: Reference log-probabilities of the rows; None for ORPO and Online.
        context: What every stage shares.
        reference_model: Another reference model, for Online.
        resumed: Whether a checkpoint will be loaded, so that first rewards are not zero.

    """
    spare_needless_work()
    spec = context.spec
    trainer = _TRAINERS[spec.method](
        tolerance=_tolerance(spec, context.device, resumed=resumed),
        model=policy,
        ref_model=reference_model,
        args=dpo_arguments(
            spec,
            folder=context.folder,
            steps=preference_steps(spec, rows=len(rows)),
            batch=context.batch,
            device=context.device,
        ),
        train_dataset=preference_dataset(rows, references),
        processing_class=context.tokenizer,
        callbacks=_callbacks(context, rows, guards=spec.training.stop_when, beta=_beta(spec)),
    )
    _drop_needless_reference(trainer, spec)
    _train_in_float32(trainer.model)
    _silence(trainer)
    return trainer


def _tolerance(spec: PreferenceJobSpec, device: Device, *, resumed: bool) -> float | None:
    other_reference = spec.dpo is not None and spec.dpo.reference_model is not None
    if spec.method is not Method.DPO or resumed or other_reference or adapter_dropout(spec):
        return None
    exact = str(device.weights) == "torch.float32" and not device.autocast_bfloat16
    return _ROUNDING_FLOAT32 if exact else _ROUNDING_HALF


def _beta(spec: PreferenceJobSpec) -> float | None:
    return (spec.dpo or DPO()).beta if spec.method is Method.DPO else None


def _drop_needless_reference(trainer: PreferenceTrainer, spec: PreferenceJobSpec) -> None:
    """Remove the copy of the adapter that TRL keeps as a reference.

    It is read only where the reference is computed online and starts from an SFT adapter;
    otherwise the reference is cached, or the base with its adapter off.
    """
    adapters = getattr(trainer.model, "peft_config", {})
    online = spec.dpo is not None and spec.dpo.reference is Reference.ONLINE
    if "ref" in adapters and not (online and spec.sft is not None):
        trainer.model.delete_adapter("ref")


def preference_dataset(rows: Sequence[Row], references: Scores | None) -> Dataset:
    """Rows, with the columns of TRL's precomputed reference where there is one."""
    columns: dict[str, Any] = {
        "prompt_ids": [row["prompt_ids"] for row in rows],
        "chosen_ids": [row["chosen_ids"] for row in rows],
        "rejected_ids": [row["rejected_ids"] for row in rows],
    }
    if references is not None:
        columns["ref_chosen_logps"] = references.chosen.astype(np.float32)
        columns["ref_rejected_logps"] = references.rejected.astype(np.float32)
    return Dataset.from_dict(columns)


def sft_trainer(
    policy: PreTrainedModel,
    rows: Sequence[Mapping[str, list[int]]],
    *,
    context: StageContext,
) -> Trainer:
    """The trainer of the SFT stage: TRL's, on answers only.

    Args:
        policy: The model to train.
        rows: `prompt_ids` and `completion_ids` of each demonstration.
        context: What every stage shares.

    """
    spare_needless_work()
    arguments = sft_arguments(
        context.spec,
        folder=context.folder,
        steps=sft_steps(context.spec, rows=len(rows)),
        batch=context.batch,
        device=context.device,
    )
    trainer = SFTTrainer(
        model=policy,
        args=arguments,
        train_dataset=_sft_dataset(rows),
        processing_class=context.tokenizer,
        callbacks=_callbacks(context, [_as_row(row) for row in rows], guards=StopWhen()),
    )
    _train_in_float32(trainer.model)
    _silence(trainer)
    return trainer


def _train_in_float32(model: PreTrainedModel) -> None:
    """Undo TRL's cast of the adapters of a quantised model to bfloat16.

    peft loads the adapters of a checkpoint in float32: a run that was resumed would go on in
    another format than one that was not.
    """
    if getattr(model, "is_loaded_in_4bit", False):
        for weight in model.parameters():
            if weight.requires_grad:
                weight.data = weight.data.float()


def _silence(trainer: Trainer) -> None:
    """Remove the callback that prints log entries, which are in our own log already."""
    trainer.remove_callback(PrinterCallback)


def _sft_dataset(rows: Sequence[Mapping[str, list[int]]]) -> Dataset:
    ids = [row["prompt_ids"] + row["completion_ids"] for row in rows]
    labels = [[-100] * len(row["prompt_ids"]) + row["completion_ids"] for row in rows]
    return Dataset.from_dict({"input_ids": ids, "labels": labels})


def _as_row(row: Mapping[str, list[int]]) -> Row:
    return Row(prompt_ids=row["prompt_ids"], chosen_ids=row["completion_ids"], rejected_ids=[])


def _callbacks(
    context: StageContext,
    rows: Sequence[Row],
    *,
    guards: StopWhen,
    beta: float | None = None,
) -> list[Any]:
    tokens = float(np.mean([tokens_of(row) for row in rows]))
    chosen = float(np.mean([len(row["chosen_ids"]) for row in rows]))
    spec = context.spec
    return [
        ProgressCallback(board=context.board, tokens_a_step=tokens * context.batch.pairs),
        MetricsCallback(
            metrics=context.metrics, facts=_facts(context, rows=len(rows), tokens=tokens)
        ),
        GuardCallback(guards=guards, chosen_tokens=chosen, beta=beta),
        SavingCallback(settings=spec.checkpoints, stop=context.stop, save=context.save),
    ]


def _facts(context: StageContext, *, rows: int, tokens: float) -> StageFacts:
    return StageFacts(
        rows=rows,
        tokens_a_row=tokens,
        batch=context.batch.pairs,
        checkpoint_seconds=60.0 * context.spec.checkpoints.every_minutes,
        gpu=context.device.kind == "cuda",
    )
