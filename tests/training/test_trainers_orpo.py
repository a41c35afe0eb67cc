"""ORPO against the formula of its paper, against TRL, and where TRL's own gives NaN."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

import tiny
from preference_trainer.scoring import attach_scoring_head
from preference_trainer.trainers.orpo import log1mexp, orpo_terms


def paper(logits: np.ndarray, ids: np.ndarray, prompt: int, weight: float) -> float:
    """Equations 2, 6 and 7 for one pair, in float64 and without any trick.

    logits: shape (2, tokens, vocabulary), chosen first; ids: shape (2, tokens).
    """
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    probabilities = shifted / shifted.sum(-1, keepdims=True)
    per_token = np.array(
        [
            [probabilities[side, at - 1, ids[side, at]] for at in range(prompt, ids.shape[1])]
            for side in (0, 1)
        ]
    )
    likelihood = np.exp(np.log(per_token).mean(axis=1))
    odds = likelihood / (1 - likelihood)
    ratio = -math.log(1 / (1 + math.exp(-math.log(odds[0] / odds[1]))))
    return float(-np.log(per_token[0]).mean() + weight * ratio)


@pytest.mark.parametrize("weight", [0.1, 1.0])
def test_loss_is_the_papers(weight: float) -> None:
    model = tiny.llama(300)
    ids = torch.randint(2, 300, (2, 14))
    ids[1, :5] = ids[0, :5]
    labels = ids.masked_fill(torch.arange(14) < 5, -100)
    attach_scoring_head(model)
    scored = model(input_ids=ids, labels=labels, fused_lm_head=True).log_probs
    loss = orpo_terms(scored, (labels[:, 1:] != -100).long()).loss(weight)
    logits = model(input_ids=ids).logits.detach().double().numpy()
    assert loss.item() == pytest.approx(paper(logits, ids.numpy(), 5, weight), abs=1e-5)


def terms_of(chosen: list[float], rejected: list[float]) -> tuple[Tensor, Tensor]:
    """Loss of one pair from its token log-probabilities, and their gradient."""
    longest = max(len(chosen), len(rejected))
    sides = [side + [0.0] * (longest - len(side)) for side in (chosen, rejected)]
    mask = torch.tensor([[1] * len(s) + [0] * (longest - len(s)) for s in (chosen, rejected)])
    tokens = torch.tensor(sides, requires_grad=True)
    loss = orpo_terms(tokens, mask).loss(0.1)
    loss.backward()
    assert tokens.grad is not None
    return loss.detach(), tokens.grad


CASES = {
    "memorised chosen answer": ([0.0, 0.0], [-3.0]),
    "memorised to the last bit": ([-1e-9], [-1e-9]),
    "memorised rejected answer": ([-2.0], [0.0]),
    "nothing left of either answer": ([], []),
    "hopeless answers": ([-80.0] * 3, [-90.0]),
}


@pytest.mark.parametrize(("chosen", "rejected"), CASES.values(), ids=CASES.keys())
def test_loss_and_gradient_stay_finite(chosen: list[float], rejected: list[float]) -> None:
    loss, gradient = terms_of(chosen, rejected)
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("value", [-1e-5, -0.01, -0.6, -0.7, -5.0, -30.0])
def test_log1mexp_is_accurate(value: float) -> None:
    exact = math.log(-math.expm1(value))
    assert log1mexp(torch.tensor(value)).item() == pytest.approx(exact, rel=1e-5, abs=1e-12)
