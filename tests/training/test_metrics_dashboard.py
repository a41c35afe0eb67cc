"""What the dashboard asks a real Prometheus about a training that runs."""

import gzip
import json
from pathlib import Path

import pytest

import jobs
import prometheus_server
import s3_servers
from awaiting import until
from helm_chart import CHART
from preference_api.wire import PORT_VARIABLE
from s3_servers import S3Server

LONG = {"steps": 500, "batchSize": 4, "microBatchSize": 2, "gradientCheckpointing": False}
OF_A_DEVICE = "preference_train_gpu_"


def queries() -> dict[str, str]:
    """Queries about a training by the titles of their graphs, with everything chosen."""
    dashboard = json.loads((CHART / "files" / "dashboard.json").read_text())
    graphs = [panel for panel in dashboard["panels"] if panel["type"] == "timeseries"]
    found = {graph["title"]: str(graph["targets"][0]["expr"]) for graph in graphs}
    chosen = {
        title: query.replace("$namespace", ".*").replace("$preferencejob", ".*")
        for title, query in found.items()
    }
    return {title: query for title, query in chosen.items() if "preference_train_" in query}


def test_every_graph_finds_a_series_of_a_training(
    s3_versitygw: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, port = jobs.World.made(s3_versitygw), s3_servers.free_port()
    rows = [*jobs.dialogues(), jobs.dialogues()[0]]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    world.server.put(world.bucket, "pairs.jsonl.gz", gzip.compress(lines.encode()))
    document = jobs.check(world.document(training=LONG, checkpoints={"everySteps": 20}))
    monkeypatch.setenv(PORT_VARIABLE, str(port))
    local = document.model_copy(update={"local": True})
    process = jobs.start("train", local, world, tmp_path)
    wanted = {title: query for title, query in queries().items() if OF_A_DEVICE not in query}
    assert len(wanted) == 15
    place = {"namespace": "team", "pod": "train"}
    with prometheus_server.scraping(f"http://127.0.0.1:{port}", tmp_path, **place) as prometheus:
        missing = dict(wanted)

        def all_found() -> bool:
            assert process.poll() is None, f"the training ended before {sorted(missing)} were there"
            for title in [title for title, query in missing.items() if prometheus.query(query)]:
                del missing[title]
            return not missing

        until(all_found, seconds=90)
    process.terminate()
    assert jobs.ended(process, tmp_path).code == 75
