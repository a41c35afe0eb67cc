"""Whole jobs on an S3 server: a bucket with pairs and a tiny base model, checked and trained."""

import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import specs
import tiny
from preference_api.v1alpha1.status import Progress, Stage
from preference_api.wire import RUN_VARIABLE, TERMINATION_VARIABLE, RunDocument, TrainSummary
from preference_trainer.metrics import Metrics
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest
from s3_servers import S3Server

PAIRS = 60
SETTLED = 8
"""Steps of the runs that are stopped after their training."""
GOOD, BAD = "gently loudly", "sleeps"


def dialogues(count: int = PAIRS, *, seed: int = 0) -> list[dict[str, str]]:
    """HH-RLHF rows whose chosen answers share words, so that a tiny model can tell them."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        head = f"\n\nHuman: {' '.join(draw.choices(tiny.WORDS, k=4))} {number}\n\nAssistant:"
        good = f" {GOOD} {' '.join(draw.choices(tiny.WORDS, k=3))}"
        bad = f" {BAD} {' '.join(draw.choices(tiny.WORDS, k=4))}"
        rows.append({"chosen": head + good, "rejected": head + bad})
    return rows


@dataclass(frozen=True)
class World:
    """A bucket with `pairs.jsonl.gz` and `base/`, and the jobs that run on it."""

    server: S3Server
    bucket: str

    @classmethod
    def made(cls, server: S3Server) -> "World":
        world = cls(server, server.new_bucket())
        lines = "".join(json.dumps(row) + "\n" for row in dialogues())
        server.put(world.bucket, "pairs.jsonl.gz", gzip.compress(lines.encode(), mtime=0))
        with TemporaryDirectory() as folder:
            for path in tiny.save(Path(folder), texts=[lines]).iterdir():
                server.put(world.bucket, f"base/{path.name}", path.read_bytes())
        return world

    def document(self, *, output: str = "output", **fields: Any) -> RunDocument:
        """A run document that was not checked; `output` is a prefix in the bucket."""
        spec = specs.spec(
            model={"uri": f"s3://{self.bucket}/base", **fields.pop("model", {})},
            dataset={
                "uri": f"s3://{self.bucket}/pairs.jsonl.gz",
                "maxLength": 128,
                "evaluation": {"fraction": 0.3},
                **fields.pop("dataset", {}),
            },
            output={"uri": f"s3://{self.bucket}/{output}", **fields.pop("output_fields", {})},
            storage=self.server.storage().model_dump(by_alias=True, mode="json"),
            evaluation={"samples": 2, "maxNewTokens": 4, **fields.pop("evaluation", {})},
            **fields,
        )
        return RunDocument(name="job", spec=spec)

    def keys(self, prefix: str) -> list[str]:
        return self.server.keys(self.bucket, prefix)

    def json(self, key: str) -> Any:
        return json.loads(self.server.get(self.bucket, key))

    def weights(self, run: str) -> dict[str, str]:
        """SHA-256 of each file of weights that a run published, from its manifest."""
        files = self.json(f"{run}/model/manifest.json")["files"]
        return {f["name"]: f["sha256"] for f in files if f["name"].endswith(".safetensors")}


def check(document: RunDocument) -> RunDocument:
    """Check in this process; the document with what the check resolved."""
    from preference_trainer.check import run_check

    with TemporaryDirectory() as folder:
        summary = run_check(
            document,
            workdir=Path(folder),
            board=ProgressBoard(),
            metrics=Metrics(job=document.name),
            stop=StopRequest(),
        )
    return document.model_copy(update={"resolved": summary.resolved})


def train(
    document: RunDocument, *, stop: StopRequest | None = None, metrics: Metrics | None = None
) -> TrainSummary:
    """Train a checked document in this process."""
    from preference_trainer.run import train as run

    board = stop.board if isinstance(stop, StopAt) else ProgressBoard()
    with TemporaryDirectory() as folder:
        return run(
            document,
            folder=Path(folder),
            board=board,
            metrics=metrics or Metrics(job=document.name),
            stop=stop or StopRequest(),
        )


def run_of(document: RunDocument, *, output: str = "output") -> str:
    """Prefix of a checked document's run."""
    assert document.resolved is not None
    return f"{output}/runs/{document.resolved.run_id}"


class StopAt(StopRequest):
    """Told to stop once the board shows a stage at a step: the signal, at a chosen moment."""

    def __init__(self, stage: Stage, step: int = 0) -> None:
        super().__init__()
        self.board = ProgressBoard()
        # A step is shown once it is logged, and seen by the loop at the end of the next.
        self.steps_saved = {Stage.TRAIN: step + 1, Stage.EVALUATE: SETTLED}.get(stage, 0)
        self._reached: Callable[[Progress], bool] = lambda seen: (
            seen.stage is stage and seen.step >= step
        )

    @property
    def requested(self) -> bool:
        return self._reached(self.board.progress)


@dataclass(frozen=True)
class Ended:
    """A trainer process that ended."""

    code: int
    message: dict[str, Any]
    output: str


def environment(world: World, document: RunDocument, folder: Path) -> dict[str, str]:
    """The environment of a trainer process, as a pod or the command line gives it."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **world.server.environment(),
        RUN_VARIABLE: document.model_dump_json(by_alias=True),
        TERMINATION_VARIABLE: str(folder / "termination.json"),
        "OMP_NUM_THREADS": "1",
    }


Process = subprocess.Popen[str]


def start(
    command: str, document: RunDocument, world: World, folder: Path, *options: str
) -> Process:
    """Start a trainer process."""
    return subprocess.Popen(
        [sys.executable, "-m", "preference_trainer", command, *options],
        env=environment(world, document, folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: Process, folder: Path) -> Ended:
    """Await the end of a process and read its last word."""
    output, _ = process.communicate(timeout=300)
    path = folder / "termination.json"
    message = json.loads(path.read_text()) if path.exists() else {}
    return Ended(process.returncode, message, output)
