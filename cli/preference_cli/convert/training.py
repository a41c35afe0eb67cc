"""How long, how fast and by which optimizer."""

from collections.abc import Iterator

from preference_api.v1alpha1.training import Optimizer, Schedule
from preference_cli.convert import values
from preference_cli.convert.findings import Kind
from preference_cli.convert.rows import Field, Outcome, Row, Rule, Unmapped, outcome
from preference_cli.convert.settings import Settings

_SCHEDULES = {
    "linear": Schedule.LINEAR,
    "cosine": Schedule.COSINE,
    "constant": Schedule.CONSTANT,
    "constant_with_warmup": Schedule.CONSTANT,
    "inverse_sqrt": Schedule.INVERSE_SQUARE_ROOT,
}
_NEAREST_SCHEDULES = {
    "polynomial": Schedule.LINEAR,
    "cosine_with_restarts": Schedule.COSINE,
    "cosine_with_min_lr": Schedule.COSINE,
    "cosine_warmup_with_min_lr": Schedule.COSINE,
    "warmup_stable_decay": Schedule.LINEAR,
    "reduce_lr_on_plateau": Schedule.CONSTANT,
    "greedy": Schedule.CONSTANT,
}
_OPTIMIZERS = {
    "adamw_torch": Optimizer.ADAMW,
    "adamw_torch_fused": Optimizer.ADAMW,
    "adamw_hf": Optimizer.ADAMW,
    "adamw_apex_fused": Optimizer.ADAMW,
    "adamw_bnb_8bit": Optimizer.ADAMW_8BIT,
    "adamw_8bit": Optimizer.ADAMW_8BIT,
    "paged_adamw_8bit": Optimizer.PAGED_ADAMW_8BIT,
    "adafactor": Optimizer.ADAFACTOR,
    "rmsprop": Optimizer.RMSPROP,
}
_NEAR_OPTIMIZERS = {
    "paged_adamw_32bit": (Optimizer.ADAMW, "its state is not moved to the host's memory"),
    "paged_adamw": (Optimizer.ADAMW, "its state is not moved to the host's memory"),
    "adamw_torch_8bit": (Optimizer.ADAMW_8BIT, "by bitsandbytes in place of torchao"),
    "rmsprop_bnb": (Optimizer.RMSPROP, "by PyTorch in place of bitsandbytes"),
    "rmsprop_bnb_32bit": (Optimizer.RMSPROP, "by PyTorch in place of bitsandbytes"),
    "rmsprop_bnb_8bit": (Optimizer.RMSPROP, "its state is kept in 32 bits"),
}
_LENGTH = ("max_steps", "num_train_epochs")
_WARMUP = ("warmup_steps", "warmup_ratio")


def _length(settings: Settings) -> Iterator[Outcome]:
    """Steps where they are positive, else epochs: as transformers decides it."""
    steps = settings.integer("max_steps") or 0
    if steps > 0:
        yield outcome(settings, _LENGTH[:1], target="training.steps", value=steps)
        if settings.has("num_train_epochs"):
            note = "max_steps decides the length"
            yield outcome(settings, _LENGTH[1:], kind=Kind.IGNORED, note=note)
        return
    epochs = settings.number("num_train_epochs")
    yield outcome(settings, _LENGTH[1:], target="training.epochs", value=epochs)
    if settings.has("max_steps"):
        note = "num_train_epochs decides the length"
        yield outcome(settings, _LENGTH[:1], kind=Kind.IGNORED, note=note)


def _warmup(settings: Settings) -> Iterator[Outcome]:
    """Steps before a ratio, and below 1 they are a ratio: as transformers 5 decides it."""
    named = tuple(name for name in _WARMUP if settings.has(name))
    steps = settings.number("warmup_steps") or 0.0
    ratio = steps if 0 < steps < 1 else settings.number("warmup_ratio") or 0.0
    if settings.text("lr_scheduler_type") == "constant" and (steps or ratio):
        note = "TRL's constant schedule has no warm-up; constant_with_warmup has"
        yield outcome(settings, named, kind=Kind.IGNORED, note=note)
    elif steps >= 1:
        yield outcome(settings, named, target="training.warmupSteps", value=int(steps))
    elif ratio > 0:
        yield outcome(settings, named, target="training.warmupRatio", value=ratio)
    elif named:
        yield outcome(settings, named, kind=Kind.IGNORED, note="no warm-up is the default")


def _schedule(settings: Settings) -> Iterator[Outcome]:
    names, target = ("lr_scheduler_type",), "training.schedule"
    name = settings.text("lr_scheduler_type") or "linear"
    if name in _SCHEDULES:
        yield outcome(settings, names, target=target, value=_SCHEDULES[name].value)
        return
    nearest = _NEAREST_SCHEDULES.get(name, Schedule.LINEAR)
    note = f"there is no {name}: {nearest.value}, the nearest, is written in its place"
    yield outcome(
        settings, names, kind=Kind.UNMAPPED, target=target, value=nearest.value, note=note
    )


def _optimizer(settings: Settings) -> Iterator[Outcome]:
    names, target = ("optim",), "training.optimizer"
    name = settings.text("optim") or "adamw_torch"
    if name in _OPTIMIZERS:
        yield outcome(settings, names, target=target, value=_OPTIMIZERS[name].value)
    elif name in _NEAR_OPTIMIZERS:
        near, note = _NEAR_OPTIMIZERS[name]
        yield outcome(
            settings, names, kind=Kind.CHANGED, target=target, value=near.value, note=note
        )
    else:
        note = f"there is no {name}: AdamW is left in its place; set the learning rate for it"
        yield outcome(settings, names, kind=Kind.UNMAPPED, target=target, note=note)


_ADAM = "AdamW runs with betas 0.9 and 0.999 and epsilon 1e-8"

ROWS: tuple[Row, ...] = (
    Field("learning_rate", "training.learningRate", values.number),
    Rule(_LENGTH, _length),
    Rule(("lr_scheduler_type",), _schedule),
    Rule(_WARMUP, _warmup),
    Rule(("optim",), _optimizer),
    Field("weight_decay", "training.weightDecay", values.number),
    Field("max_grad_norm", "training.maxGradientNorm", values.number),
    Field("gradient_checkpointing", "training.gradientCheckpointing", values.boolean),
    Field("seed", "training.seed", values.integer),
    Unmapped("lr_scheduler_kwargs", "schedules have no parameters of their own", ({},)),
    Unmapped("adam_beta1", _ADAM, (0.9,)),
    Unmapped("adam_beta2", _ADAM, (0.999,)),
    Unmapped("adam_epsilon", _ADAM, (1e-8,)),
    Unmapped("optim_args", "optimizers have no parameters of their own"),
    Unmapped("optim_target_modules", "GaLore and APOLLO are not offered; use model.lora"),
    Unmapped("neftune_noise_alpha", "noise on embeddings is not offered", (0,)),
    Unmapped("label_smoothing_factor", "preference losses take dpo.labelSmoothing", (0,)),
    Unmapped("data_seed", "training.seed seeds the order of the pairs too"),
    Unmapped("dataloader_drop_last", "the last, partial batch is trained on", (False,)),
    Unmapped("accelerator_config", "how batches are shared out is fixed"),
    Unmapped("load_best_model_at_end", "the model of the last step is published", (False,)),
)
