"""Training throughput against plain TRL: the same pairs, model, seed, batch and optimizer.

    python benchmarks/throughput.py [--blocks 5] [--steps 8] [--hidden 256] [--layers 6]

Five trainers take turns in one process, in an order that is reversed every other block, so that
a machine whose speed drifts is unfair to none. Printed are pairs a second and, block by block,
the ratio to TRL:

    DPO, online    TRL as it comes: the reference runs along in every step
                   ours: the time of the cached reference pass counts in
    DPO, cached    TRL with precompute_ref_log_probs; no reference pass counts on either side
    ORPO           TRL's experimental ORPOTrainer

No ratio is printed unless both sides computed the same: DPO's last loss, ORPO's first odds ratio.
"""

import argparse
import os
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.update(TRL_EXPERIMENTAL_SILENCE="1", HF_HUB_DISABLE_TELEMETRY="1", TQDM_DISABLE="1")
warnings.filterwarnings("ignore")

import torch  # noqa: E402
from datasets import disable_progress_bars  # noqa: E402
from sides import BATCH, Bench  # noqa: E402
from transformers.utils import logging  # noqa: E402

Side = Callable[[], tuple[float, float]]


def compare(name: str, ours: Side, theirs: Side, *, blocks: int, pairs: int) -> None:
    """Take turns and print; the first block warms up and is not counted."""
    figures = []
    for block in range(blocks + 1):
        order = [ours, theirs] if block % 2 else [theirs, ours]
        seconds = {side: side() for side in order}
        (mine, my_loss), (other, their_loss) = seconds[ours], seconds[theirs]
        if abs(my_loss - their_loss) > 1e-3 * max(1, abs(their_loss)):
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
