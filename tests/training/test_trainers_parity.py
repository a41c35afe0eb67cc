"""The stages against TRL's own trainers: the same loss, the same gradients, the same weights."""

import copy
import math
from pathlib import Path
from typing import Any

import pytest
import torch
import trl
import trl.trainer.dpo_trainer
import trl.trainer.utils
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedModel, Trainer, TrainerCallback
from trl.experimental.orpo import ORPOConfig
from trl.experimental.orpo import ORPOTrainer as TRLORPOTrainer

import specs
import tiny
from preference_api.v1alpha1.methods import DPOLoss
from preference_trainer.errors import Diverged
from preference_trainer.model.device import Device
from preference_trainer.scoring import Row, Scores, attach_scoring_head, score
from preference_trainer.trainers.stages import StageContext, preference_trainer
from stage_contexts import stage_context

CPU = Device(kind="cpu", weights=torch.float32, autocast_bfloat16=False)
WORDS = tiny.tokenizer()


@pytest.fixture(autouse=True)
def trl_as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo the patch of the head after each test, so that TRL's side runs unpatched."""
    monkeypatch.setattr(trl.trainer.utils, "_use_triton", trl.trainer.utils._use_triton)
    hashing = trl.trainer.dpo_trainer.hash_module
    monkeypatch.setattr(trl.trainer.dpo_trainer, "hash_module", hashing)


class Recorder(TrainerCallback):
    """Keeps what a trainer computed: losses, and a copy of every gradient."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.gradients: list[list[Tensor]] = []
        self.logs: list[dict[str, float]] = []

    def on_pre_optimizer_step(self, *_args: Any, model: PreTrainedModel, **_kw: Any) -> None:
        self.gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])

    def on_log(self, *_args: Any, logs: dict[str, float], **_kwargs: Any) -> None:
        if "loss" in logs:
            self.losses.append(logs["loss"])
            self.logs.append(dict(logs))


def context(spec: Any, folder: Path) -> StageContext:
    return stage_context(spec, folder, device=CPU, tokenizer=WORDS, suggestion=8)


def recorded(trainer: Trainer) -> Recorder:
    recorder = Recorder()
    trainer.add_callback(recorder)
    trainer.train()
    return recorder


def ours(spec: Any, rows: list[Row], folder: Path, *, references: bool) -> Recorder:
    policy = tiny.llama(len(WORDS))
    scores: Scores | None = None
    if references:
        attach_scoring_head(policy)
        scores = score(policy, rows, pad_token_id=0, device=CPU)
    trainer = preference_trainer(policy, rows, scores, context=context(spec, folder))
    return recorded(trainer)


def trl_arguments(spec: Any, folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "max_steps": spec.training.steps,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 2,
        "learning_rate": spec.training.learning_rate,
        "lr_scheduler_type": "linear",
        "gradient_checkpointing": False,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
        "bf16": False,
        "seed": spec.training.seed,
        "max_length": spec.dataset.max_length,
    }


def of_trl(spec: Any, rows: list[Row], folder: Path, **settings: Any) -> Recorder:
    class PreparedRows(trl.DPOTrainer):
        def _prepare_dataset(self, dataset: Dataset, *_args: Any) -> Dataset:
            return dataset

    policy = tiny.llama(len(WORDS))
    trainer = PreparedRows(
        model=policy,
        ref_model=copy.deepcopy(policy),
        args=trl.DPOConfig(**trl_arguments(spec, folder), **settings),
        train_dataset=Dataset.from_list(rows),
        processing_class=WORDS,
    )
    return recorded(trainer)


def assert_alike(one: Recorder, other: Recorder, *, tolerance: float = 1e-5) -> None:
    assert len(one.losses) == len(other.losses) > 0
    torch.testing.assert_close(
        torch.tensor(one.losses), torch.tensor(other.losses), atol=tolerance, rtol=tolerance
    )
    for ours_, theirs in zip(one.gradients, other.gradients, strict=True):
        torch.testing.assert_close(ours_, theirs, atol=tolerance, rtol=1e-4)


def test_dpo_equals_trl_over_twenty_steps(tmp_path: Path) -> None:
    spec = specs.spec(training=specs.training(steps=20))
    rows = tiny.rows(24, vocabulary=len(WORDS))
    theirs = of_trl(spec, rows, tmp_path / "trl", beta=0.1)
    mine = ours(spec, rows, tmp_path / "ours", references=True)
    assert_alike(mine, theirs)
    assert mine.losses[-1] < mine.losses[0] - 0.01


SMOOTHED = ("exo_pair", "robust")
LOSSES = [
    *(
        ({"loss": [loss.value]}, {"loss_type": [loss.value]})
        for loss in DPOLoss
        if loss.value not in (*SMOOTHED, "sft")
    ),
    *(
        ({"loss": [loss], "labelSmoothing": 0.1}, {"loss_type": [loss], "label_smoothing": 0.1})
        for loss in SMOOTHED
    ),
    ({"beta": 0.5, "labelSmoothing": 0.2}, {"beta": 0.5, "label_smoothing": 0.2}),
    (
        {"loss": ["sigmoid", "sft"], "lossWeights": [1.0, 0.2]},
        {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 0.2]},
    ),
]


@pytest.mark.parametrize(("dpo", "settings"), LOSSES, ids=lambda value: str(value)[:40])
def test_other_losses_equal_trl(tmp_path: Path, dpo: Any, settings: Any) -> None:
    spec = specs.spec(dpo=dpo)
    rows = tiny.rows(16, vocabulary=len(WORDS))
    theirs = of_trl(spec, rows, tmp_path / "trl", **settings)
    assert_alike(ours(spec, rows, tmp_path / "ours", references=True), theirs)


def test_online_reference_equals_cached(tmp_path: Path) -> None:
    rows = tiny.rows(16, vocabulary=len(WORDS))
    cached = ours(specs.spec(), rows, tmp_path / "cached", references=True)
    base = tiny.llama(len(WORDS))
    base.save_pretrained(tmp_path / "base")
    policy = type(base).from_pretrained(tmp_path / "base", dtype=torch.float32)
    online = specs.spec(dpo={"reference": "Online"})
    trainer = preference_trainer(policy, rows, None, context=context(online, tmp_path / "online"))
    assert_alike(recorded(trainer), cached)


def test_first_dpo_loss_is_ln_2(tmp_path: Path) -> None:
    spec = specs.spec(training=specs.training(steps=1))
    mine = ours(spec, tiny.rows(8, vocabulary=len(WORDS)), tmp_path, references=True)
    assert mine.losses == [pytest.approx(math.log(2), abs=1e-5)]


def test_wrong_reference_stops_before_the_first_step(tmp_path: Path) -> None:
    rows = tiny.rows(8, vocabulary=len(WORDS))
    stranger = tiny.llama(len(WORDS), seed=9)
    attach_scoring_head(stranger)
    scores = score(stranger, rows, pad_token_id=0, device=CPU)
    trainer = preference_trainer(
        tiny.llama(len(WORDS)), rows, scores, context=context(specs.spec(), tmp_path)
    )
    with pytest.raises(Diverged, match="differs from its reference"):
        trainer.train()


def orpo_of_trl(spec: Any, rows: list[Row], folder: Path) -> Recorder:
    """TRL's ORPO reads text; its rows are put in as ids to leave templates out of the matter."""

    class PreparedRows(TRLORPOTrainer):
        def tokenize_row(self, feature: Any, model: Any = None) -> dict[str, list[int]]:
            return trl_orpo_row(feature, spec.dataset.max_length)

    trainer = PreparedRows(
        model=tiny.llama(len(WORDS)),
        args=ORPOConfig(**trl_arguments(spec, folder), beta=spec.orpo.lambda_),
        train_dataset=Dataset.from_list(
            [{"prompt": "", "chosen": "", "rejected": "", **row} for row in rows]
        ),
        processing_class=WORDS,
    )
    return recorded(trainer)


