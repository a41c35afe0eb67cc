"""Log-probabilities of answers under a model, without gradients: for references and evaluation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedModel
from trl.trainer.dpo_trainer import DataCollatorForPreference
from trl.trainer.utils import add_fused_lm_head

from preference_trainer.model.device import Device
from preference_trainer.trainers.head import spare_needless_work

Floats = NDArray[np.float64]


class Row(TypedDict):
    """A pair as token ids; the answers end with the end token."""

    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]


def tokens_of(row: Row) -> int:
    """Tokens of a pair, its prompt once."""
    return len(row["prompt_ids"]) + len(row["chosen_ids"]) + len(row["rejected_ids"])


@dataclass(frozen=True, slots=True)
class Scores:
    """Summed log-probabilities of answers given their prompts, in nats.

    chosen, rejected: shape (pairs,), in the order of the rows.
    """

    chosen: Floats
    rejected: Floats


def longest_first(rows: Sequence[Row]) -> list[int]:
    """Indices of rows by the length of prompt and longer answer; equal ones keep their order."""
    return sorted(range(len(rows)), key=lambda index: -_longest(rows[index]))


def attach_scoring_head(model: PreTrainedModel) -> None:
    """Let `model(..., labels=, fused_lm_head=True)` return log-probabilities; once a model."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    if not getattr(base, "scores_answers", False):
        spare_needless_work()
        add_fused_lm_head(base)
        base.scores_answers = True


@torch.no_grad()
def score(
    model: PreTrainedModel,
    rows: Sequence[Row],
    *,
    pad_token_id: int,
    device: Device,
    tokens_a_batch: int = 4096,
    on_rows: Callable[[int], None] = lambda _count: None,
) -> Scores:
    """Score both answers of every row.

    Args:
        model: A causal model with the scoring head attached.
        rows: Pairs as token ids.
        pad_token_id: Id that fills up a batch; it is masked.
        device: Where the model computes, and in which formats: those of the training, so that
            the reference is the same function as the policy.
        tokens_a_batch: Most tokens of a padded batch. Rows of like length share a batch.
        on_rows: Called with the count of rows after each batch; may raise to stop.

    """
    collate = DataCollatorForPreference(pad_token_id=pad_token_id)
    chosen, rejected = np.zeros(len(rows)), np.zeros(len(rows))
    training = model.training
    model.eval()
    for indices in _batches(rows, tokens_a_batch):
        with device.autocast():
            sums = _batch_sums(model, collate([rows[index] for index in indices]))
        chosen[indices], rejected[indices] = np.split(sums, 2)
        on_rows(len(indices))
    model.train(training)
    return Scores(chosen=chosen, rejected=rejected)


def _batch_sums(model: nn.Module, batch: dict[str, torch.Tensor]) -> Floats:
    """Sums of a padded batch: shape (2 * pairs,), chosen answers first."""
    device = next(model.parameters()).device
    moved = {key: value.to(device) for key, value in batch.items()}
    labels = moved["input_ids"].masked_fill(moved.pop("completion_mask") == 0, -100)
    outputs: Any = model(**moved, labels=labels, use_cache=False, fused_lm_head=True)
    sums: Floats = outputs.log_probs.sum(dim=1).double().cpu().numpy()
    return sums


def _batches(rows: Sequence[Row], tokens_a_batch: int) -> Iterator[list[int]]:
    """Indices in batches of like length, longest first: memory runs out at once or never."""
    batch: list[int] = []
    for index in longest_first(rows):
        if batch and 2 * _longest(rows[batch[0]]) * (len(batch) + 1) > tokens_a_batch:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _longest(row: Row) -> int:
    return len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"]))
