"""Training throughput against plain TRL: the same pairs, model, seed, batch and optimizer.

    python benchmarks/throughput.py [--blocks 5] [--steps 8] [--hidden 256] [--layers 6]

Four trainers take turns in one process, in an order that is reversed every other block, so that
a machine whose speed drifts is unfair to none. Printed are pairs a second and, block by block,
the ratio to TRL:

    DPO, online    TRL as it comes: the reference runs along in every step
                   ours: the time of the cached reference pass counts in
    DPO, cached    TRL with precompute_ref_log_probs; no reference pass counts on either side
    ORPO           TRL's experimental ORPOTrainer

No ratio is printed unless the losses of both sides agree.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.update(TRL_EXPERIMENTAL_SILENCE="1", HF_HUB_DISABLE_TELEMETRY="1", TQDM_DISABLE="1")
warnings.filterwarnings("ignore")

import gzip  # noqa: E402

import torch  # noqa: E402
import trl  # noqa: E402
import trl.trainer.utils  # noqa: E402
from datasets import Dataset, disable_progress_bars  # noqa: E402
from transformers import (  # noqa: E402
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    TrainerCallback,
)
from transformers.utils import logging  # noqa: E402
from trl.experimental.orpo import ORPOConfig, ORPOTrainer  # noqa: E402

from preference_api.v1alpha1 import PreferenceJobSpec  # noqa: E402
from preference_trainer.model.device import Device  # noqa: E402
from preference_trainer.progress import ProgressBoard  # noqa: E402
from preference_trainer.scoring import Row, attach_scoring_head, score  # noqa: E402
from preference_trainer.stopping import StopRequest  # noqa: E402
from preference_trainer.trainers.arguments import batching  # noqa: E402
from preference_trainer.trainers.stages import StageContext, preference_trainer  # noqa: E402

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
            stop=StopRequest(),
            save=lambda _folder, _step: None,
        )

    def _timed(self, trainer: Any, figure: str = "loss") -> tuple[float, float]:
        clock = Clock()
        trainer.add_callback(clock)
        trainer.train()
        return clock.seconds, [e[figure] for e in trainer.state.log_history if figure in e][-1]


def orpo_row(row: Any) -> dict[str, list[int]]:
    """What TRL's ORPOTrainer makes of a text, from ids."""
    made: dict[str, list[int]] = {"prompt_input_ids": row["prompt_ids"]}
    for side in ("chosen", "rejected"):
        ids = row["prompt_ids"] + row[f"{side}_ids"]
        made[f"{side}_input_ids"] = ids
        made[f"{side}_attention_mask"] = [1] * len(ids)
        made[f"{side}_labels"] = [-100] * len(row["prompt_ids"]) + row[f"{side}_ids"]
    return made


Side = Callable[[], tuple[float, float]]


def compare(name: str, ours: Side, theirs: Side, *, blocks: int, pairs: int) -> None:
    """Take turns and print; the first block warms up and is not counted."""
    figures = []
    for block in range(blocks + 1):
        order = [ours, theirs] if block % 2 else [theirs, ours]
        seconds = {side: side() for side in order}
        (mine, my_loss), (other, their_loss) = seconds[ours], seconds[theirs]
        if abs(my_loss - their_loss) > 1e-3 * max(1, abs(their_loss)) and name != "ORPO":
            sys.exit(f"{name}: the losses differ, {my_loss} against {their_loss}")
        if block:
            figures.append((pairs / mine, pairs / other, other / mine))
    medians = [statistics.median(column) for column in zip(*figures, strict=True)]
    ratios = " ".join(f"{ratio:.2f}" for _, _, ratio in figures)
    print(
        f"{name:12s} ours {medians[0]:6.1f} pairs/s   TRL {medians[1]:6.1f} pairs/s   "
        f"ratio {medians[2]:.2f}   (blocks: {ratios})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1, help="fewer are steadier when shared")
    options = parser.parse_args()
    disable_progress_bars()
    logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(
            steps=options.steps, hidden=options.hidden, layers=options.layers, folder=Path(folder)
        )
        sizes = {"blocks": options.blocks, "pairs": options.steps * BATCH}
        weights = bench.base.num_parameters() / 1e6
        print(f"{weights:.1f} M weights, batch {BATCH}, {sizes['pairs']} pairs a block")
        compare(
            "DPO, online",
            lambda: bench.ours("DPO", count_reference=True),
            lambda: bench.trl_dpo(precompute=False),
            **sizes,
        )
        compare(
            "DPO, cached",
            lambda: bench.ours("DPO", count_reference=False),
            lambda: bench.trl_dpo(precompute=True),
            **sizes,
        )
        compare("ORPO", lambda: bench.ours("ORPO", count_reference=False), bench.trl_orpo, **sizes)


if __name__ == "__main__":
    main()
