"""Generated answers: greedy, cut at limits, ended by the end token."""

import pytest
import torch

import tiny
from preference_trainer.model.device import Device
from preference_trainer.samples import answers, end_tokens

CPU = Device(kind="cpu", weights=torch.float32, autocast_bfloat16=False)
WORDS = tiny.tokenizer()


@pytest.mark.parametrize(("prompt", "limit", "most"), [(10, 5, 5), (510, 5, 2), (512, 5, 0)])
def test_answer_stays_within_limit_and_positions(prompt: int, limit: int, most: int) -> None:
    model = tiny.llama(len(WORDS))
    model.generation_config.eos_token_id = None
    made = answers(model, WORDS, [[5] * prompt], device=CPU, max_new_tokens=limit)
    assert len(made) == 1
    assert made[0].tokens <= most
    assert not made[0].ended or made[0].tokens < most


def test_end_token_ends_an_answer_and_is_not_counted() -> None:
    model = tiny.llama(len(WORDS))
    greedy = answers(model, WORDS, [[5, 6]], device=CPU, max_new_tokens=4)[0]
    told = model.generate(torch.tensor([[5, 6]]), do_sample=False, max_new_tokens=2)
    model.generation_config.eos_token_id = int(told[0, 3])
    ended = answers(model, WORDS, [[5, 6]], device=CPU, max_new_tokens=4)[0]
    assert end_tokens(model, WORDS) == sorted({1, int(told[0, 3])})
    assert (ended.ended, ended.tokens) == (True, 1 if told[0, 2] != told[0, 3] else 0)
    assert greedy.tokens == 4


def test_same_model_gives_the_same_answers() -> None:
    model = tiny.llama(len(WORDS))
    prompts = [[5, 6, 7], [9, 8]]
    one, other = (
        answers(model, WORDS, prompts, device=CPU, max_new_tokens=8) for _time in range(2)
    )
    assert one == other
    assert model.training == tiny.llama(len(WORDS)).training
