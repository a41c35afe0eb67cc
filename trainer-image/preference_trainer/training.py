"""The stages that change weights, each found again where an earlier attempt left it."""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, Trainer

from preference_api.v1alpha1.methods import DPO, Method, Reference
from preference_api.v1alpha1.status import Stage
from preference_trainer.attempt import complete
from preference_trainer.cached_scores import ScoreCache
from preference_trainer.callbacks import HoldingCallback
from preference_trainer.checkpoints import SavedState, StageName
from preference_trainer.errors import StoppedEarly
from preference_trainer.estimate import suggest_micro_batch
from preference_trainer.history import entries
from preference_trainer.inputs import Inputs
from preference_trainer.model.fetch import fetch_model
from preference_trainer.model.policy import load_policy, load_whole
from preference_trainer.scoring import Scores
from preference_trainer.storage import Damaged, fetch_tree
from preference_trainer.tracking.callback import TrackingCallback
from preference_trainer.tracking.messages import Series
from preference_trainer.trainers.arguments import batching
from preference_trainer.trainers.stages import (
    StageContext,
    preference_steps,
    preference_trainer,
    sft_steps,
    sft_trainer,
)
from preference_trainer.work import Run


@dataclass(frozen=True, slots=True)
class Trained:
    """The outcome of the stages.

    history: Figures of every logging interval, SFT first.
    seconds: Training time of the preference stage, over all attempts.
    """

    policy: PreTrainedModel
    history: Sequence[dict[str, Any]]
    seconds: float


def train_stages(run: Run, inputs: Inputs) -> Trained:
    """SFT where the spec has it, then the preference stage."""
    start = _sft_result(run, inputs) if run.spec.sft else None
    trained = _preference(run, inputs, start)
    earlier = json.loads((start / "history.json").read_text()) if start else []
    return Trained(
        policy=trained.policy, history=[*earlier, *trained.history], seconds=trained.seconds
    )


def _sft_result(run: Run, inputs: Inputs) -> Path:
    """Folder of the SFT stage's weights: from the bucket, or trained now and put there."""
    location = run.place / "stages/sft"
    folder = run.work.folder / "sft"
    if complete(location) is None:
        trained = _sft(run, inputs)
        trained.policy.save_pretrained(folder)
        (folder / "history.json").write_text(json.dumps(trained.history))
        run.attempt.publish(folder, location, about={"stage": "sft"})
    run.checkpoints.remove(StageName.SFT)
    try:
        fetch_tree(
            location, folder, on_bytes=lambda _n: run.work.stop.check("fetching SFT weights")
        )
    except Damaged:
        # The next attempt finds none and trains the stage again.
        location.delete_tree()
        raise
    return folder


def _sft(run: Run, inputs: Inputs) -> Trained:
    saved = _newest(run, StageName.SFT)
    steps = sft_steps(run.spec, rows=len(inputs.demonstrations))
    run.work.board.enter(Stage.SFT, steps=steps, step=saved.step if saved else 0)

    def make(policy: PreTrainedModel, context: StageContext) -> Trainer:
        return sft_trainer(policy, inputs.demonstrations, context=context)

    return _run_stage(run, inputs, StageName.SFT, saved, steps=steps, start=None, make=make)


def _preference(run: Run, inputs: Inputs, start: Path | None) -> Trained:
    saved = _newest(run, StageName.PREFERENCE)
    steps = preference_steps(run.spec, rows=len(inputs.training))
    finished = saved is not None and saved.step >= steps
    references = None if finished else _references(run, inputs, start)
    run.work.board.enter(Stage.TRAIN, steps=steps, step=saved.step if saved else 0)

    def make(policy: PreTrainedModel, context: StageContext) -> Trainer:
        return preference_trainer(
            policy,
            inputs.training,
            references,
            context=context,
            reference_model=_online_reference(run),
            resumed=saved is not None,
        )

    return _run_stage(run, inputs, StageName.PREFERENCE, saved, steps=steps, start=start, make=make)


def _newest(run: Run, stage: StageName) -> SavedState | None:
    saved = run.checkpoints.newest(stage, run.work.folder / "saved", run.work.stop)
    if saved is not None:
        run.work.board.saved(uri=saved.uri, step=saved.step)
    return saved


