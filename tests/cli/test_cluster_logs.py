import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import log_server
from log_server import LogServer
from preference_cli.__main__ import main

ENTRY = json.dumps({"time": "t", "level": "info", "event": "Saved", "step": 500})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LogServer]:
    with log_server.serving(tmp_path) as (state, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        yield state


@pytest.mark.parametrize(
    ("options", "printed"), [((), "Saved step=500\nplain\n"), (("--raw",), f"{ENTRY}\nplain\n")]
)
def test_json_lines_are_readable_unless_they_are_wanted_raw(
    server: LogServer,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    printed: str,
) -> None:
    server.start("train-a")
    server.write("train-a", ENTRY, "plain")
    assert main(["logs", "tiny", *options]) == 0
    assert capsys.readouterr() == (printed, "-- log of train-a\n")


@pytest.mark.parametrize(
    ("options", "printed"),
    [((), "third\n"), (("--previous",), "second\n"), (("--stage", "check"), "first\n")],
)
def test_the_pod_can_be_chosen(
    server: LogServer,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    printed: str,
) -> None:
    for name, stage in (("first", "check"), ("second", "train"), ("third", "train")):
        server.start(name, stage=stage)
        server.write(name, name)
    assert main(["logs", "pj/tiny", *options]) == 0
    assert capsys.readouterr().out == printed


def test_following_prints_as_well(server: LogServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.start("train-a")
    server.write("train-a", ENTRY)
    server.end("train-a", "Succeeded")
    server.finish()
    assert main(["logs", "-f", "tiny"]) == 0
    assert capsys.readouterr().out == "Saved step=500\n"


@pytest.mark.parametrize(
    ("options", "message", "way_out"),
    [
        ((), "team/tiny has no pod; Training", "-f waits for it"),
        (("--stage", "train"), "team/tiny has no pod at stage train; Training", "-f waits for it"),
    ],
)
def test_without_a_pod_it_says_where_the_job_stands(
    server: LogServer,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    message: str,
    way_out: str,
) -> None:
    assert main(["logs", "tiny", *options]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert way_out in err


def test_a_pod_that_has_not_started_says_why(
    server: LogServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.add("train-a", phase="Pending", reason="NodeLost", message="gone")
    assert main(["logs", "tiny"]) == 2
    assert "train-a has not started: NodeLost: gone" in capsys.readouterr().err
    assert main(["logs", "tiny", "--previous"]) == 2
    assert "team/tiny has no earlier pod" in capsys.readouterr().err


def test_following_an_earlier_pod_makes_no_sense(
    server: LogServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["logs", "tiny", "-f", "--previous"])
    assert "not allowed with" in capsys.readouterr().err
