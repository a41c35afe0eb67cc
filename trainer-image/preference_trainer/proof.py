"""Holding the policy against the base model on pairs that neither was trained on."""

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from transformers import PreTrainedModel

from preference_api.identity import digest
from preference_api.v1alpha1.methods import DPO, Method
from preference_api.v1alpha1.status import Stage
from preference_trainer.cached_scores import ScoreCache, number_formats
from preference_trainer.dataset.pairs import Content, Pair
from preference_trainer.evaluation import (
    EvaluationMetrics,
    Example,
    Sample,
    evaluate,
    prompt_group,
)
from preference_trainer.inputs import Inputs
from preference_trainer.model.policy import load_whole
from preference_trainer.samples import Answer, answers
from preference_trainer.scoring import Row, Scores, attach_scoring_head, score
from preference_trainer.storage import NotFound
from preference_trainer.work import Work


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the base model makes of the held-out pairs, before anything is trained."""

    scores: Scores
    prompts: Sequence[int]
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Proof:
    """The evidence of an evaluation and its figures."""

    examples: Sequence[Example]
    samples: Sequence[Sample]
    metrics: EvaluationMetrics


def measure_base(work: Work, inputs: Inputs) -> Baseline:
    """Score the held-out pairs under the base model, and let it answer some prompts.

    The base model is the reference of the implicit reward for every method, so that runs compare.
    """
    prompts = _distinct_prompts(inputs.held_out_pairs, work.spec.evaluation.samples)
    work.board.enter(Stage.REFERENCE, steps=len(inputs.held_out) + len(prompts))

    @functools.cache
    def base() -> PreTrainedModel:
        quantization = work.spec.model.quantization
        return load_whole(inputs.base, device=work.device, quantization=quantization)

    cache = ScoreCache(work=work, pad_token_id=inputs.pad_token_id)
    scores = cache.scores(inputs.held_out, model_digest=work.resolved.model_digest, load=base)
    return Baseline(scores, prompts, _base_answers(work, inputs, prompts, base))


def _base_answers(
    work: Work, inputs: Inputs, prompts: Sequence[int], load: Callable[[], PreTrainedModel]
) -> list[Answer]:
    """The base model's answers; kept in the bucket, so that a resume does not write them again."""
    ids = [inputs.held_out[index]["prompt_ids"] for index in prompts]
    limit = work.spec.evaluation.max_new_tokens
    key = digest([work.resolved.model_digest, ids, limit, number_formats(work)])[:32]
    location = work.output / f"cache/answers/{key}.json"
    try:
        return [Answer(**answer) for answer in json.loads(location.read())]
    except NotFound:
        written = _answers(work, inputs, load(), prompts) if prompts else []
    location.write(json.dumps([asdict(answer) for answer in written]).encode())
    return written


def examine(work: Work, inputs: Inputs, policy: PreTrainedModel, baseline: Baseline) -> Proof:
    """Score and sample the policy on the same pairs and prompts, and evaluate both."""
    work.board.enter(Stage.EVALUATE, steps=len(inputs.held_out) + len(baseline.prompts))

    def on_rows(count: int) -> None:
        work.board.advance(count)
        work.stop.check("evaluating the held-out pairs")

    attach_scoring_head(policy)
    scores = score(
        policy,
        inputs.held_out,
        pad_token_id=inputs.pad_token_id,
        device=work.device,
        on_rows=on_rows,
    )
    written = _answers(work, inputs, policy, baseline.prompts)
    examples = _examples(inputs, scores, baseline.scores)
    samples = [
        _sample(inputs.held_out_pairs[index], before, after)
        for index, before, after in zip(baseline.prompts, baseline.answers, written, strict=True)
    ]
    metrics = evaluate(
        examples,
        samples=samples,
        beta=(work.spec.dpo or DPO()).beta if work.spec.method is Method.DPO else None,
        confidence=work.spec.evaluation.gate.confidence if work.spec.evaluation.gate else 0.95,
        seed=work.spec.training.seed,
    )
    return Proof(examples, samples, metrics)


def _distinct_prompts(pairs: Sequence[Pair], count: int) -> list[int]:
    """Indices of the first pairs with prompts of their own."""
    first = {str(pair.prompt): index for index, pair in reversed(list(enumerate(pairs)))}
    return list(islice(sorted(first.values()), count))


def _answers(
    work: Work, inputs: Inputs, model: PreTrainedModel, prompts: Sequence[int]
) -> list[Answer]:
    def on_answer(count: int) -> None:
        work.board.advance(count)
        work.stop.check("answering held-out prompts")

    return answers(
        model,
        inputs.tokenizer,
        [inputs.held_out[index]["prompt_ids"] for index in prompts],
        device=work.device,
        max_new_tokens=work.spec.evaluation.max_new_tokens,
        on_answer=on_answer,
    )


def _examples(inputs: Inputs, policy: Scores, base: Scores) -> list[Example]:
    rows = zip(inputs.held_out_pairs, inputs.held_out, strict=True)
    return [
        _example(
            pair,
            row,
            policy_chosen=policy.chosen[index],
            policy_rejected=policy.rejected[index],
            base_chosen=base.chosen[index],
            base_rejected=base.rejected[index],
        )
        for index, (pair, row) in enumerate(rows)
    ]


def _example(pair: Pair, row: Row, **log_probabilities: float) -> Example:
    prompt = as_text(pair.prompt)
    return Example(
        source=pair.source.rpartition("/")[2] or "pairs",
        row=max(1, pair.row),
        prompt=prompt,
        chosen=as_text(pair.chosen),
        rejected=as_text(pair.rejected),
        prompt_tokens=len(row["prompt_ids"]),
        chosen_tokens=len(row["chosen_ids"]),
        rejected_tokens=len(row["rejected_ids"]),
        group=prompt_group(prompt),
        **{name: float(value) for name, value in log_probabilities.items()},
    )


def _sample(pair: Pair, before: Answer, after: Answer) -> Sample:
    return Sample(
        prompt=as_text(pair.prompt),
        base_answer=before.text,
        policy_answer=after.text,
        tokens=after.tokens,
        ended=after.ended,
    )


def as_text(content: Content) -> str:
    """A text as it is; a conversation as one paragraph a message, led by its role."""
    if isinstance(content, str):
        return content
    if len(content) == 1 and content[0].get("role") == "assistant":
        return _message_text(content[0])
    return "\n\n".join(f"{message['role']}: {_message_text(message)}" for message in content)


def _message_text(message: dict[str, Any]) -> str:
    text = message.get("content") or ""
    calls = message.get("tool_calls")
    return f"{text}{calls}" if calls else str(text)
