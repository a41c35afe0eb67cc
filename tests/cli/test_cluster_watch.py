import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

import api_proxy
from api_faults import Asked, asking
from awaiting import until
from cli_terminal import Terminal, terminal
from cli_world import World
from preference_cli.__main__ import main
from team import OUT_OF_MEMORY, REPORT, Team, failed, progress, running, succeeded

pytestmark = pytest.mark.cluster

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture
def job(team: Team) -> Team:
    """A namespace with a training that is under way."""
    team.create()
    team.put_status(running())
    return team


class Watching:
    """`preference watch tiny` as a process, its lines read as they come."""

    def __init__(self, world: World, **environment: str) -> None:
        self.lines: list[str] = []
        self._process = world.start(
            "watch",
            "tiny",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            environment=environment,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    def until(self, words: str) -> None:
        until(lambda: self.says(words))

    def says(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """The exit code, when all was read."""
        self._reader.join()
        return self._process.wait()


@pytest.mark.parametrize(
    ("status", "code", "words"), [(succeeded(), 0, REPORT), (failed(), 1, OUT_OF_MEMORY)]
)
def test_follows_to_the_end_and_says_how_it_was(
    world: World, job: Team, status: dict[str, Any], code: int, words: str
) -> None:
    watching = Watching(world)
    watching.until("Train  750/1200  3:20 left")
    job.put_status(running(state="Evaluating", progress=progress(stage="Evaluate", step=1)))
    watching.until("Evaluating: Training: The training pod runs.")
    watching.until("Evaluate  1/1200")
    job.put_status(status)
    assert watching.end() == code
    assert watching.says(words)


def test_the_end_of_the_spec_before_is_not_the_end(world: World, job: Team) -> None:
    job.put_status(succeeded(observedGeneration=0))
    watching = Watching(world)
    watching.until("Succeeded: Trained: Prefers")
    job.put_status(running())
    watching.until("Training: The training pod runs.")
    job.put_status(failed())
    assert watching.end() == 1


def test_control_c_ends_it_with_130(world: World, job: Team) -> None:
    watching = Watching(world)
    watching.until("Training")
    watching.interrupt()
    assert watching.end() == 130


def test_a_job_that_is_deleted_has_no_end(world: World, job: Team) -> None:
    watching = Watching(world)
    watching.until("Training")
    job.plane.ask("DELETE", f"{job.root}/tiny")
    assert watching.end() == 2
    assert watching.says("NotFound: there is no PreferenceJob tiny in namespace")


def watches(asked: Asked) -> bool:
    return asked.is_watch


def test_a_watch_that_is_cut_is_taken_up_again(world: World, job: Team, tmp_path: Path) -> None:
    with api_proxy.before(job.plane) as proxy:
        kubeconfig = job.kubeconfig(tmp_path, cluster={"server": proxy.url})
        watching = Watching(world, KUBECONFIG=str(kubeconfig))
        watching.until("Train  750/1200")
        proxy.answer(asking("GET", "/tiny$"), 503)
        proxy.answer(watches, 503)
        proxy.cut_watches()
        job.put_status(running(state="Evaluating"))
        watching.until("Evaluating: Training")
        job.put_status(succeeded())
        assert watching.end() == 0
    assert watching.says("does not answer: the proxy of the tests answers 503; trying again")


def test_whoever_may_not_watch_is_told_so(
    job: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = {"apiGroups": ["preference.dev"], "resources": ["preferencejobs"], "verbs": ["get"]}
    kubeconfig = str(job.user(tmp_path, [rule]))
    assert main(["watch", "tiny", "--kubeconfig", kubeconfig]) == 2
    assert "ada may not watch preferencejobs.preference.dev" in capsys.readouterr().err


def gave_the_cursor_back(screen: Terminal) -> bool:
    return screen.raw.rindex(SHOW) > screen.raw.rindex(HIDE)


def test_in_a_terminal_the_page_is_drawn_again(world: World, job: Team) -> None:
    with terminal(world, "watch", "tiny") as screen:
        screen.until("750/1200")
        job.put_status(running(progress=progress(step=900, percent=75)))
        screen.until("900/1200")
        job.put_status(succeeded())
        assert screen.end() == 0
    assert gave_the_cursor_back(screen)
    assert screen.raw.rindex(REPORT) > screen.raw.rindex(SHOW)


def test_control_c_gives_the_terminal_back(world: World, job: Team) -> None:
    with terminal(world, "watch", "tiny") as screen:
        screen.until("750/1200")
        screen.press("\x03")
        assert screen.end() == 130
    assert gave_the_cursor_back(screen)


def test_a_job_that_has_ended_is_shown_at_once(
    job: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    job.put_status(succeeded())
    assert main(["watch", "tiny"]) == 0
    assert REPORT in capsys.readouterr().out
