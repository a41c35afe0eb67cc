"""What was trained, as rows of a table."""

from typing import NamedTuple

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.dataset import Overlong
from preference_api.v1alpha1.methods import DPO, ORPO, SFT, Method
from preference_api.v1alpha1.model import LoRA
from preference_api.v1alpha1.training import Training
from preference_trainer.publish.numbers import count, counted, percent, plain


class Row(NamedTuple):
    """A name and its value, both for display."""

    name: str
    value: str


def dpo_settings(spec: PreferenceJobSpec) -> DPO | None:
    """The settings of DPO with their defaults; None where the method is another."""
    return (spec.dpo or DPO()) if spec.method is Method.DPO else None


def settings_rows(spec: PreferenceJobSpec) -> tuple[Row, ...]:
    """The settings that decide the result, in the order of a reader's questions."""
    dpo = dpo_settings(spec)
    objective = _dpo(dpo) if dpo else _orpo(spec.orpo or ORPO())
    return (
        *objective,
        *_sft(spec.sft),
        *_weights(spec),
        *_training(spec.training),
        Row("Most tokens, prompt and answer", count(spec.dataset.max_length)),
        Row("Longer pairs", _OVERLONG[spec.dataset.overlong]),
        Row("Seed", str(spec.training.seed)),
    )


_OVERLONG = {Overlong.DROP: "left out", Overlong.CUT: "cut", Overlong.FAIL: "refused"}


def _dpo(dpo: DPO) -> list[Row]:
    weights = dpo.loss_weights or [1.0] * len(dpo.loss)
    losses = [
        f"{loss.value} × {plain(weight)}" if dpo.loss_weights else loss.value
        for loss, weight in zip(dpo.loss, weights, strict=True)
    ]
    rows = [
        Row("Method", "DPO, Direct Preference Optimization"),
        Row("β", plain(dpo.beta)),
        Row("Loss", " + ".join(losses)),
    ]
    if dpo.label_smoothing:
        rows.append(Row("Label smoothing", plain(dpo.label_smoothing)))
    return rows


def _orpo(orpo: ORPO) -> list[Row]:
    return [
        Row("Method", "ORPO, Odds Ratio Preference Optimization"),
        Row("λ", plain(orpo.lambda_)),
    ]


def _sft(sft: SFT | None) -> list[Row]:
    if sft is None:
        return []
    source = "own demonstrations" if sft.dataset else "the chosen answers"
    length = _length(sft.steps, sft.epochs)
    return [Row("SFT stage before", f"{length} on {source}, rate {plain(sft.learning_rate)}")]


def _weights(spec: PreferenceJobSpec) -> list[Row]:
    trained = _lora(spec.model.lora) if spec.model.lora else "every weight"
    quantized = f", base in {spec.model.quantization.value}" if spec.model.quantization else ""
    return [
        Row("Trained weights", trained + quantized),
        Row("Number format", spec.model.dtype.value),
    ]


def _lora(lora: LoRA) -> str:
    dropout = f", dropout {plain(lora.dropout)}" if lora.dropout else ""
    modules = ", ".join(lora.target_modules)
    return f"LoRA of rank {lora.rank}, alpha {plain(lora.alpha)}{dropout} on {modules}"


def _training(training: Training) -> list[Row]:
    schedule, clipped = training.schedule.value, training.max_gradient_norm > 0
    return [
        Row("Length", _length(training.steps, training.epochs)),
        Row("Pairs a step", count(training.batch_size)),
        Row("Peak learning rate", plain(training.learning_rate)),
        Row("Schedule", f"{schedule}, {_warmup(training)}"),
        Row("Optimizer", f"{training.optimizer.value}, decay {plain(training.weight_decay)}"),
        Row("Gradients clipped at norm", plain(training.max_gradient_norm) if clipped else "never"),
    ]


def _length(steps: int | None, epochs: float | None) -> str:
    if steps is not None:
        return counted(steps, "step")
    passes = 1.0 if epochs is None else epochs
    return f"{plain(passes)} {'epoch' if passes == 1 else 'epochs'}"


def _warmup(training: Training) -> str:
    if training.warmup_steps:
        return f"warm-up of {_length(training.warmup_steps, None)}"
    if training.warmup_ratio:
        return f"warm-up over {percent(training.warmup_ratio)} of the steps"
    return "no warm-up"
