"""Trackers by themselves: what their processes are given, what they say, when they end."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from awaiting import until
from preference_api.v1alpha1.tracking import Tracking
from preference_trainer.errors import Diverged, StoppedEarly
from preference_trainer.tracking import follower as follower_module
from preference_trainer.tracking.causes import cause
from preference_trainer.tracking.follower import environment, followers
from preference_trainer.tracking.messages import (
    About,
    Ending,
    Entries,
    Entry,
    Message,
    Series,
    State,
    merged,
)
from preference_trainer.tracking.run_tracking import ending_of
from preference_trainer.tracking.worker import follow
from tracking_servers import BadServer, Server, WandbServer, bad_server, running

__all__ = ["bad_server"]

CANARY = "canary" + "0123456789abcdef" * 3
DONE = Ending(state=State.FINISHED, model_uri="s3://bucket/model")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", CANARY)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", f"{CANARY}\n")


def about(**tracking: Any) -> About:
    wanted = Tracking.model_validate(tracking)
    return About(run_id="0123456789abcdef", name="tone", parameters={}, tags={}, tracking=wanted)


def entries(*steps: int, series: Series = Series.PREFERENCE) -> Entries:
    found = tuple(Entry(step=step, time=1.0, figures={"loss": 1 / step}) for step in steps)
    return Entries(series=series, entries=found)


def warnings(output: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines()]
    return [line for line in lines if line["level"] == "warning"]


@pytest.mark.parametrize("tracker", ["mlflow", "wandb"])
def test_a_bad_server_is_given_up_with_one_warning(
    capfd: pytest.CaptureFixture[str], bad_server: BadServer, tracker: str
) -> None:
    url = bad_server.url
    settings = {"mlflow": {"uri": url}, "wandb": {"project": "p", "endpoint": url}}
    (follower,) = followers(about(**{tracker: settings[tracker]}))
    follower.tell(entries(1, 2))
    follower.wait(120)
    output = capfd.readouterr().out
    (warning,) = warnings(output)
    assert (warning["event"], warning["tracker"]) == ("TrackingOff", tracker)
    assert bad_server.words in warning["message"]
    assert CANARY not in output


def test_a_server_that_goes_away_is_not_waited_for(capfd: pytest.CaptureFixture[str]) -> None:
    class Vanishing(WandbServer):
        def answer(self, path: str, body: bytes) -> Any:
            return super().answer(path, body) if path == "/graphql" else (503, {}, b"")

    with running(Vanishing()) as server:
        project = {"project": "p", "endpoint": server.endpoint}
        (follower,) = followers(about(wandb=project))
        follower.tell(entries(1, 2))
        follower.end(DONE)
        _until_asked(server, "file_stream")
        follower.wait(1)
    (warning,) = warnings(capfd.readouterr().out)
    assert warning["event"] == "TrackingCutShort"


def _until_asked(server: Server, word: str) -> None:
    until(lambda: any(word in path for _method, path, _body in server.requests))


def test_what_a_tracker_writes_stays_in_its_folder_and_holds_no_key(tmp_path: Path) -> None:
    with running(WandbServer()) as server:
        told = [about(wandb={"project": "p", "endpoint": server.endpoint}), entries(1, 2), DONE]
        ended = subprocess.run(
            [sys.executable, "-m", "preference_trainer.tracking.worker", "wandb"],
            input="".join(message.model_dump_json(by_alias=True) + "\n" for message in told),
            env=environment("wandb", os.environ, folder=tmp_path),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
    assert (ended.stdout, ended.stderr) == ("", "")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("wandb" in path.parts for path in written)
    assert not [path for path in written if CANARY.encode() in path.read_bytes()]


def test_a_process_gets_the_keys_of_its_own_tracker_and_nothing_else() -> None:
    given = {
        "PATH": "/bin",
        "AWS_SECRET_ACCESS_KEY": "a",
        "PREFERENCE_RUN": "{}",
        "LD_PRELOAD": "x",
        "WANDB_API_KEY": "w\n",
        "MLFLOW_TRACKING_TOKEN": " m ",
        "MLFLOW_TRACKING_URI": "http://elsewhere",
    }
    folder = Path("/tmp/x")
    mlflow, wandb = (environment(name, given, folder=folder) for name in ("mlflow", "wandb"))
    assert (mlflow["MLFLOW_TRACKING_TOKEN"], wandb["WANDB_API_KEY"]) == ("m", "w")
    assert (mlflow["PATH"], mlflow["HOME"], mlflow["TMPDIR"]) == ("/bin", "/tmp/x", "/tmp/x")
    foreign = {"AWS_SECRET_ACCESS_KEY", "PREFERENCE_RUN", "LD_PRELOAD", "MLFLOW_TRACKING_URI"}
    assert not mlflow.keys() & {*foreign, "WANDB_API_KEY"}
    assert not wandb.keys() & {*foreign, "MLFLOW_TRACKING_TOKEN"}


def test_a_process_that_cannot_be_started_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(follower_module.sys, "executable", "/nowhere")
    assert followers(about(wandb={"project": "p"})) == []
    assert warnings(capsys.readouterr().out)[0]["event"] == "TrackingOff"


class Recorder:
    """A tracker that has some steps already."""

    def __init__(self) -> None:
        self.took: list[tuple[Series, list[int]]] = []
        self.ending: Ending | None = None

    def begin(self, about: About) -> dict[Series, int]:
        return {Series.PREFERENCE: 2}

    def write(self, series: Series, entries: tuple[Entry, ...]) -> None:
        self.took.append((series, [entry.step for entry in entries]))

    def end(self, ending: Ending) -> None:
        self.ending = ending


def test_steps_that_a_tracker_has_are_not_sent_again() -> None:
    def told() -> Iterator[Message]:
        yield entries(1, 2, series=Series.SFT)
        yield from (entries(1), entries(2, 3), entries(3, 4), DONE)

    recorder = Recorder()
    follow(recorder, about(), told())
    preference = (Series.PREFERENCE, [3]), (Series.PREFERENCE, [4])
    assert recorder.took == [(Series.SFT, [1, 2]), *preference]
    assert recorder.ending == DONE


def test_messages_that_waited_go_together() -> None:
    sft = entries(1, series=Series.SFT)
    assert merged([sft, entries(1), entries(2, 3), DONE]) == [sft, entries(1, 2, 3), DONE]


LOST = StoppedEarly("taken over", remedy="", reason="Superseded")
ENDINGS = [
    (None, Ending(state=State.FINISHED, model_uri="u")),
    (StoppedEarly("told to", remedy=""), Ending(state=State.RESUMABLE, reason="StoppedEarly")),
    (Diverged("x", remedy=""), Ending(state=State.FAILED, reason="Diverged")),
    (MemoryError("CUDA"), Ending(state=State.FAILED, reason="MemoryError")),
    (LOST, None),
]


@pytest.mark.parametrize(("error", "ending"), ENDINGS)
def test_the_end_is_told_as_it_was(error: Exception | None, ending: Ending | None) -> None:
    assert ending_of(error, model_uri="u") == ending


CAUSES = [
    (ValueError(f"Invalid header value b'Bearer {CANARY}'"), "gave up with ValueError"),
    (RuntimeError("failed with error code 403 != 200"), "answered 403; look at spec.tracking"),
    (RuntimeError("too many 500 error responses"), "answered 500"),
    (TimeoutError("read timed out"), "does not answer in time"),
    (OSError("Connection refused"), "cannot be reached"),
]


@pytest.mark.parametrize(("error", "words"), CAUSES, ids=str)
def test_causes_are_told_in_words_of_our_own(error: Exception, words: str) -> None:
    assert words in cause(error)
    assert CANARY not in cause(error)
