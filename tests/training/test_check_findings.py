from typing import Any

import pytest

from preference_trainer.dataset.clean import LengthBias
from preference_trainer.dataset.lengths import Percentiles, TokenCounts
from preference_trainer.dataset.pairs import Fault
from preference_trainer.dataset.report import (
    DatasetReport,
    Finding,
    RowReference,
    Scores,
    SourceReport,
)
from preference_trainer.findings import MOST, warnings_of
from specs import spec

GUARDS = {"chosenLogProbabilityDropAbove": 1.0, "marginFrozenSteps": 5}
LENGTHS = Percentiles(p50=10, p90=20, p95=30, p99=40, p100=50)


def counts(**fields: int) -> TokenCounts:
    zeros = dict.fromkeys(
        ("over", "dropped", "cut", "tokens_lost", "prompt_differs", "no_end", "largest_token"), 0
    )
    lengths = {"prompt": LENGTHS, "answers": LENGTHS, "longest": LENGTHS}
    return TokenCounts(
        examples=900,
        max_length_for_99_percent=40,
        longest_kept=50,
        **lengths,
        **{**zeros, **fields},
    )


def bias(longer_wins: float) -> LengthBias:
    return LengthBias(
        chosen_longer=longer_wins,
        longer_wins=longer_wins,
        chosen_characters=1,
        rejected_characters=1,
    )


def source(**fields: Any) -> SourceReport:
    base = {"uri": "s3://b/p", "files": 1, "rows": 1000, "format": "Preference", "detected": True}
    return SourceReport.model_validate({**base, "columns": {}, **fields})


def finding(fault: Fault, count: int = 3) -> Finding:
    return Finding(kind=fault, count=count, examples=(RowReference(file="a.jsonl", row=7),))


def report(**fields: Any) -> DatasetReport:
    base: dict[str, Any] = {
        "digest": "d",
        "sources": (source(),),
        "rows": 1000,
        "dropped": 0,
        "not_sampled": 0,
        "pairs": 900,
        "evaluation_pairs": 100,
        "findings": (),
        "repeated_prompts": 0,
        "answers_with_prompt": 0,
        "length_bias": bias(0.5),
        "scores": Scores(),
        "tokens": counts(),
        "evaluation_tokens": counts(),
        "epoch_tokens": 1,
        "samples": (),
    }
    return DatasetReport(**{**base, **fields})


def dataset(**fields: Any) -> dict[str, Any]:
    return {"dataset": {"uri": "s3://bucket/pairs.jsonl", **fields}}


def test_nothing_to_say() -> None:
    assert warnings_of(spec(), report()) == []


@pytest.mark.parametrize(
    ("fields", "found", "sentence"),
    [
        (
            {},
            {"scores": Scores(rows=100, chosen_lower=60)},
            "chosen and rejected look swapped: in 60 of 100 rows",
        ),
        (
            {},
            {"sources": (source(held_out_by_name=["s3://b/p/test.jsonl"]),)},
            "s3://b/p/test.jsonl is named like held-out data and is trained on",
        ),
        (
            dataset(maxLength=32),
            {"tokens": counts(over=9, dropped=9, tokens_lost=500)},
            "9 of 900 training pairs are over maxLength 32 and were left out (500 tokens); 40",
        ),
        (
            dataset(maxLength=32, overlong="Cut"),
            {"tokens": counts(over=9, cut=8)},
            "9 of 900 training pairs are over maxLength 32 and were cut or left out",
        ),
        ({}, {"tokens": counts(no_end=10)}, "10 of 900 training pairs have answers without an end"),
        ({}, {"tokens": counts(prompt_differs=1)}, "in 1 of 900 training pairs the prompt alone"),
        (
            {},
            {"findings": (finding(Fault.CONFLICTING), finding(Fault.OVERLONG))},
            "3 rows were left out: conflicting preference (first: a.jsonl, row 7)",
        ),
        ({}, {"findings": (finding(Fault.EMPTY, 1),)}, "1 row was left out: empty prompt or"),
        ({}, {"length_bias": bias(0.7)}, "always taking the longer answer is right in 70%"),
        ({}, {"length_bias": bias(0.3)}, "always taking the shorter answer is right in 70%"),
        ({}, {"answers_with_prompt": 4}, "4 pairs repeat the prompt"),
        ({}, {"evaluation_pairs": 25}, "25 held-out pairs tell an accuracy only to within 20%"),
        (dataset(prompt={"system": "s"}), {}, "spec.dataset.prompt.system has no effect"),
        (
            {"method": "ORPO", "training": {"stopWhen": GUARDS}},
            {},
            "spec.training.stopWhen.chosenLogProbabilityDropAbove has no effect: ORPO",
        ),
        (
            dataset(prompt={"template": "{prompt}"}),
            {"sources": (source(format="Conversational"),)},
            "spec.dataset.prompt.template has no effect",
        ),
    ],
)
def test_each_finding_is_one_sentence(
    fields: dict[str, Any], found: dict[str, Any], sentence: str
) -> None:
    (warning,) = warnings_of(spec(**fields), report(**found))
    assert warning.startswith(sentence)


@pytest.mark.parametrize(
    "fields",
    [
        {"training": {"stopWhen": GUARDS}},
        {"method": "ORPO", "training": {"stopWhen": {"marginFrozenSteps": 5}}},
        {"dpo": {"reference": "Online", "referenceModel": {"uri": "s3://bucket/reference"}}},
    ],
)
def test_fields_that_are_not_idle(fields: dict[str, Any]) -> None:
    assert warnings_of(spec(**fields), report()) == []


@pytest.mark.parametrize(
    "found",
    [
        {"scores": Scores(rows=100, chosen_lower=50)},
        {"tokens": counts(no_end=9)},
        {"length_bias": bias(0.65)},
        {"findings": (finding(Fault.OVERLONG),)},
    ],
)
def test_borders(found: dict[str, Any]) -> None:
    assert warnings_of(spec(), report(**found)) == []


def test_the_gravest_come_first_and_not_more_than_fit() -> None:
    findings = tuple(map(finding, list(Fault)[:8]))
    scores = Scores(rows=1, chosen_lower=1)
    warnings = warnings_of(spec(), report(findings=findings, scores=scores, evaluation_pairs=1))
    assert len(warnings) == MOST
    assert "swapped" in warnings[0]
