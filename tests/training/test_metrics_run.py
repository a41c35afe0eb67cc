"""A whole training whose metrics are read over HTTP while it runs and at its end."""

import gzip
import io
import itertools
import json
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import jobs
import s3_servers
from metrics_scrapes import PREFIX, Scrape, Watched, watching
from preference_api.wire import RunDocument
from preference_trainer.errors import StoppedEarly
from preference_trainer.metrics.series import FIGURES
from preference_trainer.progress import ProgressBoard
from preference_trainer.run import train
from preference_trainer.stopping import StopRequest
from s3_servers import S3Server

EPOCH = {"steps": None, "epochs": 1, "batchSize": 4, "microBatchSize": 2, "learningRate": 1e-3}
SFT_STEPS = 3
TRAININGS: dict[str, dict[str, Any]] = {
    "SFT then DPO": {"method": "DPO", "sft": {"steps": SFT_STEPS, "learningRate": 1e-3}},
    "ORPO": {"method": "ORPO"},
}


@dataclass(frozen=True, slots=True)
class Trained:
    """A training that is over, with what was read and what lies in the bucket."""

    world: jobs.World
    document: RunDocument
    watched: Watched
    began: float
    ended: float
    log: list[dict[str, Any]]

    @property
    def end(self) -> Scrape:
        return self.watched.scrapes[-1]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == name]

    def json(self, key: str) -> Any:
        return self.world.json(f"{jobs.run_of(self.document)}/{key}")

    @property
    def steps(self) -> int:
        """Optimizer steps of the preference stage."""
        return int(self.events("Step")[-1]["steps"])

    @property
    def entry(self) -> dict[str, float]:
        """The last entry of TRL's log, as the last checkpoint holds it."""
        folder = f"checkpoints/preference-step-{self.steps:06d}"
        history = self.json(f"{folder}/trainer_state.json")["log_history"]
        last: dict[str, float] = [entry for entry in history if "loss" in entry][-1]
        return last

    @property
    def report(self) -> Any:
        """The report of the check."""
        [key] = [key for key in self.world.keys("output/cache") if "/check-" in key]
        return self.world.json(key)


@pytest.fixture(scope="module", params=TRAININGS.values(), ids=TRAININGS.keys())
def trained(request: pytest.FixtureRequest, versitygw_server: S3Server) -> Iterator[Trained]:
    """A training of one epoch that keeps all its checkpoints."""
    with pytest.MonkeyPatch.context() as patch:
        for name in s3_servers.FOREIGN_VARIABLES:
            patch.delenv(name, raising=False)
        for name, value in versitygw_server.environment().items():
            patch.setenv(name, value)
        world = world_with_faults(versitygw_server)
        kept = {"everySteps": 4, "everyMinutes": 7, "keep": 100}
        document = jobs.check(world.document(training=EPOCH, checkpoints=kept, **request.param))
        yield run(world, document, board=ProgressBoard(), stop=StopRequest())


def world_with_faults(server: S3Server) -> jobs.World:
    """Pairs of which three are there twice and two have no answers that differ."""
    world = jobs.World.made(server)
    rows = jobs.dialogues()
    same = [{"chosen": row["chosen"], "rejected": row["chosen"]} for row in rows[:2]]
    lines = "".join(json.dumps(row) + "\n" for row in [*rows, *rows[:3], *same])
    server.put(world.bucket, "pairs.jsonl.gz", gzip.compress(lines.encode(), mtime=0))
    return world


def run(
    world: jobs.World, document: RunDocument, *, board: ProgressBoard, stop: StopRequest
) -> Trained:
    """Train in this process, watched."""
    began, said = time.time(), io.StringIO()
    with TemporaryDirectory() as folder, redirect_stdout(said), watching(board) as watched:
        try:
            train(document, folder=Path(folder), board=board, metrics=watched.metrics, stop=stop)
        except StoppedEarly:
            assert isinstance(stop, jobs.StopAt)
    log = [json.loads(line) for line in said.getvalue().splitlines() if line.startswith("{")]
    return Trained(world, document, watched, began, time.time(), log)


def test_figures_at_the_end_are_those_of_the_last_log_entry(trained: Trained) -> None:
    seen = {
        key: trained.end.value(gauge.name.removeprefix(PREFIX)) for key, gauge in FIGURES.items()
    }
    assert seen == {key: trained.entry.get(key) for key in FIGURES}
    last = trained.events("Step")[-1]
    shown = (last["loss"], last["reward_margin"], last["reward_accuracy"])
    assert shown == (seen["loss"], seen["rewards/margins"], seen["rewards/accuracies"])


