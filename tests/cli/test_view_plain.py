from io import StringIO
from typing import Any

import pytest

from preference_api.v1alpha1.status import Progress, Stage
from preference_cli.view_plain import PlainView


def progress(step: int, *, stage: Stage = Stage.TRAIN, **figures: Any) -> Progress:
    return Progress(stage=stage, step=step, steps=100, percent=step, **figures)


def shown(*moments: tuple[float, Progress]) -> list[str]:
    """Lines of a view that is told of progress at the given seconds."""
    out, times = StringIO(), iter([seconds for seconds, _ in moments])
    view = PlainView(out=out, clock=lambda: next(times))
    for _, figures in moments:
        view.progress(figures)
    return out.getvalue().splitlines()


def test_a_line_at_most_every_five_seconds() -> None:
    lines = shown((0, progress(1)), (4.9, progress(2)), (5, progress(3)), (9, progress(4)))
    assert lines == ["Train  1/100", "Train  3/100"]


def test_another_stage_at_once() -> None:
    lines = shown((0, progress(1)), (1, progress(0, stage=Stage.EVALUATE)), (2, progress(2)))
    assert lines == ["Train  1/100", "Evaluate  0/100", "Train  2/100"]


def test_nothing_where_nothing_has_changed() -> None:
    assert shown((0, progress(1)), (60, progress(1))) == ["Train  1/100"]


@pytest.mark.parametrize(
    ("figures", "line"),
    [
        (Progress(stage=Stage.DOWNLOAD), "Download"),
        (Progress(stage=Stage.DOWNLOAD, percent=12.4), "Download  12 %"),
        (progress(7, seconds_left=42), "Train  7/100  0:42 left"),
        (progress(7, seconds_left=18245), "Train  7/100  5:04:05 left"),
        (progress(7, loss=0.69315, reward_margin=-0.004), "Train  7/100  loss 0.693  margin -0.00"),
        (progress(7, reward_accuracy=0.5), "Train  7/100  acc 0.50"),
        (progress(7, tokens_per_second=950), "Train  7/100  950 tok/s"),
        (progress(7, tokens_per_second=12345), "Train  7/100  12.3k tok/s"),
        (progress(7, loss=float("nan")), "Train  7/100  loss nan"),
    ],
)
def test_shows_the_figures_that_are_known(figures: Progress, line: str) -> None:
    assert shown((0, figures)) == [line]
