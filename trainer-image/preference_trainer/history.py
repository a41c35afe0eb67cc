"""The course of the training, from the log of transformers' Trainer."""

from collections.abc import Mapping, Sequence
from typing import Any

_NAMES = {
    "loss": "loss",
    "learning_rate": "learningRate",
    "grad_norm": "gradientNorm",
    "rewards/margins": "rewardMargin",
    "rewards/accuracies": "rewardAccuracy",
    "logps/chosen": "chosenLogProbability",
    "logps/rejected": "rejectedLogProbability",
}


def entries(log_history: Sequence[Mapping[str, Any]], *, stage: str) -> list[dict[str, Any]]:
    """One entry a logging interval: step, stage and the figures that the stage has.

    Args:
        log_history: `TrainerState.log_history`; its last entry sums the run up and is left out.
        stage: Name of the stage.

    """
    return [
        {
            "stage": stage,
            "step": entry["step"],
            **{name: entry[key] for key, name in _NAMES.items() if key in entry},
        }
        for entry in log_history
        if "loss" in entry
    ]
