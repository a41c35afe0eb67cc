"""Answers that a model writes to held-out prompts."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from preference_trainer.model.device import Device


@dataclass(frozen=True, slots=True)
class Answer:
    """A generated answer.

    tokens: Its tokens, the end token not counted.
    ended: False where it was cut at the limit.
    """

    text: str
    tokens: int
    ended: bool


@torch.no_grad()
def answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[list[int]],
    *,
    device: Device,
    max_new_tokens: int,
    on_answer: Callable[[int], None] = lambda _count: None,
) -> list[Answer]:
    """Answer each prompt greedily, so that the same model gives the same answers.

    Args:
        model: A causal model.
        tokenizer: Its tokenizer.
        prompts: Token ids of each prompt.
        device: Where the model computes.
        max_new_tokens: Most tokens of an answer; fewer where the model has no positions left.
        on_answer: Called with 1 after each answer; may raise to stop.

    """
    training = model.training
    model.eval()
    ends = end_tokens(model, tokenizer)
    made = []
    for prompt in prompts:
        limit = min(max_new_tokens, _positions_left(model, prompt))
        with device.autocast():
            made.append(_answer(model, tokenizer, prompt, ends=ends, limit=limit))
        on_answer(1)
    model.train(training)
    return made


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids that end an answer: the tokenizer's end token and those of the generation config."""
    configured: Any = model.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return sorted({token for token in [*ids, tokenizer.eos_token_id] if token is not None})


def _positions_left(model: PreTrainedModel, prompt: list[int]) -> int:
    positions: int | None = getattr(model.config, "max_position_embeddings", None)
    return sys.maxsize if positions is None else max(0, positions - len(prompt))


def _answer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt: list[int],
    *,
    ends: list[int],
    limit: int,
) -> Answer:
    if limit == 0:
        return Answer(text="", tokens=0, ended=False)
    ids = torch.tensor([prompt], device=model.device)
    generated = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        num_beams=1,
        max_new_tokens=limit,
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id,
        # A model may ask for a static cache, for which transformers compiles; the image cannot.
        disable_compile=True,
    )
    new = generated[0, len(prompt) :].tolist()
    ended = bool(new) and new[-1] in ends
    kept = new[:-1] if ended else new
    text = tokenizer.decode(kept, skip_special_tokens=True)
    return Answer(text=text.strip(), tokens=len(kept), ended=ended)
