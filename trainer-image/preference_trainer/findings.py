"""The most important findings of a check, a sentence each, the gravest first."""

from collections.abc import Iterator

from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.dataset import DatasetFormat, Overlong
from preference_api.v1alpha1.methods import Method
from preference_trainer.dataset.lengths import TokenCounts
from preference_trainer.dataset.pairs import Fault
from preference_trainer.dataset.report import DatasetReport, Finding

MOST = 8
_BIASED = 0.65
_FEW_EVALUATION_PAIRS = 100
_UNENDED = 0.01


def warnings_of(spec: PreferenceJobSpec, report: DatasetReport) -> list[str]:
    """What somebody should know before the training, at most eight sentences.

    Args:
        spec: The spec.
        report: What was found in its dataset.
    """
    sentences = (
        *_swapped(report),
        *_held_out_by_name(report),
        *_tokens(spec, report.tokens),
        *map(_left_out, (f for f in report.findings if f.kind is not Fault.OVERLONG)),
        *_answers(report),
        *_few(report),
        *_idle_prompt(spec, report),
        *_idle_guard(spec),
    )
    return list(sentences[:MOST])


def _swapped(report: DatasetReport) -> Iterator[str]:
    scores = report.scores
    if 2 * scores.chosen_lower > scores.rows:
        yield (
            f"chosen and rejected look swapped: in {scores.chosen_lower} of {scores.rows} rows the "
            "chosen answer has the lower score; compare spec.dataset.columns"
        )


def _held_out_by_name(report: DatasetReport) -> Iterator[str]:
    for source in report.sources:
        for file in source.held_out_by_name[:1]:
            yield (
                f"{file} is named like held-out data and is trained on; name the training files "
                "in spec.dataset.uri, and these in spec.dataset.evaluation.uri"
            )


def _tokens(spec: PreferenceJobSpec, tokens: TokenCounts) -> Iterator[str]:
    limit = f"maxLength {spec.dataset.max_length}"
    if tokens.over:
        fate = "cut or left out" if spec.dataset.overlong is Overlong.CUT else "left out"
        yield (
            f"{tokens.over} of {tokens.examples} training pairs are over {limit} and were {fate} "
            f"({tokens.tokens_lost} tokens); {tokens.max_length_for_99_percent} would fit 99 %"
        )
    if tokens.no_end > _UNENDED * tokens.examples:
        yield (
            f"{tokens.no_end} of {tokens.examples} training pairs have answers without an end "
            "token, so that the model may never stop; look at the chat template"
        )
    if tokens.prompt_differs:
        yield (
            f"in {tokens.prompt_differs} of {tokens.examples} training pairs the prompt alone "
            "gives other tokens than in front of its answers; look at the chat template, or end "
            "prompts at a word"
        )


def _left_out(finding: Finding) -> str:
    first = finding.examples[0]
    rows = "row was" if finding.count == 1 else "rows were"
    return f"{finding.count} {rows} left out: {finding.kind} (first: {first.file}, row {first.row})"


def _answers(report: DatasetReport) -> Iterator[str]:
    right = max(report.length_bias.longer_wins, 1 - report.length_bias.longer_wins)
    if right > _BIASED:
        longer = "longer" if report.length_bias.longer_wins > 0.5 else "shorter"
        yield (
            f"always taking the {longer} answer is right in {right:.0%} of the training pairs; "
            "the model may learn length"
        )
    if report.answers_with_prompt:
        yield f"{report.answers_with_prompt} pairs repeat the prompt at the start of both answers"


def _few(report: DatasetReport) -> Iterator[str]:
    if report.evaluation_pairs < _FEW_EVALUATION_PAIRS:
        error = 0.98 / report.evaluation_pairs**0.5
        yield (
            f"{report.evaluation_pairs} held-out pairs tell an accuracy only to within "
            f"{min(error, 0.5):.0%} either way"
        )


def _idle_prompt(spec: PreferenceJobSpec, report: DatasetReport) -> Iterator[str]:
    formats = {source.format for source in report.sources}
    if spec.dataset.prompt.system is not None and formats == {DatasetFormat.PREFERENCE}:
        yield "spec.dataset.prompt.system has no effect: no pair is a conversation"
    if spec.dataset.prompt.template is not None and DatasetFormat.PREFERENCE not in formats:
        yield "spec.dataset.prompt.template has no effect: no prompt is plain text"


def _idle_guard(spec: PreferenceJobSpec) -> Iterator[str]:
    limit = spec.training.stop_when.chosen_log_probability_drop_above
    if limit is not None and spec.method is Method.ORPO:
        yield (
            "spec.training.stopWhen.chosenLogProbabilityDropAbove has no effect: ORPO has no "
            "reference model"
        )
