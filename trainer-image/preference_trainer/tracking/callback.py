"""What a training loop hands to those who follow it."""

import time
from collections.abc import Mapping
from typing import Any, Protocol

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from preference_trainer.tracking.messages import Entry, Series


class Taker(Protocol):
    """Who takes the entries of a stage."""

    def add(self, series: Series, entries: tuple[Entry, ...]) -> None:
        """Take entries that follow those that were taken before."""

    def saved(self, series: Series, step: int) -> None:
        """Take note that a checkpoint holds every step up to this one."""


class TrackingCallback(TrainerCallback):  # type: ignore[misc]
    """Hands on log entries and tells of checkpoints; added after the callback that saves them.

    The callbacks that transformers has for the same trackers send every argument, the model's whole
    config and the state of the repository, and stop the training where a server is away.
    """

    def __init__(self, series: Series, taker: Taker) -> None:
        self._series, self._taker = series, taker

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_kwargs: Any
    ) -> None:
        """Hand on what the checkpoint remembers of earlier attempts."""
        self._taker.add(self._series, entries_of(state.log_history))

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, float] | None = None,
        **_kwargs: Any,
    ) -> None:
        """Hand on an entry."""
        self._taker.add(self._series, entries_of(state.log_history[-1:]))

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_kwargs: Any
    ) -> None:
        """Tell of a checkpoint."""
        self._taker.saved(self._series, state.global_step)


def entries_of(log_history: list[dict[str, Any]]) -> tuple[Entry, ...]:
    """The logging intervals of `TrainerState.log_history`, under the names that TRL gives."""
    return tuple(
        Entry(
            step=entry["step"],
            time=time.time(),
            figures={
                name: float(value)
                for name, value in entry.items()
                if name != "step" and isinstance(value, int | float)
            },
        )
        for entry in log_history
        if "loss" in entry
    )
