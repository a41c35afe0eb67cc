"""Real signals to a real command line with a real child process."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from awaiting import until
from cli_world import World, checked, failed, trained

SAVED = failed(75, "StoppedEarly", "told to stop at step 9", checkpointUri="s3://b/c", step=9)


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def start_training(world: World, *steps: object) -> "subprocess.Popen[str]":
    """The command line, its training at work."""
    world.plan(check=[checked()], train=[*steps])
    call = world.start("run", "job.yaml", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: (world.folder / "training").exists())
    return call


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_saves_and_says_how_to_go_on(world: World, number: int) -> None:
    call = start_training(world, ["publish", "training"], ["until_stopped"], SAVED)
    call.send_signal(number)
    out, err = call.communicate()
    assert call.returncode == 75
    assert "saving, press Ctrl-C again to stop at once" in out
    assert "s3://b/c (step 9)" in err
    assert "same command" in err


def test_the_second_interrupt_kills(world: World) -> None:
    deaf = [["deaf"], ["publish", "training"], ["await", "never"]]
    call = start_training(world, *deaf)
    pid = world.seen("train")["pid"]
    assert call.stdout
    call.send_signal(signal.SIGINT)
    until(lambda: "saving" in str(call.stdout and call.stdout.readline()))
    call.send_signal(signal.SIGINT)
    _, err = call.communicate()
    assert call.returncode == 130
    assert "stopped at once" in err
    assert not alive(pid)


def test_a_repeated_sigterm_does_not_kill(world: World) -> None:
    steps = [["publish", "training"], ["until_stopped"], ["publish", "saving"], ["await", "again"]]
    looks = [["progress", {"step": step}] for step in (1, 2)]
    call = start_training(world, *steps, *looks, SAVED)
    call.send_signal(signal.SIGTERM)
    until(lambda: (world.folder / "saving").exists())
    call.send_signal(signal.SIGTERM)
    (world.folder / "again").touch()
    assert call.wait() == 75
    call.communicate()


def test_a_trainer_that_cannot_save_yet_is_stopped_all_the_same(world: World) -> None:
    """SIGTERM before the trainer has a handler."""
    call = start_training(world, ["undisturbed"], ["publish", "training"], ["await", "never"])
    call.send_signal(signal.SIGINT)
    _, err = call.communicate()
    assert call.returncode == 75
    assert "before there was anything new to save" in err


def test_an_interrupt_during_the_check_trains_nothing(world: World) -> None:
    world.plan(check=[["publish", "checking"], ["until_stopped"], checked()])
    call = world.start("run", "job.yaml", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: (world.folder / "checking").exists())
    call.send_signal(signal.SIGINT)
    out, err = call.communicate()
    assert call.returncode == 75
    assert "stopping, press Ctrl-C again" in out
    assert "stopped before training began" in err
    assert not world.ran("train")


def test_a_training_that_finishes_all_the_same_is_finished(world: World) -> None:
    done = trained(world.folder)
    call = start_training(world, ["publish", "training"], ["until_stopped"], done)
    call.send_signal(signal.SIGINT)
    out, _ = call.communicate()
    assert call.returncode == 0
    assert "report.html" in out


def test_the_terminals_interrupt_reaches_the_trainer_once(world: World) -> None:
    """Ctrl-C goes to the whole foreground process group; the trainer is in another session."""
    call = start_training(world, ["publish", "training"], ["until_stopped"], SAVED)
    pid = world.seen("train")["pid"]
    assert os.getsid(pid) == pid != os.getsid(call.pid)
    call.send_signal(signal.SIGINT)
    call.communicate()


def test_a_killed_command_line_stops_the_trainer(world: World) -> None:
    steps = [["publish", "training"], ["until_stopped"], ["say", "saved"], SAVED]
    call = start_training(world, *steps)
    pid = world.seen("train")["pid"]
    call.kill()
    call.communicate()
    until(lambda: not alive(pid))
    (log,) = world.folder.glob("cache/preference/tiny/*/train.log")
    assert log.read_text() == "saved\n"
    assert log.with_name("train.termination.json").exists()


def test_a_reader_that_leaves_stops_the_trainer_which_is_waited_for(world: World) -> None:
    steps = [["publish", "training"], ["await", "left"], ["progress", {"stage": "Train"}]]
    call = start_training(world, *steps, ["until_stopped"], ["publish_parent", "parent"], SAVED)
    assert call.stdout
    assert call.stderr
    call.stdout.close()
    (world.folder / "left").touch()
    assert call.wait() == 141
    assert (world.folder / "parent").read_text() == str(call.pid)
    assert call.stderr.read() == ""
    call.stderr.close()
