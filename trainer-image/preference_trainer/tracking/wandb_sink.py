"""Weights & Biases: figures, config and state; nothing of code, console, machine or packages."""

import os
from collections.abc import Mapping
from typing import Any

import wandb

from preference_trainer.tracking.messages import About, Ending, Entry, Series, State

PUBLIC = "https://api.wandb.ai"
_STOPPED, _FAILED = 75, 1


class WandbSink:
    """A run whose id is the run's own, so that every attempt continues it (wandb.init, resume)."""

    def __init__(self) -> None:
        self._run: Any = None
        self._defined: set[str] = set()

    def begin(self, about: About) -> Mapping[Series, int]:
        """Find or make the run."""
        project = about.tracking.wandb
        assert project is not None
        self._run = wandb.init(
            project=project.project,
            entity=project.entity,
            id=about.run_id,
            name=about.name,
            resume="allow",
            config={**about.parameters, **about.tags},
            settings=_settings(project.endpoint or PUBLIC),
        )
        last = {series: self._run.summary.get(f"{series.prefix}step") for series in Series}
        return {series: int(step) for series, step in last.items() if step is not None}

    def write(self, series: Series, entries: tuple[Entry, ...]) -> None:
        """Hand entries to the library, which sends them."""
        axis = f"{series.prefix}step"
        for entry in entries:
            figures = {f"{series.prefix}{name}": value for name, value in entry.figures.items()}
            for name in figures.keys() - self._defined:
                self._run.define_metric(name, step_metric=axis)
            self._defined |= figures.keys()
            self._run.log({**figures, axis: entry.step})

    def end(self, ending: Ending) -> None:
        """Say how it ended, and wait until it is sent."""
        if ending.model_uri:
            self._run.summary["modelURI"] = ending.model_uri
        if ending.state is State.RESUMABLE:
            self._run.mark_preempting()
        codes = {State.FINISHED: 0, State.FAILED: _FAILED, State.RESUMABLE: _STOPPED}
        self._run.finish(exit_code=codes[ending.state])


def make() -> WandbSink:
    """The sink of this module."""
    return WandbSink()


def _settings(endpoint: str) -> wandb.Settings:
    return wandb.Settings(
        base_url=endpoint,
        root_dir=os.getcwd(),
        console="off",
        silent=True,
        disable_git=True,
        disable_code=True,
        save_code=False,
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        x_save_requirements=False,
        init_timeout=30,
        login_timeout=10,
        x_graphql_retry_max=2,
        x_graphql_timeout_seconds=10,
        x_graphql_retry_wait_max_seconds=2,
        x_file_stream_retry_wait_max_seconds=2,
        x_file_stream_timeout_seconds=10,
        x_file_stream_transmit_interval=2,
    )
