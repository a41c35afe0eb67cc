import re
from typing import Any

import pytest

from cli_terminal import terminal
from cli_world import World, checked, failed, trained

COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-9]|9[0-7])(?:;[0-9]+)*m")
CONTROL_C = "\x03"


def figures(stage: str, step: int = 0, steps: int = 0, **more: Any) -> list[Any]:
    percent = 100 * step / steps if steps else 0
    return ["progress", {"stage": stage, "step": step, "steps": steps, "percent": percent, **more}]


TRAINING = figures(
    "Train",
    30,
    120,
    secondsLeft=200,
    loss=0.6123,
    rewardMargin=0.31,
    rewardAccuracy=0.74,
    tokensPerSecond=1234,
)


@pytest.fixture
def staged(world: World) -> World:
    world.plan(
        check=[figures("Check", 500, 1000), checked(warnings=["many duplicates"])],
        train=[figures("Download"), TRAINING, figures("Evaluate", 1, 8), trained(world.folder)],
    )
    return world


def test_draws_a_bar_for_each_stage_with_its_figures(staged: World) -> None:
    with terminal(staged, "run", "job.yaml") as screen:
        assert screen.end() == 0
    assert re.search(r"^Check +━+\S* +500/1000", screen.text, re.MULTILINE)
    assert "30/120  3:20 left  loss 0.612  margin +0.31  acc 0.74  1.2k tok/s" in screen.text
    last_frame = screen.text[screen.text.rindex("\nCheck") :].splitlines()[1:5]
    assert [line.split()[0] for line in last_frame] == ["Check", "Download", "Train", "Evaluate"]
    assert [line.split()[-1] for line in (last_frame[0], last_frame[3])] == ["1000/1000", "8/8"]
    assert "120/120  loss" in last_frame[2]
    assert COLOUR.search(screen.raw)


def test_says_findings_and_result_around_the_bars(staged: World) -> None:
    with terminal(staged, "run", "job.yaml") as screen:
        screen.end()
    assert "warning: many duplicates" in screen.text
    after = screen.text[screen.text.rindex("Evaluate") :]
    assert "prefers the chosen answer in 71 %" in after
    assert "report.html" in after


def test_a_narrow_terminal_cuts_what_matters_least(staged: World) -> None:
    with terminal(staged, "run", "job.yaml", columns=60) as screen:
        screen.end()
    assert "30/120  3:20 left" in screen.text
    assert "tok/s" not in screen.text
    assert "…" in screen.text


def test_paths_are_never_broken_over_lines(staged: World) -> None:
    with terminal(staged, "run", "job.yaml", columns=40) as screen:
        screen.end()
    assert f"{staged.folder}/out/runs/" in screen.text


def test_no_color_means_no_colour(staged: World) -> None:
    with terminal(staged, "run", "job.yaml", NO_COLOR="1") as screen:
        assert screen.end() == 0
    assert "30/120" in screen.text
    assert not COLOUR.search(screen.raw)


@pytest.mark.parametrize("options", [{"TERM": "dumb"}, {}])
def test_plain_lines_where_nothing_can_be_drawn_or_should(
    staged: World, options: dict[str, str]
) -> None:
    form = () if options else ("--output", "plain")
    with terminal(staged, "run", "job.yaml", *form, **options) as screen:
        assert screen.end() == 0
    assert "\x1b" not in screen.raw
    assert "Train  30/120  3:20 left" in screen.text


def test_control_c_says_that_it_saves_and_then_how_to_go_on(world: World) -> None:
    saved = failed(75, "StoppedEarly", "told to stop", checkpointUri="s3://b/c", step=30)
    world.plan(check=[checked()], train=[TRAINING, ["until_stopped"], saved])
    with terminal(world, "run", "job.yaml") as screen:
        screen.until("30/120")
        screen.press(CONTROL_C)
        assert screen.end() == 75
    assert "saving, press Ctrl-C again to stop at once" in screen.text
    assert "s3://b/c (step 30)" in screen.text
    assert "same command" in screen.text


def test_the_cursor_comes_back_when_the_trainer_cannot_be_started(world: World) -> None:
    with terminal(world, "run", "job.yaml", "--python", "/nowhere") as screen:
        assert screen.end() == 2
    assert screen.raw.rindex("\x1b[?25h") > screen.raw.rindex("\x1b[?25l")
    assert "/nowhere cannot be started" in screen.text


def test_verbose_lines_stand_above_the_bars(world: World) -> None:
    world.plan(check=[["log", "ReadingRows"], checked()], train=[trained(world.folder)])
    with terminal(world, "run", "job.yaml", "--verbose") as screen:
        assert screen.end() == 0
    assert "ReadingRows" in screen.text
    assert "Check" in screen.text[screen.text.index("ReadingRows") :]
