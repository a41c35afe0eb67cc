"""What watches a training loop: checkpoints and stopping, progress, guards."""

import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from preference_api.v1alpha1.results import Checkpoints as CheckpointSettings
from preference_api.v1alpha1.training import StopWhen
from preference_trainer.attempt import Attempt
from preference_trainer.errors import Diverged
from preference_trainer.log import log
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest

_FROZEN_STEPS = 10


class SavingCallback(TrainerCallback):  # type: ignore[misc]
    """Saves every so many steps or minutes, at the last step, and when told to stop.

    Args:
        settings: When to save.
        stop: Looked at after every optimizer step.
        save: Called with the folder of a new checkpoint and its step.

    """

    def __init__(
        self,
        *,
        settings: CheckpointSettings,
        stop: StopRequest,
        save: Callable[[Path, int], None],
    ) -> None:
        self._settings, self._stop, self._save = settings, stop, save
        self._saved_at = time.monotonic()

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_kwargs: Any,
    ) -> TrainerControl:
        """Decide whether this step is saved and whether it is the last."""
        last = state.global_step >= state.max_steps
        # After the last step only the weights are read again: to be evaluated and published.
        args.save_only_model = last
        control.should_save = last or self._stop.requested or self._due(state.global_step)
        control.should_training_stop = last or self._stop.requested
        return control

    def _due(self, step: int) -> bool:
        every = self._settings.every_steps
        minutes = (time.monotonic() - self._saved_at) / 60
        return minutes >= self._settings.every_minutes or (every is not None and step % every == 0)

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_kwargs: Any
    ) -> TrainerControl:
        """Hand the folder on; the clock runs from the end of the upload."""
        self._save(Path(args.output_dir) / f"checkpoint-{state.global_step}", state.global_step)
        self._saved_at = time.monotonic()
        return control


class HoldingCallback(TrainerCallback):  # type: ignore[misc]
    """Ends a training, which saves nothing any more, once another attempt has its run.

    Args:
        attempt: Looked at after every optimizer step.

    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_kwargs: Any
    ) -> None:
        """Raise StoppedEarly where the run is lost."""
        self._attempt.still_held()


class _EntryCallback(TrainerCallback):  # type: ignore[misc]
    """Reads the entries of a logging interval; the Trainer logs other things too."""

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_kwargs: Any,
    ) -> None:
        """Pass an entry on."""
        if logs and "loss" in logs:
            self.on_entry(state, logs)

    @abstractmethod
    def on_entry(self, state: TrainerState, logs: dict[str, float]) -> None:
        """Take the figures of one logging interval."""


class ProgressCallback(_EntryCallback):
    """Puts the figures of every log entry on the board and into the log.

    Args:
        board: Where they are shown.
        tokens_a_step: Mean tokens of a step without padding, prompts once.

    """

    def __init__(self, *, board: ProgressBoard, tokens_a_step: float) -> None:
        self._board, self._tokens_a_step = board, tokens_a_step
        self._last: tuple[int, float] | None = None

    def on_entry(self, state: TrainerState, logs: dict[str, float]) -> None:
        """Show one entry."""
        figures: dict[str, Any] = {
            "loss": logs["loss"],
            "reward_margin": logs.get("rewards/margins"),
            "reward_accuracy": logs.get("rewards/accuracies"),
            "tokens_per_second": self._pace(state.global_step),
        }
        self._board.update(step=state.global_step, **figures)
        log("Step", step=state.global_step, steps=state.max_steps, **figures)

    def _pace(self, step: int) -> float | None:
        before, self._last = self._last, (step, time.monotonic())
        if before is None or step <= before[0]:
            return None
        return round((step - before[0]) * self._tokens_a_step / (self._last[1] - before[1]), 1)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a log entry that guards look at, in nats."""

    step: int
    loss: float
    reward_margin: float | None
    chosen_drop: float | None


def broken_guard(figures: Figures, guards: StopWhen) -> str | None:
    """The guard that these figures break, as a sentence; None where all is well."""
    if guards.loss_above is not None and figures.loss > guards.loss_above:
        return f"loss {figures.loss:.4g} is above stopWhen.lossAbove {guards.loss_above:g}"
    limit = guards.chosen_log_probability_drop_above
    if limit is not None and figures.chosen_drop is not None and figures.chosen_drop > limit:
        return (
            f"chosen answers lost {figures.chosen_drop:.4g} nats a token, more than "
            f"stopWhen.chosenLogProbabilityDropAbove {limit:g}"
        )
    return None


class GuardCallback(_EntryCallback):
    """Ends a run whose numbers left the ground.

    Args:
        guards: The limits of the spec.
        chosen_tokens: Mean tokens of a chosen answer, which turns sums into nats a token.
        beta: What rewards are multiplied by; None where rewards are not log-ratios (ORPO, SFT).

    """

    def __init__(self, *, guards: StopWhen, chosen_tokens: float, beta: float | None) -> None:
        self._guards, self._beta = guards, beta
        self._chosen_tokens = chosen_tokens
        self._moved_at = 0

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: torch.nn.Module,
        **_kwargs: Any,
    ) -> None:
        """Refuse a gradient that is not finite before it reaches the weights."""
        gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
        if not torch.stack(torch._foreach_norm(gradients)).isfinite().all():
            raise Diverged(
                f"the gradient of step {state.global_step + 1} is not finite",
                remedy="Lower training.learningRate, use dtype Float32, or train longer warm-up.",
                reason="GradientNonFinite",
            )

    def on_entry(self, state: TrainerState, logs: dict[str, float]) -> None:
        """Hold a log entry against the limits."""
        figures = self._figures(state.global_step, logs)
        sentence = broken_guard(figures, self._guards) or self._frozen_margin(figures)
        if sentence is not None:
            raise Diverged(
                f"step {figures.step}: {sentence}",
                remedy="Lower training.learningRate, raise dpo.beta, or change stopWhen.",
            )

    def _figures(self, step: int, logs: dict[str, float]) -> Figures:
        drop = None
        if self._beta is not None and "rewards/chosen" in logs:
            drop = -logs["rewards/chosen"] / self._beta / self._chosen_tokens
        return Figures(
            step=step,
            loss=logs["loss"],
            reward_margin=logs.get("rewards/margins"),
            chosen_drop=drop,
        )

    def _frozen_margin(self, figures: Figures) -> str | None:
        """Margins of exactly 0 mean that nothing is trained, or that policy is reference."""
        if figures.reward_margin is None:
            return None
        if figures.reward_margin != 0:
            self._moved_at = figures.step
        frozen = figures.step - self._moved_at
        if frozen < (self._guards.margin_frozen_steps or _FROZEN_STEPS):
            return None
        return f"the reward margin stayed exactly 0 for {frozen} steps"