def test_what_a_method_does_not_have_is_absent(trained: Trained) -> None:
    of_dpo = trained.end.value("rewards_chosen"), trained.end.value("rewards_rejected")
    of_orpo = trained.end.value("nll_loss"), trained.end.value("log_odds_ratio")
    absent, present = (of_orpo, of_dpo) if trained.document.spec.sft else (of_dpo, of_orpo)
    assert absent == (None, None)
    assert None not in present
    assert trained.end.value("gpu_memory_allocated_bytes") is None


def test_steps_samples_and_tokens_are_counted(trained: Trained) -> None:
    end, dataset = trained.end, trained.report["dataset"]
    assert dataset["pairs"] % 4 != 0, "the last step of the epoch has fewer pairs"
    before = SFT_STEPS if trained.document.spec.sft else 0
    assert (end.value("step"), end.value("steps")) == (trained.steps, trained.steps)
    assert end.value("epoch") == 1
    assert end.value("step_duration_seconds_count") == before + trained.steps
    assert end.value("samples_total") == 4 * before + dataset["pairs"]
    if not before:
        assert end.value("tokens_total") == pytest.approx(dataset["epochTokens"])
    assert end.value("nonfinite_total") == 0
    took = end.value("step_duration_seconds_sum")
    assert took is not None
    assert 0 < took < trained.ended - trained.began


def test_checkpoints_are_counted_and_timed(trained: Trained) -> None:
    end, saved = trained.end, trained.events("CheckpointSaved")
    sizes = [
        sum(file["size"] for file in trained.json(f"checkpoints/{name}/manifest.json")["files"])
        for name in {line["uri"].rpartition("/")[2] for line in saved if line["stage"] != "sft"}
    ]
    assert len(sizes) == 3
    assert end.value("checkpoint_last_committed_step") == trained.steps
    assert end.value("checkpoint_save_duration_seconds_count") == len(saved)
    assert end.value("checkpoint_upload_duration_seconds_count") == len(saved)
    assert end.value("checkpoint_verify_duration_seconds_count") is None
    total = end.value("checkpoint_bytes_total")
    assert total is not None
    # The checkpoint of the SFT stage went with its stage.
    assert total == sum(sizes) if len(saved) == 3 else total > sum(sizes)


def test_checkpoint_is_due_only_while_steps_are_made(trained: Trained) -> None:
    seen = [scrape.value("checkpoint_interval_seconds") for scrape in trained.watched.scrapes]
    assert (seen[0], seen[-1]) == (None, None)
    assert set(seen) == {None, 7 * 60}
    committed = trained.end.value("checkpoint_last_committed_timestamp_seconds")
    assert committed is not None
    assert trained.began < committed < trained.ended


def test_rows_and_reasons_are_those_of_the_check(trained: Trained) -> None:
    dataset = trained.report["dataset"]
    assert trained.end.value("data_rows") == dataset["rows"] == jobs.PAIRS + 5
    assert trained.end.by_label("data_skipped_total", "reason") == {
        (finding["kind"],): finding["count"] for finding in dataset["findings"]
    }
    assert len(dataset["findings"]) == 2


def test_while_it_runs_figures_move_with_the_log(trained: Trained) -> None:
    scrapes, logged = trained.watched.scrapes, trained.events("Step")
    losses = [scrape.value("loss") for scrape in scrapes]
    assert set(losses) - {None} <= {line["loss"] for line in logged}
    assert len(set(losses)) > 3
    steps = [step for scrape in scrapes if (step := scrape.value("step")) is not None]
    falls = [one for one, other in itertools.pairwise(steps) if other < one]
    assert falls == ([SFT_STEPS] if trained.document.spec.sft else [])
    times = [scrape.value("last_progress_timestamp_seconds") for scrape in scrapes]
    known = [moment for moment in times if moment is not None]
    assert known == sorted(known)
    updated = trained.watched.board.progress.updated_at
    assert updated is not None
    assert known[-1] == updated.timestamp()


def test_storage_is_counted_from_the_first_request_to_the_last(trained: Trained) -> None:
    first, end = trained.watched.scrapes[0], trained.end
    early = first.by_label("s3_requests_total", "op", "code")
    requests = end.by_label("s3_requests_total", "op", "code")
    assert all(count <= requests[kind] for kind, count in early.items())
    assert sum(early.values()) < sum(requests.values())
    assert {code for _op, code in requests} <= {"200", "204", "206", "404", "412"}
    assert requests["PutObject", "200"] > 10
    out, total = end.value("s3_bytes_total", direction="out"), end.value("checkpoint_bytes_total")
    assert out is not None
    assert total is not None
    assert out > total
    assert end.value("s3_retries_total") == 0
