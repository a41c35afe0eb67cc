"""The operator's process in the tests: started, watched, frozen, killed, started again.

A few lines stand in for the operator, which log in its form and answer its probes.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import operator_process
from awaiting import until
from operator_process import OperatorProcess

STAND_IN = """
import http.server, json, os, signal, sys

def say(message, **fields):
    print(json.dumps({"message": message, **fields}), flush=True)

def stop(*_):
    say("stopped")
    sys.exit(0)

class Probes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ("/readyz", "/healthz") else 404)
        self.end_headers()
    def log_message(self, *_):
        pass

signal.signal(signal.SIGTERM, stop)
names = sorted(name for name in os.environ if name.startswith("PREFERENCE_OPERATOR_"))
say("started", kubeconfig=os.environ["KUBECONFIG"], names=names,
    identity=os.environ["PREFERENCE_OPERATOR_IDENTITY"])
port = int(os.environ["PREFERENCE_OPERATOR_HEALTH_PORT"])
http.server.HTTPServer(("127.0.0.1", port), Probes).serve_forever()
"""
STARTS_ONE_AND_WAITS = """
import sys
from pathlib import Path
import operator_process
folder = Path(sys.argv[1])
with operator_process.running(folder / "kubeconfig", folder, arguments=("-c", sys.argv[2])) as one:
    one.ready()
    print(one.process.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OperatorProcess]:
    monkeypatch.setenv("PREFERENCE_OPERATOR_WORKERS", "3")
    with operator_process.running(
        tmp_path / "kubeconfig", tmp_path, name="first", arguments=("-c", STAND_IN), lease_seconds=3
    ) as operator:
        operator.ready()
        yield operator


def test_it_is_told_its_options_and_no_others(operator: OperatorProcess, tmp_path: Path) -> None:
    (entry,) = operator.entries
    assert entry["kubeconfig"] == str(tmp_path / "kubeconfig")
    assert entry["identity"] == "first"
    assert entry["names"] == [
        f"PREFERENCE_OPERATOR_{name}"
        for name in ("HEALTH_PORT", "IDENTITY", "LEASE_NAMESPACE", "LEASE_SECONDS")
    ]
    assert operator.is_healthy


def test_it_ends_in_order_when_asked(operator: OperatorProcess) -> None:
    assert operator.process.terminate() == 0
    assert [entry["message"] for entry in operator.entries] == ["started", "stopped"]
    assert not operator.is_ready


def test_killed_it_says_nothing_and_starts_again_with_the_same_log(
    operator: OperatorProcess,
) -> None:
    operator.process.kill()
    assert operator.process.wait() == -signal.SIGKILL
    operator.process.start()
    operator.ready()
    assert [entry["message"] for entry in operator.entries] == ["started", "started"]


def test_frozen_it_lives_and_does_nothing(operator: OperatorProcess) -> None:
    operator.process.freeze()
    operator.process.freeze()
    until(lambda: state(operator.process.pid) == "T")
    assert operator.process.alive
    operator.process.thaw()
    until(lambda: operator.is_ready)
    operator.process.freeze()
    operator.process.kill()
    assert not operator.process.alive


def state(pid: int) -> str:
    """The state of a process as proc(5) abbreviates it; empty where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return ""
    return stat.rpartition(")")[2].split()[0]


def test_one_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    with (
        operator_process.running(
            tmp_path / "kubeconfig", tmp_path, arguments=("-c", "raise SystemExit('no way')")
        ) as operator,
        pytest.raises(RuntimeError, match="no way"),
    ):
        operator.ready()


def test_it_ends_with_a_killed_run(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE_AND_WAITS, str(tmp_path), STAND_IN],
        cwd=Path(operator_process.__file__).parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with run:
        assert run.stdout is not None
        pid = int(run.stdout.readline())
        assert state(pid) in "RS"
        run.kill()
    until(lambda: state(pid) in "Z")
