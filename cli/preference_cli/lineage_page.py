"""The lineage of a run for people: pure."""

from collections.abc import Iterator
from datetime import datetime

from preference_api.lineage import Promotion
from preference_api.wire import Origin
from preference_cli import figures
from preference_cli.cluster.lines import CAUTION, HEAD, Line, age, columns, rows
from preference_cli.cluster.page import metric_rows, share
from preference_cli.lineage_facts import EarlierRun, Lineage
from preference_cli.wording import shown

_SHORT = 12
"""Characters of a commit in a table, as git abbreviates it at most."""


def lineage_lines(found: Lineage, *, now: datetime) -> list[Line]:
    """What a model was made of, how it did, and which runs were current when."""
    return [
        Line(found.job, HEAD),
        *rows([*_source_rows(found), *_run_rows(found, now), *_data_rows(found)]),
        *_section("evaluation", [*_evaluation_rows(found)]),
        *_section("current model", [*_current_rows(found, now)]),
        *_table("current before", ("RUN", "SINCE", "HOW"), _promotion_cells(found, now)),
        *_table(
            "other runs",
            ("RUN", "ID", "ENDED", "ACCURACY", "REASON", "COMMIT"),
            [_earlier_cells(run, now) for run in found.earlier],
        ),
        *_section("not read", [(shown(one.uri), one.message) for one in found.unread], CAUTION),
    ]


def _source_rows(found: Lineage) -> Iterator[tuple[str, str]]:
    yield "commit", _origin(found.origin) or "not known; see docs/retrain.md for how to tell it"
    nonce = f", nonce {found.nonce}" if found.nonce else ""
    yield "manifest", f"{' then '.join(found.stages)}, spec hash {found.spec_hash}{nonce}"
    present = found.present
    if (present.origin.commit or found.origin.commit, present.spec_hash) != (
        found.origin.commit,
        found.spec_hash,
    ):
        now = " of ".join(filter(None, (f"spec hash {present.spec_hash}", _origin(present.origin))))
        yield "", f"now {now}"


def _origin(origin: Origin) -> str:
    return " of ".join(filter(None, (origin.commit, origin.repository)))


def _run_rows(found: Lineage, now: datetime) -> Iterator[tuple[str, str]]:
    number = f"number {found.number}" if found.number is not None else ""
    yield "run", ", ".join(filter(None, (found.run_id or "none yet", number, found.state)))
    if found.dataset_changed_time:
        yield "", f"begun by a changed dataset {age(found.dataset_changed_time, now)} ago"
    if attempts := _attempts(found):
        yield "attempts", attempts
    if found.checkpoints:
        yield "checkpoints", "\n".join(f"{shown(each.uri)}" for each in found.checkpoints)


def _attempts(found: Lineage) -> str:
    parts = [
        figures.count(found.attempts) if found.attempts is not None else "",
        f"{found.failures} failed" if found.failures is not None else "",
        f"{figures.count(found.preemptions)} preempted" if found.preemptions is not None else "",
    ]
    return ", ".join(filter(None, parts))


def _data_rows(found: Lineage) -> Iterator[tuple[str, str]]:
    resolved = found.resolved
    yield "base", shown(found.base)
    if resolved:
        yield "", f"digest {resolved.model_digest}"
        if resolved.reference_digest:
            yield "reference", f"digest {resolved.reference_digest}"
    yield "dataset", "\n".join(map(shown, found.datasets))
    if resolved:
        yield "", f"digest {resolved.dataset_digest}"
        if resolved.sft_digest:
            yield "demonstrations", f"digest {resolved.sft_digest}"
    if found.pairs:
        yield "", found.pairs


def _evaluation_rows(found: Lineage) -> Iterator[tuple[str, str]]:
    if found.headline:
        yield "result", found.headline
    if found.metrics:
        yield from metric_rows(found.metrics)
    if found.gate:
        verdict = "passed" if found.gate.passed else "kept back"
        yield "gate", ": ".join(filter(None, (verdict, found.gate.message)))
    if found.model_uri:
        yield "model", shown(found.model_uri)
        yield "report", shown(found.report_uri)


def _current_rows(found: Lineage, now: datetime) -> Iterator[tuple[str, str]]:
    current = found.current
    if current is None:
        return
    this = " (this run)" if current.run_id == found.run_id else ""
    yield "run", f"{current.run_id}{this}"
    yield "since", f"{age(current.promoted_at, now)} ago, {_how(current)}"


def _how(promotion: Promotion) -> str:
    if promotion.reason != "RolledBack":
        return "promoted"
    return f"rolled back by {promotion.by}" if promotion.by else "rolled back"


def _promotion_cells(found: Lineage, now: datetime) -> list[tuple[str, ...]]:
    return [
        (each.run_id, f"{age(each.promoted_at, now)} ago", _how(each)) for each in found.promotions
    ]


def _earlier_cells(run: EarlierRun, now: datetime) -> tuple[str, ...]:
    return (
        str(run.number or ""),
        run.run_id,
        f"{age(run.completion_time, now)} ago" if run.completion_time else "",
        share(run.accuracy),
        run.reason,
        (run.commit or "")[:_SHORT],
    )


def _section(title: str, entries: list[tuple[str, str]], style: str = "") -> list[Line]:
    if not entries:
        return []
    return [Line(""), Line(title, HEAD), *(Line(line.text, style) for line in rows(entries))]


def _table(title: str, head: tuple[str, ...], cells: list[tuple[str, ...]]) -> list[Line]:
    if not cells:
        return []
    return [Line(""), Line(title, HEAD), *(Line(f"  {line}") for line in columns(head, cells))]
