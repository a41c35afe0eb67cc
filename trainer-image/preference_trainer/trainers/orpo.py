"""ORPO as a loss on the data path of DPO: no reference model, no second format of the rows."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from accelerate.utils import is_peft_model
from torch import Tensor
from torch.nn.functional import logsigmoid
from transformers import PreTrainedModel
from trl.trainer.utils import add_fused_lm_head

from preference_trainer.trainers.preference import Batch, PreferenceTrainer

_NOT_FOR_THE_MODEL = {"completion_mask", "ref_chosen_logps", "ref_rejected_logps"}


def log1mexp(log_probability: Tensor) -> Tensor:
    """log(1 - exp(x)) for x < 0, with finite values and gradients up to x = 0.

    Two forms, each where it is accurate (Maechler 2012, "Accurately computing log(1 - exp(-|a|))").
    The branch that is not taken gets a harmless input, so that its infinite gradient never meets
    the zero of `torch.where`. Above -1e-6, which only a memorised answer reaches, x counts as
    -1e-6 and its gradient is zero.
    """
    x = log_probability.clamp(max=-1e-6)
    near_zero = x > -math.log(2)
    small = torch.log(-torch.expm1(torch.where(near_zero, x, -0.1)))
    large = torch.log1p(-torch.exp(torch.where(near_zero, -1.0, x)))
    return torch.where(near_zero, small, large)


@dataclass(frozen=True, slots=True)
class ORPOTerms:
    """The terms of the loss.

    nll: Negative log-likelihood of the chosen answers, nats a token over the batch; a scalar.
    log_odds: log odds ratio of chosen over rejected, one a pair; shape (pairs,).
    """

    nll: Tensor
    log_odds: Tensor

    def loss(self, weight: float) -> Tensor:
        """L = L_SFT + lambda * L_OR, equation 6 of https://arxiv.org/abs/2403.07691."""
        return self.nll - weight * logsigmoid(self.log_odds).mean()


def orpo_terms(token_log_probabilities: Tensor, answer_mask: Tensor) -> ORPOTerms:
    """Equations 2, 6 and 7 of the ORPO paper.

    Args:
        token_log_probabilities: Nats, 0 outside the answers; shape (2 * pairs, tokens), chosen
            answers first.
        answer_mask: 1 on answer tokens, the same shape. The likelihood counts answers only, as
            in the paper; TRL's ORPOTrainer counts the prompt too.

    """
    lengths = answer_mask.sum(dim=1).clamp_min(1)
    sums = token_log_probabilities.sum(dim=1)
    chosen, rejected = (sums / lengths).chunk(2)
    log_odds = (chosen - rejected) - (log1mexp(chosen) - log1mexp(rejected))
    nll = -sums.chunk(2)[0].sum() / lengths.chunk(2)[0].sum()
    return ORPOTerms(nll=nll, log_odds=log_odds)


class ORPOTrainer(PreferenceTrainer):
    """ORPO with the rows, truncation and head of DPO; `beta` of the arguments is lambda."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # DPO's head also gives entropies and mean logits, for figures that ORPO does not keep.
        model = self.model
        add_fused_lm_head(model.get_base_model() if is_peft_model(model) else model)

    def _compute_loss(
        self, model: PreTrainedModel, inputs: Batch, return_outputs: bool = False
    ) -> Tensor:
        mask = inputs["completion_mask"][:, 1:]
        outputs = model(
            **{key: value for key, value in inputs.items() if key not in _NOT_FOR_THE_MODEL},
            labels=inputs["input_ids"].masked_fill(inputs["completion_mask"] == 0, -100),
            use_cache=False,
            fused_lm_head=True,
        )
        log_probabilities = outputs.log_probs[:, -mask.size(1) :]
        terms = orpo_terms(log_probabilities, mask)
        self._record(terms, log_probabilities.detach().sum(dim=1))
        return terms.loss(self.beta)

    def _record(self, terms: ORPOTerms, sums: Tensor) -> None:
        """Keep the figures under TRL's names; the reward of ORPO is the scaled log odds."""
        chosen, rejected = self.accelerator.gather(sums).chunk(2)
        log_odds = self.accelerator.gather(terms.log_odds.detach())
        figures = {
            "nll_loss": self.accelerator.gather(terms.nll.detach()).mean(),
            "log_odds_ratio": logsigmoid(log_odds).mean(),
            "log_odds_chosen": log_odds.mean(),
            "rewards/margins": self.beta * log_odds.mean(),
            "rewards/accuracies": (log_odds > 0).float().mean(),
            "logps/chosen": chosen.mean(),
            "logps/rejected": rejected.mean(),
        }
        metrics = self._metrics["train" if self.model.training else "eval"]
        for name, value in figures.items():
            metrics[name].append(value.item())
