"""DPO: TRL's trainer on rows that are tokenised, checked and scored by the reference already."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, Trainer
from trl import DPOTrainer

from preference_trainer.errors import Diverged

Batch = dict[str, Tensor]


class PreferenceTrainer(DPOTrainer):  # type: ignore[misc]
    """TRL 1.16's `DPOTrainer` with its data preparation left out and invariants put in.

    Rows hold `prompt_ids`, `chosen_ids`, `rejected_ids` (lists of token ids) and, where the
    reference is cached, `ref_chosen_logps` and `ref_rejected_logps` (nats, summed over the
    answer).

    Args:
        tolerance: Largest implicit reward, as a batch mean over beta in nats, that rounding
            explains before the first step. There the policy is the reference, so DPO's sigmoid
            loss is ln 2;
            None skips the check (own reference model, or a resumed run).
        kwargs: As for `trl.DPOTrainer`.

    Raises:
        Diverged: The loss is not finite, or the first rewards are not zero.

    """

    def __init__(self, *, tolerance: float | None, **kwargs: Any) -> None:
        self._tolerance = tolerance
        super().__init__(**kwargs)

    def _prepare_dataset(self, dataset: Any, *_args: Any, **_kwargs: Any) -> Any:
        return dataset

    def _precompute_ref_logps(self, dataset: Any, *_args: Any, **_kwargs: Any) -> Any:
        return dataset

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        # TRL writes a model card into every checkpoint; ours belongs to the published model.
        Trainer._save_checkpoint(self, model, trial)

    def compute_loss(
        self,
        model: PreTrainedModel,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: int | None = None,
    ) -> Tensor:
        """Compute TRL's loss, and refuse one that cannot be right."""
        loss: Tensor = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        if not torch.isfinite(loss):
            raise diverged_loss(self.state.global_step + 1)
        if self._tolerance is not None and self.state.global_step == 0:
            self._require_zero_rewards(self._tolerance)
        return loss

    def _require_zero_rewards(self, tolerance: float) -> None:
        rewards = [self._metrics["train"][f"rewards/{side}"][-1] for side in ("chosen", "rejected")]
        largest = max(abs(reward) for reward in rewards) / self.beta
        if largest > tolerance:
            raise Diverged(
                f"before the first step the policy differs from its reference by {largest:.3g} "
                f"nats an answer, where {tolerance:g} is explained by rounding",
                remedy="The base model in storage changed while the run was prepared: run check "
                "again, or remove the cached reference.",
                reason="ReferenceMismatch",
            )


def diverged_loss(step: int) -> Diverged:
    """The error of a loss that is not a number."""
    return Diverged(
        f"the loss of step {step} is not finite",
        remedy="Lower training.learningRate, use dtype Float32, or train longer warm-up.",
        reason="LossNonFinite",
    )
