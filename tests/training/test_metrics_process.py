"""Metrics of real trainer processes: read while they run, resumed, diverged."""

import math
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory

import pytest
from torch import Tensor

import jobs
import s3_servers
from metrics_scrapes import Scrape, read, watching
from preference_api.v1alpha1.status import Stage
from preference_api.wire import PORT_VARIABLE, RunDocument
from preference_trainer.check import run_check
from preference_trainer.errors import Diverged, StoppedEarly
from preference_trainer.metrics import Metrics
from preference_trainer.progress import ProgressBoard, serve
from preference_trainer.run import train
from preference_trainer.stopping import StopRequest
from preference_trainer.trainers.orpo import ORPOTerms
from s3_servers import S3Server

_PAUSE = 0.1


def scrapes_of(process: jobs.Process, port: int) -> list[Scrape]:
    """What a process answers until it ends."""
    found: list[Scrape] = []
    while True:
        with suppress(OSError, HTTPException):
            found.append(read(port))
        with suppress(TimeoutExpired):
            process.wait(_PAUSE)
            return found


@pytest.mark.parametrize("command", ["check", "train"])
def test_process_answers_while_it_runs(
    s3_versitygw: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    world, port = jobs.World.made(s3_versitygw), s3_servers.free_port()
    document = world.document(training={"steps": 20, "batchSize": 4})
    document = jobs.check(document) if command == "train" else document
    monkeypatch.setenv(PORT_VARIABLE, str(port))
    local = document.model_copy(update={"local": True})
    process = jobs.start(command, local, world, tmp_path)
    scrapes = scrapes_of(process, port)
    ended = jobs.ended(process, tmp_path)
    assert ended.code == 0, ended.output
    last = scrapes[-1]
    assert max(memory(scrape) for scrape in scrapes) > 50 << 20
    assert (last.value("data_rows") == jobs.PAIRS) or command == "check"
    assert any(code == "200" for _op, code in last.by_label("s3_requests_total", "op", "code"))
    assert {job for (job,) in last.by_label("s3_retries_total", "preferencejob")} == {"job"}
    assert (last.value("steps") == 20) == (command == "train")
    assert world.server.secret_key not in last.text


def test_check_tells_rows_and_storage(s3_versitygw: S3Server, tmp_path: Path) -> None:
    document, board = jobs.World.made(s3_versitygw).document(), ProgressBoard()
    with watching(board) as watched:
        run_check(
            document, workdir=tmp_path, board=board, metrics=watched.metrics, stop=StopRequest()
        )
    last = watched.scrapes[-1]
    assert last.value("data_rows") == jobs.PAIRS
    assert last.by_label("s3_requests_total", "op", "code")["PutObject", "200"] > 1
    assert last.value("steps") is None


def memory(scrape: Scrape) -> float:
    return scrape.values["process_resident_memory_bytes", frozenset()]


def watched_training(
    document: RunDocument, *, stop: StopRequest | None = None, board: ProgressBoard | None = None
) -> list[Scrape]:
    """Train in this process, with metrics of its own, until it is done, stopped or diverged."""
    shown = board or ProgressBoard()
    with (
        suppress(StoppedEarly, Diverged),
        TemporaryDirectory() as folder,
        watching(shown) as watched,
    ):
        train(
            document,
            folder=Path(folder),
            board=shown,
            metrics=watched.metrics,
            stop=stop or StopRequest(),
        )
    return watched.scrapes


def test_resumed_run_starts_with_the_step_that_it_resumes_from(s3_versitygw: S3Server) -> None:
    world = jobs.World.made(s3_versitygw)
    settings = {"steps": 8, "batchSize": 4, "learningRate": 1e-3}
    document = jobs.check(world.document(training=settings))
    stop = jobs.StopAt(Stage.TRAIN, 3)
    first = watched_training(document, stop=stop, board=stop.board)[-1]
    assert (first.value("step"), first.value("samples_total")) == (4, 16)
    assert first.value("checkpoint_last_committed_step") == 4
    scrapes = watched_training(document)
    steps = [step for scrape in scrapes if (step := scrape.value("step")) is not None]
    assert (steps[0], steps[-1]) == (4, 8)
    committed = {scrape.value("checkpoint_last_committed_step") for scrape in scrapes}
    assert committed == {None, 4, 8}
    last = scrapes[-1]
    assert (last.value("samples_total"), last.value("step_duration_seconds_count")) == (16, 4)
    assert last.value("checkpoint_verify_duration_seconds_count") == 1


def test_finished_training_tells_its_step_when_only_the_rest_is_done(
    s3_moto: S3Server,
) -> None:
    world = jobs.World.made(s3_moto)
    document = jobs.check(world.document(training={"steps": 8, "batchSize": 4}))
    stop = jobs.StopAt(Stage.EVALUATE, 1)
    watched_training(document, stop=stop, board=stop.board)
    last = watched_training(document)[-1]
    assert (last.value("step"), last.value("checkpoint_last_committed_step")) == (8, 8)
    assert last.value("checkpoint_interval_seconds") is None
    assert last.value("samples_total") is None


def steep(terms: ORPOTerms, _weight: float) -> Tensor:
    """A loss that is finite with a gradient that is not: that of the square root at 0."""
    return terms.nll + (terms.nll - terms.nll.detach()).sqrt()


NOT_FINITE: dict[str, Callable[[ORPOTerms, float], Tensor]] = {
    "a loss": lambda terms, _weight: terms.nll * math.nan,
    "a gradient": steep,
}


@pytest.mark.parametrize("loss", NOT_FINITE.values(), ids=NOT_FINITE.keys())
def test_what_is_not_finite_is_counted(
    s3_moto: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    loss: Callable[[ORPOTerms, float], Tensor],
) -> None:
    monkeypatch.setattr(ORPOTerms, "loss", loss)
    world = jobs.World.made(s3_moto)
    scrapes = watched_training(jobs.check(world.document(method="ORPO")))
    assert scrapes[-1].value("nonfinite_total") == 1
    assert scrapes[-1].value("step") == 0


def test_other_ways_to_diverge_are_not_counted_so(s3_moto: S3Server) -> None:
    world = jobs.World.made(s3_moto)
    settings = {"steps": 4, "batchSize": 4, "stopWhen": {"lossAbove": 0.001}}
    scrapes = watched_training(jobs.check(world.document(method="ORPO", training=settings)))
    assert scrapes[-1].value("nonfinite_total") == 0
    assert scrapes[-1].value("step") == 1


def served() -> int:
    """The port of a process that has done nothing yet."""
    port = s3_servers.free_port()
    serve(ProgressBoard(), metrics=Metrics(job="job"), host="127.0.0.1", port=port)
    return port


def test_answer_has_the_content_type_of_the_text_format() -> None:
    answer: HTTPResponse
    with urllib.request.urlopen(f"http://127.0.0.1:{served()}/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert b"process_cpu_seconds_total" in answer.read()


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metrics?name=x", "/progress/metrics"])
def test_every_other_path_is_not_found(path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{served()}{path}")


def test_client_that_never_asks_keeps_nobody_waiting() -> None:
    port = served()
    with socket.create_connection(("127.0.0.1", port)):
        assert read(port).text
