"""A base model and pairs that lie on the model hub, read from a stand-in for it."""

from pathlib import Path

import jobs
import pairs
import tiny
from hub_server import HubServer
from jobs import World
from s3_servers import S3Server


def test_model_and_pairs_from_the_hub(s3_moto: S3Server, hub: HubServer, tmp_path: Path) -> None:
    folder = tiny.save(tmp_path / "base")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.add("team/tiny", files, lfs=("model.safetensors",))
    rows = pairs.json_lines(jobs.dialogues())
    hub.add("team/pairs", {"data/train.jsonl": rows}, kind="dataset")
    world = World(s3_moto, s3_moto.new_bucket())
    document = jobs.check(
        world.document(
            model={"uri": "hf://team/tiny@main"},
            dataset={"uri": "hf://datasets/team/pairs@main/data/train.jsonl"},
        )
    )
    summary = jobs.train(document)
    assert world.json(f"{jobs.run_of(document)}/result.json")["runId"] == summary.run_id
