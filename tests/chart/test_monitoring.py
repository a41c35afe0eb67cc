"""Alerts, dashboard and the page of metrics speak of the same names."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import prometheus_programs
from helm_chart import CHART, documents, only
from metrics_page import rows

DOCS = CHART.parents[1] / "docs"
ALERTS = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((CHART / "files" / "dashboard.json").read_text())
GRAPHS = [panel for panel in DASHBOARD["panels"] if panel["type"] == "timeseries"]
FROM_ELSEWHERE = {"DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_XID_ERRORS"}
ON: dict[str, Any] = {
    "monitoring": {
        "podMonitors": {"enabled": True},
        "rules": {"enabled": True, "runbooks": "https://runbooks.example/preference"},
        "dashboard": {"enabled": True},
    }
}
_SERIES = re.compile(r"\b(preference_\w+|DCGM_\w+)(?:\{([^}]*)\})?")
METRICS = {row.name: row for section in ("Operator", "Training") for row in rows(section)}


def documented(series: str) -> str:
    """The metric that a series belongs to; a histogram has series of buckets."""
    return series.removesuffix("_bucket")


@pytest.mark.parametrize(
    "expression",
    [rule["expr"] for rule in RULES] + [graph["targets"][0]["expr"] for graph in GRAPHS],
)
def test_an_expression_reads_documented_metrics_by_their_labels(expression: str) -> None:
    found = _SERIES.findall(expression)
    assert found
    for series, selector in found:
        if series in FROM_ELSEWHERE:
            continue
        row = METRICS[documented(series)]
        assert (row.type == "histogram") == series.endswith("_bucket")
        labels = set(re.findall(r"(\w+)[=!]~?=?", selector)) - {"namespace"}
        assert labels <= set(row.labels)


def test_counters_and_nothing_else_are_named_totals() -> None:
    totals = {name for name in METRICS if name.endswith("_total")}
    assert totals == {name for name, row in METRICS.items() if row.type == "counter"}


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    headings = re.findall(r"^## (\w+)$", (DOCS / "runbooks.md").read_text(), re.M)
    assert [rule["alert"] for rule in RULES] == headings
    for rule in RULES:
        anchor = f"docs/runbooks.md#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook_url"] == anchor


def test_alerts_are_rendered_as_they_are_with_runbooks_where_they_are_told() -> None:
    text = json.dumps(only(documents(ON), "PrometheusRule")["spec"])
    expected = json.dumps(ALERTS)
    assert text == expected.replace("docs/runbooks.md", "https://runbooks.example/preference")


def test_the_dashboard_is_rendered_as_it_is() -> None:
    found = only(documents(ON), "ConfigMap")
    assert json.loads(found["data"]["preference-operator.json"]) == DASHBOARD
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in GRAPHS]
    assert len(set(places)) == len(places)


def test_both_kinds_of_pods_are_scraped_at_ports_that_they_have() -> None:
    objects = documents(ON)
    own = only(objects, "PodMonitor", "preference-operator")["spec"]
    trainer = only(objects, "PodMonitor", "preference-operator-trainer")["spec"]
    pod = only(objects, "Deployment")["spec"]["template"]
    assert own["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    (port,) = pod["spec"]["containers"][0]["ports"]
    assert own["podMetricsEndpoints"][0]["port"] == port["name"]
    assert trainer["podMetricsEndpoints"][0]["port"] == "progress"
    assert "honorLabels" not in trainer["podMetricsEndpoints"][0]


@pytest.mark.parametrize(
    "command",
    [
        ("check", "rules", CHART / "files" / "alerts.yaml"),
        ("test", "rules", Path(__file__).parent / "alerts_test.yaml"),
    ],
    ids=["syntax", "behaviour"],
)
def test_promtool_is_content_with_the_alerts(command: tuple[str | Path, ...]) -> None:
    promtool = prometheus_programs.path_of("promtool")
    done = subprocess.run([promtool, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
