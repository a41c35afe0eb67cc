"""What the callback of a training loop counts."""

import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from metrics_scrapes import Scrape
from preference_trainer.metrics import Metrics
from preference_trainer.metrics.series import CHECKPOINT_STEP, FIGURES, STEP
from preference_trainer.metrics.steps import MetricsCallback, StageFacts


def facts(**changes: Any) -> StageFacts:
    given = {"rows": 10, "tokens_a_row": 2.5, "batch": 4, "checkpoint_seconds": 60, "gpu": False}
    return StageFacts(**{**given, **changes})


ROWS_OF_STEPS = [
    # rows, batch -> rows of the first steps
    (10, 4, [4, 4, 2, 4, 4, 2]),
    (8, 4, [4, 4, 4, 4]),
    (3, 4, [3, 3]),
    (1, 1, [1, 1]),
]


@pytest.mark.parametrize(("rows", "batch", "expected"), ROWS_OF_STEPS)
def test_last_step_of_an_epoch_has_the_rows_that_are_left(
    rows: int, batch: int, expected: list[int]
) -> None:
    stage = facts(rows=rows, batch=batch)
    steps = range(1, len(expected) + 1)
    assert [stage.rows_of_step(step) for step in steps] == expected


def counted(stage: StageFacts, *, steps: int, logs: Sequence[Mapping[str, float]] = ()) -> Scrape:
    """A loop of so many steps, the first of which have log entries."""
    metrics = Metrics(job="job")
    callback = MetricsCallback(metrics=metrics, facts=stage)
    state = SimpleNamespace(global_step=0, max_steps=steps)
    callback.on_train_begin(None, state, None)
    for step in range(1, steps + 1):
        state.global_step = step
        callback.on_step_begin(None, state, None)
        callback.on_step_end(None, state, None)
        if step <= len(logs):
            callback.on_log(None, state, None, logs=dict(logs[step - 1]))
    return Scrape.of(metrics.text().decode())


def test_tokens_go_by_the_pairs_of_a_step() -> None:
    seen = counted(facts(), steps=3)
    assert (seen.value("samples_total"), seen.value("tokens_total")) == (10, 25)


def test_device_memory_is_told_where_there_is_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 5 << 30)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 7 << 30)
    names = ("gpu_memory_allocated_bytes", "gpu_memory_reserved_bytes")
    seen = counted(facts(gpu=True), steps=1)
    assert [seen.value(name) for name in names] == [5 << 30, 7 << 30]
    seen = counted(facts(gpu=False), steps=1)
    assert [seen.value(name) for name in names] == [None, None]


def test_figure_that_is_no_number_is_absent() -> None:
    entries = [{"loss": 1.0, "grad_norm": 3.0}, {"loss": 2.0, "grad_norm": math.nan}]
    seen = counted(facts(), steps=2, logs=entries)
    assert (seen.value("loss"), seen.value("grad_norm")) == (2.0, None)


def test_summary_of_the_loop_is_no_log_entry() -> None:
    entries = [{"loss": 1.0, "epoch": 0.5}, {"train_loss": 9.0, "epoch": 7}]
    seen = counted(facts(), steps=2, logs=entries)
    assert (seen.value("loss"), seen.value("epoch")) == (1.0, 0.5)


@pytest.mark.parametrize(("step", "checkpoint"), [(0, None), (4, 4)], ids=["new", "resumed"])
def test_stage_starts_without_what_the_stage_before_left(step: int, checkpoint: int | None) -> None:
    metrics = Metrics(job="job")
    for gauge in (*FIGURES.values(), CHECKPOINT_STEP, STEP):
        metrics.set(gauge, 3)
    callback = MetricsCallback(metrics=metrics, facts=facts())
    callback.on_train_begin(None, SimpleNamespace(global_step=step, max_steps=9), None)
    seen = Scrape.of(metrics.text().decode())
    assert (seen.value("step"), seen.value("steps")) == (step, 9)
    assert (seen.value("loss"), seen.value("epoch")) == (None, None)
    assert seen.value("checkpoint_last_committed_step") == checkpoint
    assert seen.value("checkpoint_interval_seconds") == 60
