"""What is counted while a training loop runs."""

import math
import time
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from preference_trainer.metrics import series
from preference_trainer.metrics.registry import Metrics

_FROM_ZERO = (series.NONFINITE, series.TOKENS, series.SAMPLES, series.CHECKPOINT_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFacts:
    """What a stage trains on and how it saves.

    Args:
        rows: Pairs of the stage; demonstrations, in SFT.
        tokens_a_row: Their mean tokens without padding, prompts once.
        batch: Rows of an optimizer step.
        checkpoint_seconds: Longest time between two checkpoints.
        gpu: Whether it trains on one.
    """

    rows: int
    tokens_a_row: float
    batch: int
    checkpoint_seconds: float
    gpu: bool

    def rows_of_step(self, step: int) -> int:
        """Rows of an optimizer step, counted from 1: the last of an epoch may have fewer."""
        steps_an_epoch = -(-self.rows // self.batch)
        last = step % steps_an_epoch == 0
        return self.rows - self.batch * (steps_an_epoch - 1) if last else self.batch


class MetricsCallback(TrainerCallback):  # type: ignore[misc]
    """Counts steps and tells the figures of log entries.

    It comes before whatever uploads a checkpoint, so that it sees when one is on disk.

    Args:
        metrics: Where it is told.
        facts: Of the stage.
    """

    def __init__(self, *, metrics: Metrics, facts: StageFacts) -> None:
        self._metrics, self._facts = metrics, facts
        self._began = self._ended = time.monotonic()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_kwargs: Any
    ) -> None:
        """Start where the stage starts, without the figures of the stage before."""
        self._metrics.forget(*series.FIGURES.values(), series.CHECKPOINT_STEP)
        self._metrics.set(series.STEP, state.global_step)
        self._metrics.set(series.STEPS, state.max_steps)
        for counter in _FROM_ZERO:
            self._metrics.add(counter, 0)
        if state.global_step:
            self._metrics.set(series.CHECKPOINT_STEP, state.global_step)
        self._metrics.set(series.CHECKPOINT_TIME, time.time())
        self._metrics.set(series.CHECKPOINT_INTERVAL, self._facts.checkpoint_seconds)

    def on_step_begin(self, *_args: Any, **_kwargs: Any) -> None:
        """Start the clock of a step."""
        self._began = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_kwargs: Any
    ) -> None:
        """Count an optimizer step."""
        self._ended = time.monotonic()
        rows = self._facts.rows_of_step(state.global_step)
        self._metrics.set(series.STEP, state.global_step)
        self._metrics.observe(series.STEP_DURATION, self._ended - self._began)
        self._metrics.add(series.SAMPLES, rows)
        self._metrics.add(series.TOKENS, rows * self._facts.tokens_a_row)
        if self._facts.gpu:
            self._metrics.set(series.MEMORY_ALLOCATED, torch.cuda.memory_allocated())
            self._metrics.set(series.MEMORY_RESERVED, torch.cuda.memory_reserved())

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_kwargs: Any,
    ) -> None:
        """Tell the figures of a log entry; the Trainer's summary at the end has no loss."""
        if not logs or "loss" not in logs:
            return
        for key, gauge in series.FIGURES.items():
            if math.isfinite(logs.get(key, math.nan)):
                self._metrics.set(gauge, logs[key])
            else:
                self._metrics.forget(gauge)

    def on_save(self, *_args: Any, **_kwargs: Any) -> None:
        """Take the time of writing a checkpoint, which follows the end of its step."""
        self._metrics.observe(series.CHECKPOINT_SAVE, time.monotonic() - self._ended)

    def on_train_end(self, *_args: Any, **_kwargs: Any) -> None:
        """From here on no checkpoint is due."""
        self._metrics.forget(series.CHECKPOINT_INTERVAL)