def trl_orpo_row(row: Any, limit: int) -> dict[str, list[int]]:
    """Columns of TRL's `tokenize_row`, cut at the limit as it cuts them."""
    made: dict[str, list[int]] = {"prompt_input_ids": row["prompt_ids"]}
    for side in ("chosen", "rejected"):
        ids = row["prompt_ids"] + row[f"{side}_ids"]
        labels = [-100] * len(row["prompt_ids"]) + row[f"{side}_ids"]
        made[f"{side}_input_ids"] = ids[:limit]
        made[f"{side}_attention_mask"] = [1] * len(ids[:limit])
        made[f"{side}_labels"] = labels[:limit]
    return made


def test_orpo_equals_trl_in_the_odds_ratio(tmp_path: Path) -> None:
    spec = specs.spec(method="ORPO", orpo={"lambda": 0.1}, training=specs.training(steps=1))
    rows = tiny.rows(8, vocabulary=len(WORDS))
    theirs = orpo_of_trl(spec, rows, tmp_path / "trl")
    mine = ours(spec, rows, tmp_path / "ours", references=False)
    for name in ("log_odds_ratio", "log_odds_chosen"):
        assert mine.logs[0][name] == pytest.approx(theirs.logs[0][name], abs=1e-5)


def test_orpo_survives_a_prompt_as_long_as_the_limit(tmp_path: Path) -> None:
    """TRL's ORPOTrainer divides 0 by 0 there, and its weights are NaN from then on."""
    limit = {"uri": "s3://bucket/pairs.jsonl", "maxLength": 24}
    training = specs.training(steps=2, learningRate=1e-4)
    spec = specs.spec(method="ORPO", orpo={"lambda": 0.1}, dataset=limit, training=training)
    rows = tiny.rows(8, vocabulary=len(WORDS))
    for row in rows[:4]:
        row["prompt_ids"] = [5] * 24
    theirs = orpo_of_trl(spec, rows, tmp_path / "trl")
    mine = ours(spec, rows, tmp_path / "ours", references=False)
    assert any(not gradient.isfinite().all() for gradient in theirs.gradients[-1])
    assert all(gradient.isfinite().all() for step in mine.gradients for gradient in step)
