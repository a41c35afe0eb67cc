"""Published recipes and commands, with their settings only.

zephyr-*, smollm*: recipes/ of huggingface/alignment-handbook; those with `dataset_mixer` at commits
81c66b2 (full, gemma) and 95dc472 (qlora, 141b), those with `dataset_mixture` at 19f0345. The chat
template of zephyr-141b is a shorter one.
trl-*: the commands in `trl/scripts/dpo.py` of TRL 1.16, in its page on the command line, and in
`examples/scripts/orpo.py` of TRL 0.9 with a dataset that the script had as its default.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from preference_api.v1alpha1.methods import Method
from preference_cli.convert import Conversion, convert

RECIPES = Path(__file__).parent / "cli" / "recipes"
COPY = "@refs/convert/parquet"
ULTRAFEEDBACK = f"hf://datasets/HuggingFaceH4/ultrafeedback_binarized{COPY}/default"


@dataclass(frozen=True, slots=True)
class Case:
    """A source, what its caller adds, and what has to come out."""

    file: str
    says: dict[str, Any]
    unmapped: set[str]
    changed: set[str]
    processes: int | None = 8
    method: Method | None = Method.DPO
    to_fill: set[str] = field(default_factory=lambda: {"model.uri", "dataset", "output.uri"})

    def conversion(self) -> Conversion:
        text = (RECIPES / self.file).read_text()
        return convert(text, method=self.method, processes=self.processes)


NAME, BATCH, HELD_OUT = "metadata.name", "training.batchSize", "dataset.evaluation.uri"
FRACTION = "dataset.evaluation.fraction"
OLD_HANDBOOK = {"max_prompt_length", "auto_insert_empty_system_msg"}

CASES = (
    Case(
        "zephyr-7b-dpo-full.yaml",
        {
            "method": "DPO",
            "dpo": {"beta": 0.01},
            "model.uri": "hf://alignment-handbook/zephyr-7b-sft-full@main",
            "model.dtype": None,
            "model.lora": None,
            "dataset.uri": f"{ULTRAFEEDBACK}/train_prefs",
            "dataset.evaluation.uri": f"{ULTRAFEEDBACK}/test_prefs",
            "dataset.maxLength": None,
            "training.learningRate": 5e-7,
            "training.schedule": "Cosine",
            "training.warmupRatio": 0.1,
            "training.epochs": 1.0,
            "training.batchSize": 128,
            "training.microBatchSize": 8,
            "training.optimizer": None,
            "checkpoints": {"everySteps": 100, "keep": 1},
            "resources": {"gpus": 8},
        },
        unmapped=OLD_HANDBOOK,
        changed={NAME, BATCH},
        to_fill={"model.uri", "dataset", HELD_OUT, "output.uri"},
    ),
    Case(
        "zephyr-7b-dpo-qlora.yaml",
        {
            "dpo": {"beta": 0.01},
            "model.dtype": "BFloat16",
            "model.quantization": "NF4",
            "model.lora.rank": 128,
            "model.lora.alpha": 128.0,
            "model.lora.dropout": 0.05,
            "model.lora.targetModules": [
                *("q_proj", "k_proj", "v_proj", "o_proj"),
                *("gate_proj", "up_proj", "down_proj"),
            ],
            "training.learningRate": 5e-6,
            "training.batchSize": 128,
            "training.microBatchSize": 4,
            "training.optimizer": None,
        },
        unmapped=OLD_HANDBOOK,
        changed={NAME, BATCH, "training.optimizer"},
        to_fill={"model.uri", "dataset", HELD_OUT, "output.uri"},
    ),
    Case(
        "zephyr-141b-orpo.yaml",
        {
            "method": "ORPO",
            "orpo": {"lambda": 0.05},
            "dpo": None,
            "dataset.maxLength": 2048,
            "dataset.evaluation": None,
            "training.learningRate": 5e-6,
            "training.schedule": "InverseSquareRoot",
            "training.warmupSteps": 100,
            "training.warmupRatio": None,
            "training.epochs": 3.0,
            "training.optimizer": "AdamW8Bit",
            "training.batchSize": None,
            "training.microBatchSize": 1,
            "checkpoints": None,
            "resources": {"gpus": 8, "nodes": 4},
        },
        method=Method.ORPO,
        processes=32,
        unmapped=OLD_HANDBOOK,
        changed={NAME, BATCH, FRACTION, "orpo.lambda", "checkpoints"},
        to_fill={"model.uri", "dataset", "output.uri", "resources.nodes"},
    ),
    Case(
        "zephyr-7b-gemma-dpo.yaml",
        {
            "dpo": {"beta": 0.05},
            "dataset.uri": f"hf://datasets/argilla/dpo-mix-7k{COPY}/default/train",
            "dataset.evaluation.uri": f"hf://datasets/argilla/dpo-mix-7k{COPY}/default/test",
            "training.epochs": 2.0,
            "training.batchSize": 128,
            "training.microBatchSize": 2,
        },
        unmapped=OLD_HANDBOOK,
        changed={NAME, BATCH, "checkpoints"},
        to_fill={"model.uri", "dataset", HELD_OUT, "output.uri"},
    ),
    Case(
        "smollm2-dpo.yaml",
        {
            "dpo": {"beta": 0.5},
            "dataset.uri": None,
            "dataset.mixture": [
                {"uri": f"{ULTRAFEEDBACK}/train_prefs"},
                {"uri": f"{ULTRAFEEDBACK}/test_prefs"},
            ],
            "dataset.evaluation": None,
            "training.learningRate": None,
            "training.epochs": 3.0,
            "training.batchSize": 128,
        },
        unmapped={"max_prompt_length"},
        changed={NAME, BATCH, "checkpoints"},
        to_fill={"model.uri", "dataset", FRACTION, "output.uri"},
    ),
    Case(
        "smollm3-apo.yaml",
        {
            "dpo": {"beta": 0.05, "loss": ["apo_zero"]},
            "model.uri": "hf://HuggingFaceTB/SmolLM3-3B-checkpoints@it-SFT",
            "dataset.maxLength": 24576,
            "training.schedule": "Cosine",
            "training.maxGradientNorm": 0.2,
            "training.batchSize": None,
            "training.microBatchSize": 1,
            "resources": {"gpus": 8, "nodes": 2},
        },
        processes=16,
        unmapped={"trust_remote_code", "lr_scheduler_type", "lr_scheduler_kwargs"},
        changed={NAME, BATCH, FRACTION, "checkpoints"},
        to_fill={"model.uri", "dataset", "output.uri", "resources.nodes"},
    ),
    Case(
        "trl-dpo-full.txt",
        {
            "method": "DPO",
            "dpo": None,
            "model.dtype": None,
            "training.steps": 1000,
            "training.epochs": None,
            "training.learningRate": 5e-7,
            "training.batchSize": 16,
            "training.microBatchSize": 2,
            "dataset.overlong": "Cut",
        },
        method=None,
        processes=None,
        unmapped=set(),
        changed={NAME, BATCH},
        to_fill={"model.uri", "dataset", HELD_OUT, "output.uri", "resources.gpus"},
    ),
    Case(
        "trl-dpo-lora.txt",
        {
            "model.lora.rank": 32,
            "model.lora.alpha": 16.0,
            "model.lora.dropout": 0.05,
            "training.learningRate": 5e-6,
        },
        method=None,
        processes=1,
        unmapped=set(),
        changed={NAME, BATCH, "model.dtype"},
        to_fill={"model.uri", "dataset", HELD_OUT, "output.uri", "model.lora.targetModules"},
    ),
    Case(
        "trl-dpo-cli.txt",
        {
            "dataset.uri": f"hf://datasets/anthropic/hh-rlhf{COPY}/default/train",
            "training.epochs": 3.0,
            "training.batchSize": None,
            "training.microBatchSize": 8,
            "resources": {"gpus": 4},
        },
        method=None,
        processes=None,
        unmapped=set(),
        changed={NAME, BATCH, FRACTION},
    ),
    Case(
        "trl-orpo-lora.txt",
        {
            "method": "ORPO",
            "orpo": None,
            "training.steps": 1000,
            "training.warmupSteps": 150,
            "training.optimizer": "RMSprop",
            "training.learningRate": 8e-5,
        },
        method=None,
        processes=1,
        unmapped=set(),
        changed={NAME, BATCH, FRACTION, "model.dtype", "orpo.lambda"},
        to_fill={"model.uri", "dataset", "output.uri", "model.lora.targetModules"},
    ),
)
