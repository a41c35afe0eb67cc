"""A check report for people."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import PurePosixPath

from preference_cli import figures
from preference_cli.check_report import CheckReport, Finding, Percentiles, Source, Tokens
from preference_cli.wording import shown, table

_COLUMNS = ("median", "90 %", "95 %", "99 %", "longest")
_CELLS = 9
CONDITIONS = ("microBatch", "sequenceLength")
"""What the memory estimate holds for; its other fields are bytes."""


def report_lines(report: CheckReport, *, max_length: int) -> list[str]:
    """What was read, what was left out, how long it is and what memory it takes.

    Args:
        report: The report.
        max_length: `spec.dataset.maxLength`.
    """
    data = report.dataset
    return [
        *_section("read", table([*_model_rows(report), *map(_source_row, data.sources)])),
        *_section("left out", table([_finding_row(each) for each in data.findings])),
        *_section("tokens", _token_lines(data.tokens)),
        f"  {_fit(data.tokens, max_length)}",
        *_section("length", [f"  {_length_rule(data.length_bias.longer_wins)}"]),
        *_section("memory", _memory_lines(report.memory)),
    ]


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from ("", title, *lines)


def _model_rows(report: CheckReport) -> list[tuple[str, str]]:
    model = report.model
    return [("model", f"{model.architecture}, {figures.count(model.parameters)} parameters")]


def _source_row(source: Source) -> tuple[str, str]:
    told = " (told from the rows)" if source.detected else ""
    form = f", {source.format}{told}" if source.format else ""
    files = "1 file" if source.files == 1 else f"{source.files} files"
    return "pairs", f"{figures.count(source.rows)} rows in {files} of {shown(source.uri)}{form}"


def _finding_row(finding: Finding) -> tuple[str, str]:
    by_file = groupby(finding.examples, lambda example: example.file)
    places = (
        f"{PurePosixPath(shown(file)).name}: {', '.join(str(example.row) for example in examples)}"
        for file, examples in by_file
    )
    more = ", ..." if finding.count > len(finding.examples) else ""
    return figures.count(finding.count), f"{finding.kind} (rows of {'; '.join(places)}{more})"


def _token_lines(tokens: Tokens) -> list[str]:
    rows = [
        ("", _cells(_COLUMNS)),
        ("prompt", _percentiles(tokens.prompt)),
        ("answer", _percentiles(tokens.answers)),
        ("prompt and longer answer", _percentiles(tokens.longest)),
    ]
    return table(rows)


def _percentiles(lengths: Percentiles) -> str:
    numbers = (lengths.p50, lengths.p90, lengths.p95, lengths.p99, lengths.p100)
    return _cells([figures.count(number) for number in numbers])


def _cells(texts: Sequence[str]) -> str:
    return "".join(text.rjust(_CELLS) for text in texts)


def _fit(tokens: Tokens, max_length: int) -> str:
    """What maxLength costs, and which one would cost little or nothing."""
    longest = tokens.longest
    offer = f"{longest.p99} fits 99 % of them, {longest.p100} all"
    if not tokens.over:
        return f"maxLength {max_length} fits every pair; {offer}"
    fates = [(tokens.dropped, "dropped"), (tokens.cut, "cut")]
    fate = ", ".join(f"{figures.count(number)} {word}" for number, word in fates if number)
    lost = figures.count(tokens.tokens_lost)
    return f"maxLength {max_length} is short for some pairs: {fate}, {lost} tokens lost; {offer}"


def _length_rule(longer_wins: float) -> str:
    return f"always taking the longer answer is right in {longer_wins:.0%} of the pairs"


def _memory_lines(memory: Mapping[str, int]) -> list[str]:
    """What takes how much, the largest first, for the micro batch that it was estimated for."""
    parts = {name: size for name, size in memory.items() if name not in CONDITIONS and size}
    largest_first = sorted(parts, key=lambda name: -parts[name])
    pairs, tokens = (memory.get(name, 0) for name in CONDITIONS)
    unit = "pair" if pairs == 1 else "pairs"
    return table(
        [
            *((name, figures.size(parts[name])) for name in largest_first),
            (
                "together",
                f"{figures.size(sum(parts.values()))} for {pairs} {unit} at once, "
                f"{figures.count(tokens)} tokens a sequence",
            ),
        ]
    )
