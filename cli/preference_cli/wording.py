"""Sentences and small tables for people, the same in a terminal and in a log."""

import shlex
from collections.abc import Sequence

from preference_api.wire import CheckSummary
from preference_cli import figures
from preference_cli.ending import Ending
from preference_cli.locations import local_path
from preference_cli.result import RunResult

_SAVES = "train"


def stopping(verb: str) -> str:
    """What is said when a trainer process was asked to stop."""
    doing = "saving" if verb == _SAVES else "stopping"
    return f"{doing}, press Ctrl-C again to stop at once"


def shown(uri: str) -> str:
    """A location as a person opens it: a path on this machine, a URI elsewhere."""
    path = local_path(uri)
    return uri if path is None else str(path)


def table(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Two columns, indented."""
    width = max((len(name) for name, _ in rows), default=0)
    return [f"  {name.ljust(width)}  {value}" for name, value in rows]


def checked_lines(summary: CheckSummary) -> list[str]:
    """What the check found, with the most important warnings."""
    rows = [
        ("pairs", f"{figures.count(summary.pairs)} to train on"),
        ("", f"{figures.count(summary.evaluation_pairs)} held out"),
        ("", f"{figures.count(summary.dropped)} left out"),
        ("run", summary.resolved.run_id),
    ]
    if summary.tokens is not None:
        rows.append(("tokens", f"{figures.count(summary.tokens)} an epoch"))
    if summary.memory_bytes is not None:
        rows.append(("memory", f"{figures.size(summary.memory_bytes)} of the device, estimated"))
    if summary.report_uri is not None:
        rows.append(("details", shown(summary.report_uri)))
    return [*table(rows), *(f"warning: {text}" for text in summary.warnings)]


def result_lines(result: RunResult) -> list[str]:
    """The headline, what was published where, and the gate's verdict."""
    known = f"Nothing to train: run {result.run_id} of the same content is already finished."
    heads = [known if result.reused else "", result.headline]
    rows = [
        ("model", shown(result.model_uri)),
        ("report", shown(result.report_uri)),
        *_gate_rows(result),
    ]
    return [*filter(None, heads), *table(rows)]


def _gate_rows(result: RunResult) -> list[tuple[str, str]]:
    """The gate's verdict, where there is a gate."""
    if result.promoted is not False and not result.gate_message:
        return []
    verdict = "not promoted" if result.promoted is False else "promoted"
    return [("gate", ": ".join(filter(None, (verdict, result.gate_message))))]


def ending_lines(ending: Ending) -> list[str]:
    """Why a call ended early, and the way out; no lines where all went well."""
    if not ending.message:
        return []
    rows = [("way out", ending.remedy)] if ending.remedy else []
    if ending.said and ending.said.checkpoint_uri:
        step = ending.said.step
        at = "" if step is None else f" (step {step})"
        rows.insert(0, ("checkpoint", shown(ending.said.checkpoint_uri) + at))
    if ending.log:
        rows.append(("log", shlex.quote(str(ending.log))))
    tail = ["last lines of the log:", *(f"  {line}" for line in ending.tail)] if ending.tail else []
    return [f"{ending.reason}: {ending.message}", *tail, *table(rows)]
