"""What dashboard and alerts ask a real Prometheus, after a run before the real operator."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import prometheus_server
from awaiting import until
from helm_chart import CHART
from prometheus_server import Prometheus
from run_player import RunPlayer
from run_world import World

pytestmark = pytest.mark.cluster

VARIABLES = ("$namespace", "$preferencejob")


def panels() -> dict[str, str]:
    """Queries about the operator and its objects, by the titles of their graphs."""
    dashboard = json.loads((CHART / "files" / "dashboard.json").read_text())
    graphs = [panel for panel in dashboard["panels"] if panel["type"] == "timeseries"]
    queries = {graph["title"]: str(graph["targets"][0]["expr"]) for graph in graphs}
    foreign = ("preference_train_", "DCGM_")
    return {
        title: query
        for title, query in queries.items()
        if not any(name in query for name in foreign)
    }


@pytest.fixture
def prometheus(world: World, tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the world's operator."""
    with prometheus_server.scraping(world.operator.health, tmp_path, pod="operator") as server:
        yield server


def filled(query: str) -> str:
    """A query with everything chosen in the dashboard."""
    for variable in VARIABLES:
        query = query.replace(variable, ".*")
    return query


def test_every_graph_finds_a_series_of_a_run(player: RunPlayer, prometheus: Prometheus) -> None:
    assert len(panels()) == 12
    until(lambda: bool(prometheus.query("preference_leader")))
    player.play()
    for title, query in panels().items():
        until(lambda query=query: bool(prometheus.query(filled(query))))
        assert prometheus.query(filled(query)), title


def test_alerts_are_evaluated_and_keep_quiet_while_all_is_well(
    player: RunPlayer, prometheus: Prometheus
) -> None:
    player.play()
    until(lambda: bool(prometheus.query("preference_job_state")))
    until(lambda: all(rule["health"] == "ok" for rule in prometheus.rules()))
    assert len(prometheus.rules()) == 9
    # Before the first scrape nobody leads.
    until(lambda: {rule["state"] for rule in prometheus.rules()} == {"inactive"})
