from datetime import UTC, datetime
from typing import Any

from preference_api.v1alpha1.status import Progress, Stage
from preference_cli.pace import Pace


def figures(step: int, *, stage: Stage = Stage.TRAIN, **more: Any) -> Progress:
    return Progress(stage=stage, step=step, steps=100, **more)


def passed(*moments: tuple[float, Progress]) -> list[bool]:
    """What passes at which seconds, at most every five."""
    now = [0.0]
    pace = Pace(seconds=5, clock=lambda: now[0])

    def at(seconds: float, progress: Progress) -> bool:
        now[0] = seconds
        return pace.passes(progress)

    return [at(*moment) for moment in moments]


def test_a_stage_passes_every_five_seconds() -> None:
    moments = [(0, figures(1)), (4.9, figures(2)), (5, figures(3)), (9, figures(4))]
    assert passed(*moments) == [True, False, True, False]


def test_another_stage_passes_at_once() -> None:
    moments = [(0, figures(1)), (1, figures(0, stage=Stage.EVALUATE)), (2, figures(2))]
    assert passed(*moments) == [True, True, True]


def test_the_same_figures_at_another_time_do_not_pass() -> None:
    later = datetime(2026, 1, 1, tzinfo=UTC)
    again = figures(1, updated_at=later, seconds_left=3)
    assert passed((0, figures(1)), (60, again)) == [True, False]


def test_the_end_of_all_stages_is_no_stage() -> None:
    assert passed((0, figures(1)), (1, figures(0, stage=Stage.DONE))) == [True, False]