def _run_stage(
    run: Run,
    inputs: Inputs,
    name: StageName,
    saved: SavedState | None,
    *,
    steps: int,
    start: Path | None,
    make: Callable[[PreTrainedModel, StageContext], Trainer],
) -> Trained:
    """Train a stage from its start or its newest checkpoint; a finished one is only loaded."""
    finished = saved is not None and saved.step >= steps
    weights = saved.folder if saved is not None and finished else start
    policy = _policy(run, inputs, weights)
    before = saved.seconds if saved else 0.0
    if saved is not None and finished:
        state = json.loads((saved.folder / "trainer_state.json").read_text())
        return Trained(policy, entries(state["log_history"], stage=name.value), before)
    clock = _Clock(before)
    trainer = make(policy, _stage_context(run, inputs, name, clock))
    trainer.add_callback(HoldingCallback(run.attempt))
    trainer.add_callback(TrackingCallback(Series(name.value), run.tracking))
    trainer.train(resume_from_checkpoint=str(saved.folder) if saved else None)
    _require_end(run, trainer, steps)
    return Trained(
        trainer.model, entries(trainer.state.log_history, stage=name.value), clock.seconds
    )


def _policy(run: Run, inputs: Inputs, saved: Path | None) -> PreTrainedModel:
    """The policy with saved weights, or with those of the base."""
    return load_policy(
        run.spec.model,
        base=inputs.base,
        saved=saved,
        device=run.work.device,
        seed=run.spec.training.seed,
    )


class _Clock:
    """Training time of a stage, counted on from earlier attempts."""

    def __init__(self, before: float) -> None:
        self._before, self._started = before, time.monotonic()

    @property
    def seconds(self) -> float:
        return self._before + time.monotonic() - self._started


def _stage_context(run: Run, inputs: Inputs, name: StageName, clock: _Clock) -> StageContext:
    folder = run.work.folder / "training" / name.value
    shutil.rmtree(folder, ignore_errors=True)

    def save(checkpoint: Path, step: int) -> None:
        uri = run.checkpoints.save(checkpoint, stage=name, step=step, seconds=clock.seconds)
        run.work.board.saved(uri=uri, step=step)

    return StageContext(
        spec=run.spec,
        device=run.work.device,
        batch=batching(
            run.spec.training, suggestion=suggest_micro_batch(run.spec, base=inputs.base)
        ),
        tokenizer=inputs.tokenizer,
        folder=folder,
        board=run.work.board,
        metrics=run.work.metrics,
        stop=run.work.stop,
        save=save,
    )


def _require_end(run: Run, trainer: Trainer, steps: int) -> None:
    """A loop that was told to stop has saved its state and comes here early."""
    step = trainer.state.global_step
    if step < steps:
        raise StoppedEarly(
            f"told to stop after step {step} of {steps}; the state is saved",
            remedy="Start the same job again: it goes on from the checkpoint.",
        )


def _references(run: Run, inputs: Inputs, start: Path | None) -> Scores | None:
    """Reference log-probabilities of the training pairs, where the method wants them cached."""
    dpo = run.spec.dpo or DPO()
    if run.spec.method is not Method.DPO or dpo.reference is Reference.ONLINE:
        return None
    run.work.board.enter(Stage.REFERENCE, steps=len(inputs.training))
    cache = ScoreCache(work=run.work, pad_token_id=inputs.pad_token_id)
    if dpo.reference_model is not None:
        digest = str(run.work.resolved.reference_digest)
        return cache.scores(inputs.training, model_digest=digest, load=lambda: _own_reference(run))
    return cache.scores(
        inputs.training,
        model_digest=_start_digest(run, start),
        load=lambda: _policy(run, inputs, start),
    )


def _start_digest(run: Run, start: Path | None) -> str:
    """Identity of the weights that the preference stage starts from."""
    if start is None:
        return run.work.resolved.model_digest
    manifest = complete(run.place / "stages/sft")
    assert manifest is not None
    weights = [file.sha256 for file in manifest.files if file.name.endswith(".safetensors")]
    return "+".join([run.work.resolved.model_digest, *weights])


def _online_reference(run: Run) -> PreTrainedModel | None:
    dpo = run.spec.dpo or DPO()
    online = run.spec.method is Method.DPO and dpo.reference is Reference.ONLINE
    return _own_reference(run) if online and dpo.reference_model else None


def _own_reference(run: Run) -> PreTrainedModel:
    dpo = run.spec.dpo or DPO()
    assert dpo.reference_model is not None
    folder = fetch_model(
        run.work.location(dpo.reference_model.uri),
        run.work.folder / "reference",
        expected=str(run.work.resolved.reference_digest),
        field="spec.dpo.referenceModel.uri",
        stop=run.work.stop,
    )
    model = load_whole(folder, device=run.work.device, field="spec.dpo.referenceModel.uri")
    return model.requires_grad_(False)
