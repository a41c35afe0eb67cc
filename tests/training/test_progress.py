"""The board of figures and the address at which it is read."""

import json
import socket
import threading
import urllib.error
import urllib.request

import pytest

import s3_servers
from preference_api.v1alpha1.status import Stage
from preference_trainer.metrics import Metrics
from preference_trainer.progress import ProgressBoard, serve


def test_stage_counts_from_where_it_goes_on() -> None:
    board = ProgressBoard()
    board.enter(Stage.TRAIN, steps=40, step=10)
    assert (board.progress.percent, board.progress.seconds_left) == (25.0, None)
    board.update(step=20, loss=0.5)
    seen = board.progress
    assert (seen.stage, seen.step, seen.percent, seen.loss) == (Stage.TRAIN, 20, 50.0, 0.5)
    assert seen.seconds_left is not None
    board.enter(Stage.EVALUATE, steps=4)
    assert (board.progress.step, board.progress.loss) == (0, None)


def test_threads_lose_no_step() -> None:
    board = ProgressBoard()
    board.enter(Stage.DOWNLOAD, steps=4000)
    threads = [
        threading.Thread(target=lambda: [board.advance(1) for _step in range(1000)])
        for _thread in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (board.progress.step, board.progress.percent) == (4000, 100.0)


def test_progress_is_served() -> None:
    board, port = ProgressBoard(), s3_servers.free_port()
    serve(board, metrics=Metrics(job="job"), host="127.0.0.1", port=port)
    board.enter(Stage.TRAIN, steps=8, step=2)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/progress") as answer:
        said = json.loads(answer.read())
    assert (said["stage"], said["step"], said["steps"]) == ("Train", 2, 8)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/other")


def test_taken_port_is_told_and_not_fatal(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        serve(ProgressBoard(), metrics=Metrics(job="job"), host="127.0.0.1", port=port)
    assert "ProgressNotServed" in capsys.readouterr().out
