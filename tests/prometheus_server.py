"""A real Prometheus (Debian: prometheus) that scrapes one process of a test."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

import prometheus_programs
from helm_chart import CHART
from processes import free_port, started


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus that runs.

    Args:
        url: Of its API.
    """

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression gives now."""
        return list(self._ask(f"query?{urlencode({'query': expression})}")["result"])

    def rules(self) -> list[dict[str, Any]]:
        """The rules that it has loaded, with their health."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def _ask(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=30) as answer:
            told: dict[str, Any] = json.load(answer)
        return dict(told["data"])


@contextmanager
def scraping(url: str, folder: Path, **labels: str) -> Iterator[Prometheus]:
    """A Prometheus with the chart's alerts, which scrapes as the chart's PodMonitors do.

    Args:
        url: Of the process, without the path.
        folder: For its data and log.
        labels: Of the scrape, such as the pod.

    Skipped where there is none on the PATH.
    """
    program = prometheus_programs.path_of("prometheus")
    address = f"127.0.0.1:{free_port()}"
    settings = folder / "prometheus.yml"
    settings.write_text(yaml.safe_dump(_settings(url.removeprefix("http://"), labels)))
    command = (
        program,
        f"--config.file={settings}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    )
    with started(command, log=folder / "prometheus.log") as process:
        process.await_answer(f"http://{address}/-/ready")
        yield Prometheus(f"http://{address}")


def _settings(target: str, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": [str(CHART / "files" / "alerts.yaml")],
        "scrape_configs": [
            {
                "job_name": "test",
                "honor_labels": True,
                "static_configs": [{"targets": [target], "labels": labels}],
            }
        ],
    }
