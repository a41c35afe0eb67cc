"""When a loop saves, stops and gives up."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from preference_api.v1alpha1.results import Checkpoints
from preference_api.v1alpha1.training import StopWhen
from preference_trainer.callbacks import (
    Figures,
    GuardCallback,
    ProgressCallback,
    SavingCallback,
    broken_guard,
)
from preference_trainer.errors import Diverged
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest


class Told(StopRequest):
    requested = True


SAVING = [
    # step, last step, every, told to stop -> saved, ended
    (3, 10, None, False, False, False),
    (4, 10, 4, False, True, False),
    (5, 10, 4, False, False, False),
    (10, 10, None, False, True, True),
    (3, 10, None, True, True, True),
]


@pytest.mark.parametrize(("step", "steps", "every", "told", "saved", "ended"), SAVING)
def test_saving(
    step: int, steps: int, every: int | None, told: bool, saved: bool, ended: bool
) -> None:
    callback = SavingCallback(
        settings=Checkpoints(every_steps=every),
        stop=Told() if told else StopRequest(),
        save=lambda _folder, _step: None,
    )
    arguments = SimpleNamespace(save_only_model=False)
    control = SimpleNamespace(should_save=False, should_training_stop=False)
    state = SimpleNamespace(global_step=step, max_steps=steps)
    callback.on_step_end(arguments, state, control)
    assert (control.should_save, control.should_training_stop) == (saved, ended)
    assert arguments.save_only_model == (step == steps)


def test_save_is_given_the_folder_of_the_step(tmp_path: Path) -> None:
    saved: list[tuple[Path, int]] = []
    callback = SavingCallback(
        settings=Checkpoints(),
        stop=StopRequest(),
        save=lambda folder, step: saved.append((folder, step)),
    )
    callback.on_save(
        SimpleNamespace(output_dir=str(tmp_path)), SimpleNamespace(global_step=7), None
    )
    assert saved == [(tmp_path / "checkpoint-7", 7)]


def figures(**values: Any) -> Figures:
    given = {"step": 5, "loss": 0.5, "reward_margin": 0.1, "chosen_drop": 0.2, **values}
    return Figures(**given)


GUARDS = [
    (StopWhen(), figures(loss=1e9), None),
    (StopWhen(loss_above=2), figures(loss=2.0), None),
    (StopWhen(loss_above=2), figures(loss=2.5), "loss 2.5 is above stopWhen.lossAbove 2"),
    (StopWhen(chosen_log_probability_drop_above=1), figures(chosen_drop=0.9), None),
    (StopWhen(chosen_log_probability_drop_above=1), figures(chosen_drop=None), None),
    (
        StopWhen(chosen_log_probability_drop_above=1),
        figures(chosen_drop=1.5),
        "chosen answers lost 1.5 nats a token",
    ),
]


@pytest.mark.parametrize(("guards", "seen", "sentence"), GUARDS)
def test_guards(guards: StopWhen, seen: Figures, sentence: str | None) -> None:
    broken = broken_guard(seen, guards)
    assert (broken is None) if sentence is None else (sentence in str(broken))


def log(callback: Any, step: int, **logs: float) -> None:
    callback.on_log(None, SimpleNamespace(global_step=step, max_steps=9), None, logs=logs)


def test_margin_frozen_at_zero_ends_the_run() -> None:
    guard = GuardCallback(guards=StopWhen(margin_frozen_steps=3), chosen_tokens=1, beta=0.1)
    moving = {"rewards/margins": 0.1, "rewards/chosen": 0.0}
    still = {"rewards/margins": 0.0, "rewards/chosen": 0.0}
    for step, logs in enumerate([still, still, moving, still, still], start=1):
        log(guard, step, loss=0.69, **logs)
    with pytest.raises(Diverged, match="exactly 0 for 3 steps"):
        log(guard, 6, loss=0.69, **still)


def test_chosen_drop_is_in_nats_a_token() -> None:
    guards = StopWhen(chosen_log_probability_drop_above=1.0)
    guard = GuardCallback(guards=guards, chosen_tokens=20, beta=0.1)
    log(guard, 1, loss=0.5, **{"rewards/margins": 1.0, "rewards/chosen": -1.9})
    with pytest.raises(Diverged, match=r"lost 1\.05 nats"):
        log(guard, 2, loss=0.5, **{"rewards/margins": 1.0, "rewards/chosen": -2.1})


def test_gradient_that_is_not_finite_never_reaches_the_weights() -> None:
    guard = GuardCallback(guards=StopWhen(), chosen_tokens=1, beta=None)
    model = torch.nn.Linear(2, 1)
    for gradient, ends in ((1.0, False), (float("nan"), True), (float("inf"), True)):
        for weight in model.parameters():
            weight.grad = torch.full_like(weight, gradient)
        if ends:
            with pytest.raises(Diverged, match="gradient of step 5"):
                guard.on_pre_optimizer_step(None, SimpleNamespace(global_step=4), None, model=model)
        else:
            guard.on_pre_optimizer_step(None, SimpleNamespace(global_step=4), None, model=model)


def test_progress_shows_the_figures_of_a_log_entry() -> None:
    board = ProgressBoard()
    callback = ProgressCallback(board=board, tokens_a_step=100.0)
    log(callback, 1, loss=0.7)
    log(callback, 2, loss=0.6, **{"rewards/margins": 0.2, "rewards/accuracies": 0.75})
    seen = board.progress
    assert (seen.step, seen.loss, seen.reward_margin, seen.reward_accuracy) == (2, 0.6, 0.2, 0.75)
    assert seen.tokens_per_second is not None
    assert seen.tokens_per_second > 0
