"""The sides of the throughput benchmark: TRL's trainers and ours, on the same rows and weights."""

import gzip
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
import trl
import trl.trainer.utils
from datasets import Dataset
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    TrainerCallback,
)
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_trainer.metrics import Metrics
from preference_trainer.model.device import Device
from preference_trainer.progress import ProgressBoard
from preference_trainer.scoring import Row, attach_scoring_head, score
from preference_trainer.stopping import StopRequest
from preference_trainer.trainers.arguments import batching
from preference_trainer.trainers.stages import StageContext, preference_trainer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "examples"))
from tiny_model import learn_tokenizer  # noqa: E402

PAIRS = ROOT / "examples/data/hh-rlhf-harmless.jsonl.gz"
ANSWER = "\n\nAssistant:"
BATCH = 8
MAX_LENGTH = 512
TRL_HEAD = trl.trainer.utils._use_triton
CPU = Device(kind="cpu", weights=torch.float32, autocast_bfloat16=False)


def rows(tokenizer: PreTrainedTokenizerFast, count: int) -> list[Row]:
    """The first pairs of the file as token ids."""
    made: list[Row] = []
    with gzip.open(PAIRS, "rt") as lines:
        for line in lines:
            texts = json.loads(line)
            prompt, _, chosen = texts["chosen"].rpartition(ANSWER)
            other, _, rejected = texts["rejected"].rpartition(ANSWER)
            if prompt == other and chosen != rejected:
                made.append(
                    Row(
                        prompt_ids=tokenizer.encode(prompt + ANSWER),
                        chosen_ids=[*tokenizer.encode(chosen), 1],
                        rejected_ids=[*tokenizer.encode(rejected), 1],
                    )
                )
            if len(made) == count:
                break
    return made


def model(vocabulary: int, hidden: int, layers: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=hidden,
            intermediate_size=3 * hidden,
            num_hidden_layers=layers,
            num_attention_heads=hidden // 32,
            num_key_value_heads=hidden // 32,
            max_position_embeddings=1024,
            pad_token_id=0,
            bos_token_id=None,
            eos_token_id=1,
        )
    )


class Clock(TrainerCallback):
    """Seconds from the first step to the end of the last, without saving."""

    def on_train_begin(self, *_args: Any, **_kwargs: Any) -> None:
        self._begun = time.perf_counter()

    def on_optimizer_step(self, *_args: Any, **_kwargs: Any) -> None:
        self.seconds = time.perf_counter() - self._begun


class Bench:
    """The sides of the comparison; each call trains once and gives seconds and the last loss."""

    def __init__(self, *, steps: int, hidden: int, layers: int, folder: Path) -> None:
        self.tokenizer = learn_tokenizer(PAIRS)
        self.rows = rows(self.tokenizer, steps * BATCH)
        self.steps, self.folder = steps, folder
        self.base = model(len(self.tokenizer), hidden, layers)
        self.base.save_pretrained(folder / "base")

    def fresh(self) -> LlamaForCausalLM:
        return LlamaForCausalLM.from_pretrained(self.folder / "base", dtype=torch.float32)

    def arguments(self) -> dict[str, Any]:
        return {
            "output_dir": str(self.folder / "out"),
            "max_steps": self.steps,
            "per_device_train_batch_size": BATCH,
            "learning_rate": 1e-4,
            "lr_scheduler_type": "linear",
            "gradient_checkpointing": False,
            "logging_steps": 1,
            "save_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
            "use_cpu": True,
            "bf16": False,
            "max_length": MAX_LENGTH,
            "seed": 42,
        }

    def trl_dpo(self, *, precompute: bool) -> tuple[float, float]:
        trl.trainer.utils._use_triton = TRL_HEAD

        class Prepared(trl.DPOTrainer):
            def _prepare_dataset(self, dataset: Dataset, *_args: Any) -> Dataset:
                return dataset

        return self._timed(
            Prepared(
                model=self.fresh(),
                args=trl.DPOConfig(precompute_ref_log_probs=precompute, **self.arguments()),
                train_dataset=Dataset.from_list(self.rows),
                processing_class=self.tokenizer,
            )
        )

    def trl_orpo(self) -> tuple[float, float]:
        trl.trainer.utils._use_triton = TRL_HEAD

        class Prepared(ORPOTrainer):
            def tokenize_row(self, feature: Any, model: Any = None) -> dict[str, list[int]]:
                return orpo_row(feature)

        texts = {"prompt": "", "chosen": "", "rejected": ""}
        return self._timed(
            Prepared(
                model=self.fresh(),
                args=ORPOConfig(**self.arguments()),
                train_dataset=Dataset.from_list([{**texts, **row} for row in self.rows]),
                processing_class=self.tokenizer,
            ),
            figure="log_odds_ratio",
        )

    def ours(self, method: str, *, count_reference: bool) -> tuple[float, float]:
        policy = self.fresh()
        begun = time.perf_counter()
        references = None
        if method == "DPO":
            attach_scoring_head(policy)
            references = score(policy, self.rows, pad_token_id=0, device=CPU)
        spent = time.perf_counter() - begun if count_reference else 0.0
        trainer = preference_trainer(policy, self.rows, references, context=self._context(method))
        seconds, loss = self._timed(trainer, figure="loss" if method == "DPO" else "log_odds_ratio")
        return seconds + spent, loss

    def _context(self, method: str) -> StageContext:
        spec = PreferenceJobSpec.model_validate(
            {
                "method": method,
                "model": {"uri": "s3://bucket/base"},
                "dataset": {"uri": "s3://bucket/pairs", "maxLength": MAX_LENGTH},
                "output": {"uri": "s3://bucket/output"},
                "training": {
                    "steps": self.steps,
                    "batchSize": BATCH,
                    "microBatchSize": BATCH,
                    "learningRate": 1e-4,
                    "gradientCheckpointing": False,
                },
            }
        )
        return StageContext(
            spec=spec,
            device=CPU,
            batch=batching(spec.training, suggestion=BATCH),
            tokenizer=self.tokenizer,
            folder=self.folder / "out",
            board=ProgressBoard(),
            metrics=Metrics(job="job"),
            stop=StopRequest(),
            save=lambda _folder, _step: None,
        )

    def _timed(self, trainer: Any, figure: str = "loss") -> tuple[float, float]:
        """Train; DPO's last loss, or ORPO's first odds ratio (TRL's NLL counts the prompt too)."""
        clock = Clock()
        trainer.add_callback(clock)
        trainer.train()
        seen = [entry[figure] for entry in trainer.state.log_history if figure in entry]
        return clock.seconds, seen[-1] if figure == "loss" else seen[0]


def orpo_row(row: Any) -> dict[str, list[int]]:
    """What TRL's ORPOTrainer makes of a text, from ids."""
    made: dict[str, list[int]] = {"prompt_input_ids": row["prompt_ids"]}
    for side in ("chosen", "rejected"):
        ids = row["prompt_ids"] + row[f"{side}_ids"]
        made[f"{side}_input_ids"] = ids
        made[f"{side}_attention_mask"] = [1] * len(ids)
        made[f"{side}_labels"] = [-100] * len(row["prompt_ids"]) + row[f"{side}_ids"]
    return made
