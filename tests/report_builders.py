"""Builders of evaluations and of everything that report and model card are written from."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.status import Resolved
from preference_api.wire import Origin, RunDocument
from preference_trainer.evaluation import Example, Sample, decide, evaluate, headline, prompt_group
from preference_trainer.publish import ReportInputs

SPEC: dict[str, Any] = {
    "method": "DPO",
    "model": {"uri": "hf://org/tiny@0123abcd"},
    "dataset": {"uri": "s3://data/pairs/train.jsonl"},
    "output": {"uri": "s3://models/tiny"},
}


def example(number: int = 1, **changes: Any) -> Example:
    """A pair whose chosen answer has become one nat likelier, and its rejected answer no less."""
    fields: dict[str, Any] = {
        "source": "pairs.jsonl",
        "row": number,
        "prompt": f"prompt {number}",
        "chosen": "a good answer",
        "rejected": "a bad answer",
        "prompt_tokens": 3,
        "chosen_tokens": 4,
        "rejected_tokens": 4,
        "policy_chosen": -9.0,
        "policy_rejected": -10.0,
        "base_chosen": -10.0,
        "base_rejected": -10.0,
        **changes,
    }
    return Example(**{"group": prompt_group(fields["prompt"]), **fields})


def random_examples(count: int, *, shift: float = 1.0, seed: int = 0) -> list[Example]:
    """Pairs of random lengths; training moved chosen up and rejected down by about `shift` nats."""
    random = np.random.default_rng(seed)
    examples = []
    for number in range(1, count + 1):
        tokens = random.integers(4, 80, size=2)
        base = -2.0 * tokens + random.normal(0, 4, size=2)
        policy = base + random.normal((shift, -shift), 2.0)
        examples.append(
            example(
                number,
                chosen=f"good answer {number}",
                chosen_tokens=int(tokens[0]),
                rejected_tokens=int(tokens[1]),
                policy_chosen=float(policy[0]),
                policy_rejected=float(policy[1]),
                base_chosen=float(base[0]),
                base_rejected=float(base[1]),
            )
        )
    return examples


def sample(number: int = 1, **changes: Any) -> Sample:
    fields = {
        "prompt": f"prompt {number}",
        "base_answer": "what it said before",
        "policy_answer": "what it says after training",
        "tokens": 5,
        "ended": True,
        **changes,
    }
    return Sample(**fields)


def document(**changes: Any) -> RunDocument:
    """A run document; `changes` replace fields of the spec."""
    spec = PreferenceJobSpec.model_validate({**SPEC, **changes})
    origin = Origin(commit="5e1f00d", repository="team/models")
    return RunDocument(name="tiny-dpo", namespace="team", spec=spec, origin=origin)


def check_report(*, findings: Sequence[Any] = (), warnings: Sequence[str] = ()) -> dict[str, Any]:
    """The parts of a check report that are shown."""
    return {
        "summary": {"warnings": list(warnings)},
        "dataset": {"pairs": 540, "findings": list(findings)},
    }


def history(steps: int = 20) -> list[dict[str, Any]]:
    """Three entries of an SFT stage and one a step of the preference stage."""
    sft = [{"step": step, "stage": "sft", "loss": 3.0 - step} for step in range(3)]
    train = [
        {
            "step": step,
            "stage": "preference",
            "loss": 0.6931 - 0.01 * step,
            "rewardMargin": 0.02 * step,
            "rewardAccuracy": 0.5 + 0.01 * step,
            "learningRate": 1e-6,
            "gradientNorm": 2.0,
            "chosenLogProbability": -50.0,
            "rejectedLogProbability": -50.0 - step,
        }
        for step in range(1, steps + 1)
    ]
    return [*sft, *train]


def report_inputs(
    *,
    examples: Sequence[Example] | None = None,
    samples: Sequence[Sample] = (),
    spec: dict[str, Any] | None = None,
    **changes: Any,
) -> ReportInputs:
    """A finished run with 60 held-out pairs."""
    held_out = random_examples(60) if examples is None else list(examples)
    metrics = evaluate(held_out, samples=samples, beta=0.1)
    fields: dict[str, Any] = {
        "document": document(**(spec or {})),
        "resolved": Resolved(run_id="3fa9c1d27b604e85", dataset_digest="d" * 64, model_digest="m"),
        "check": check_report(),
        "history": history(),
        "metrics": metrics,
        "examples": held_out,
        "samples": samples,
        "headline": headline(metrics),
        "gate": decide(held_out, gate=None, current=None),
        "versions": {"trl": "1.16.0", "torch": "2.13.0"},
        "attempts": 1,
        "seconds": 125.0,
        "pairs_per_second": 4.25,
        **changes,
    }
    return ReportInputs(**fields)
