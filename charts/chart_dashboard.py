"""The Grafana dashboard: a table of panels, laid out in rows of three."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SOURCE = {"type": "prometheus", "uid": "${source}"}
_JOB = 'namespace=~"$namespace", preferencejob=~"$preferencejob"'
_BY_JOB = "{{namespace}}/{{preferencejob}}"
_COLUMNS, _WIDTH, _HEIGHT = 3, 8, 7


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph.

    unit: As Grafana names units.
    expression: PromQL.
    legend: How a series is called.
    """

    title: str
    unit: str
    expression: str
    legend: str = _BY_JOB


def _train(name: str) -> str:
    return f"preference_train_{name}{{{_JOB}}}"


def _seconds(histogram: str, *, by: str = "", of: str = "") -> str:
    """The 95th percentile of a histogram of seconds, of the series that `of` selects."""
    grouping = ", ".join(filter(None, ("le", by)))
    return f"histogram_quantile(0.95, sum by ({grouping}) (rate({histogram}_bucket{of}[10m])))"


def _train_seconds(what: str) -> str:
    return _seconds(f"preference_train_{what}_duration_seconds", of=f"{{{_JOB}}}")


ROWS: Mapping[str, tuple[Panel, ...]] = {
    "Fleet": (
        Panel(
            "PreferenceJobs by state",
            "short",
            'sum by (state) (preference_jobs{namespace=~"$namespace"})',
            "{{state}}",
        ),
        Panel(
            "Time in the queue, 95 %",
            "s",
            _seconds("preference_job_queue_duration_seconds", by="stage"),
            "{{stage}}",
        ),
        Panel(
            "Attempts by reason, an hour",
            "short",
            f"sum by (reason) (increase(preference_job_attempts_total{{{_JOB}}}[1h]))",
            "{{reason}}",
        ),
        Panel(
            "Preemptions, an hour",
            "short",
            f"sum by (namespace, preferencejob) "
            f"(increase(preference_job_preemptions_total{{{_JOB}}}[1h]))",
        ),
        Panel("Progress of the stage", "percentunit", f"preference_job_progress_ratio{{{_JOB}}}"),
        Panel(
            "Duration of runs, 95 %",
            "s",
            _seconds("preference_job_duration_seconds", by="method"),
            "{{method}}",
        ),
    ),
    "Training": (
        Panel("Loss", "short", _train("loss")),
        Panel("Reward margin", "short", _train("reward_margin")),
        Panel("Reward accuracy", "percentunit", _train("reward_accuracy_ratio")),
        Panel("Reward of chosen answers", "short", _train("rewards_chosen")),
        Panel("Reward of rejected answers", "short", _train("rewards_rejected")),
        Panel("Gradient norm", "short", _train("grad_norm")),
        Panel("Learning rate", "sci", _train("learning_rate")),
        Panel("Tokens a second", "short", f"rate({_train('tokens_total')}[5m])"),
        Panel("A step, 95 %", "s", _train_seconds("step"), "p95"),
    ),
    "Checkpoints and storage": (
        Panel(
            "Age of the newest checkpoint",
            "s",
            f"time() - {_train('checkpoint_last_committed_timestamp_seconds')}",
        ),
        Panel(
            "Upload of a checkpoint, 95 %",
            "s",
            _train_seconds("checkpoint_upload"),
            "p95",
        ),
        Panel(
            "Storage requests by code",
            "reqps",
            f"sum by (code) (rate({_train('s3_requests_total')}[5m]))",
            "{{code}}",
        ),
        Panel(
            "Storage traffic",
            "Bps",
            f"sum by (direction) (rate({_train('s3_bytes_total')}[5m]))",
            "{{direction}}",
        ),
        Panel("Retries of storage", "reqps", f"rate({_train('s3_retries_total')}[5m])"),
        Panel(
            "Rows left out",
            "short",
            f"sum by (reason) ({_train('data_skipped_total')})",
            "{{reason}}",
        ),
    ),
    "Devices": (
        Panel("Memory of tensors", "bytes", _train("gpu_memory_allocated_bytes")),
        Panel(
            "Busy (DCGM)",
            "percentunit",
            'DCGM_FI_PROF_GR_ENGINE_ACTIVE{exported_namespace=~"$namespace"}',
            "{{exported_pod}} {{gpu}}",
        ),
        Panel(
            "Errors (DCGM)",
            "short",
            'DCGM_FI_DEV_XID_ERRORS{exported_namespace=~"$namespace"}',
            "{{exported_pod}} {{gpu}}",
        ),
    ),
    "Operator": (
        Panel("Leaders", "short", "sum(preference_leader)", "leaders"),
        Panel("Queue", "short", "sum(preference_workqueue_depth)", "waiting"),
        Panel("A pass, 95 %", "s", _seconds("preference_reconcile_duration_seconds"), "p95"),
        Panel(
            "Failed passes",
            "reqps",
            "sum by (reason) (rate(preference_reconcile_errors_total[5m]))",
            "{{reason}}",
        ),
        Panel(
            "Silence of watches",
            "s",
            "min by (resource) (time() - preference_watch_last_event_timestamp_seconds)",
            "{{resource}}",
        ),
        Panel(
            "API requests by code",
            "reqps",
            "sum by (code) (rate(preference_api_requests_total[5m]))",
            "{{code}}",
        ),
    ),
}


def rendered() -> str:
    """The dashboard as Grafana reads it from a file."""
    dashboard = {
        "uid": "preference-operator",
        "title": "Preference training",
        "tags": ["preference-operator"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": list(_variables())},
        "panels": list(_panels()),
    }
    return json.dumps(dashboard, indent=1) + "\n"


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "source", "type": "datasource", "query": "prometheus"}
    for name, selector in (("namespace", ""), ("preferencejob", 'namespace=~"$namespace"')):
        yield {
            "name": name,
            "type": "query",
            "datasource": _SOURCE,
            "query": f"label_values(preference_job_info{{{selector}}}, {name})",
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "current": {"text": "All", "value": "$__all"},
        }


def _panels() -> Iterator[dict[str, Any]]:
    top, number = 0, 0
    for title, panels in ROWS.items():
        number += 1
        place = {"x": 0, "y": top, "w": _COLUMNS * _WIDTH, "h": 1}
        yield {"id": number, "type": "row", "title": title, "gridPos": place, "panels": []}
        for index, panel in enumerate(panels):
            number += 1
            line, column = divmod(index, _COLUMNS)
            place = {"x": column * _WIDTH, "y": top + 1 + line * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
            yield _graph(panel, number=number, place=place)
        top += 1 + _HEIGHT * -(-len(panels) // _COLUMNS)


def _graph(panel: Panel, *, number: int, place: dict[str, int]) -> dict[str, Any]:
    target = {
        "refId": "A",
        "datasource": _SOURCE,
        "expr": panel.expression,
        "legendFormat": panel.legend,
    }
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [target],
    }
