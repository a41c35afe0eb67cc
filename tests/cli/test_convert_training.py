from typing import Any

import pytest

from conversions import converted, field, findings, kinds
from preference_cli.convert import Kind
from preference_cli.errors import CommandError


@pytest.mark.parametrize(
    ("settings", "path", "value"),
    [
        ({}, "training.epochs", 3.0),
        ({"num_train_epochs": 0.5}, "training.epochs", 0.5),
        ({"max_steps": -1, "num_train_epochs": 2}, "training.epochs", 2.0),
        ({"max_steps": 200, "num_train_epochs": 2}, "training.steps", 200),
        ({"max_steps": 200, "num_train_epochs": 2}, "training.epochs", None),
        ({"learning_rate": "5e-7"}, "training.learningRate", 5e-7),
        ({"learning_rate": 1e-6}, "training.learningRate", None),
        ({"weight_decay": 0.01}, "training.weightDecay", 0.01),
        ({"max_grad_norm": 0.2}, "training.maxGradientNorm", 0.2),
        ({"seed": 7}, "training.seed", 7),
        ({"gradient_checkpointing": "False"}, "training.gradientCheckpointing", False),
        ({"activation_checkpointing": False}, "training.gradientCheckpointing", False),
        ({"warmup_ratio": 0.1}, "training.warmupRatio", 0.1),
        ({"warmup_steps": 0.1}, "training.warmupRatio", 0.1),
        ({"warmup_steps": 150}, "training.warmupSteps", 150),
        ({"warmup_steps": 150, "warmup_ratio": 0.1}, "training.warmupRatio", None),
        ({"warmup_steps": 0, "warmup_ratio": 0.1}, "training.warmupRatio", 0.1),
        ({"warmup_steps": 5, "lr_scheduler_type": "constant"}, "training.warmupSteps", None),
        (
            {"warmup_steps": 5, "lr_scheduler_type": "constant_with_warmup"},
            "training.warmupSteps",
            5,
        ),
        ({"lr_scheduler_type": "linear"}, "training.schedule", None),
        ({"lr_scheduler_type": "cosine"}, "training.schedule", "Cosine"),
        ({"lr_scheduler_type": "constant"}, "training.schedule", "Constant"),
        ({"lr_scheduler_type": "inverse_sqrt"}, "training.schedule", "InverseSquareRoot"),
        ({"optim": "adamw_torch_fused"}, "training.optimizer", None),
        ({"optim": "adamw_bnb_8bit"}, "training.optimizer", "AdamW8Bit"),
        ({"optim": "paged_adamw_8bit"}, "training.optimizer", "PagedAdamW8Bit"),
        ({"optim": "adafactor"}, "training.optimizer", "Adafactor"),
        ({"optim": "rmsprop"}, "training.optimizer", "RMSprop"),
    ],
)
def test_field(settings: dict[str, Any], path: str, value: Any) -> None:
    assert field(converted(settings), path) == value


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("cosine_with_min_lr", "Cosine"),
        ("cosine_with_restarts", "Cosine"),
        ("polynomial", None),
        ("warmup_stable_decay", None),
        ("something_new", None),
    ],
)
def test_missing_schedule_is_told_and_the_nearest_written(name: str, written: str | None) -> None:
    conversion = converted({"lr_scheduler_type": name})
    assert kinds(conversion, "lr_scheduler_type") == {Kind.UNMAPPED}
    assert field(conversion, "training.schedule") == written
    assert name in findings(conversion, "lr_scheduler_type")[0].note


@pytest.mark.parametrize(
    ("name", "kind", "written"),
    [
        ("paged_adamw_32bit", Kind.CHANGED, None),
        ("rmsprop_bnb_8bit", Kind.CHANGED, "RMSprop"),
        ("lion_32bit", Kind.UNMAPPED, None),
    ],
)
def test_optimizer_that_is_only_near_or_missing(name: str, kind: Kind, written: str | None) -> None:
    conversion = converted({"optim": name})
    assert kinds(conversion, "optim") == {kind}
    assert field(conversion, "training.optimizer") == written


@pytest.mark.parametrize(
    ("settings", "setting", "kind"),
    [
        ({"adam_beta2": 0.95}, "adam_beta2", Kind.UNMAPPED),
        ({"adam_beta2": 0.999}, "adam_beta2", Kind.IGNORED),
        ({"lr_scheduler_kwargs": {"min_lr_rate": 0.1}}, "lr_scheduler_kwargs", Kind.UNMAPPED),
        ({"load_best_model_at_end": True}, "load_best_model_at_end", Kind.UNMAPPED),
        ({"load_best_model_at_end": "no"}, "load_best_model_at_end", Kind.IGNORED),
        ({"neftune_noise_alpha": None}, "neftune_noise_alpha", Kind.IGNORED),
        ({"num_train_epochs": 2, "max_steps": 9}, "num_train_epochs", Kind.IGNORED),
    ],
)
def test_only_a_value_that_matters_is_unmapped(
    settings: dict[str, Any], setting: str, kind: Kind
) -> None:
    assert kinds(converted(settings), setting) == {kind}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"learning_rate": "fast"}, "learning_rate: 'fast' is not a number"),
        ({"max_steps": 1.5}, "max_steps: 1.5 is not a whole number"),
        ({"gradient_checkpointing": "maybe"}, "'maybe' is neither true nor false"),
        ({"lr_scheduler_type": ["linear"]}, "is not a single value"),
        ({"learning_rate": 3, "seed": -1}, "spec.training.learningRate: 3 is out of range"),
        ({"learning_rate": 3, "seed": -1}, "spec.training.seed: -1 is out of range"),
    ],
)
def test_bad_value_is_refused_by_name(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError) as caught:
        converted(settings)
    assert says in caught.value.message
    assert caught.value.remedy
