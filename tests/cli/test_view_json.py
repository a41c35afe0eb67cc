import json
from typing import Any

import pytest

from preference_api.v1alpha1.status import Progress, Stage
from preference_cli.view_json import JsonView


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_figures_have_their_names_on_the_wire_and_unknown_ones_are_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = Progress(stage=Stage.TRAIN, step=1, steps=4, percent=25, reward_margin=0.5)
    JsonView().progress(figures)
    assert events(capsys) == [
        {
            "event": "progress",
            "stage": "Train",
            "step": 1,
            "steps": 4,
            "percent": 25.0,
            "rewardMargin": 0.5,
        }
    ]


def test_a_notice_is_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    JsonView().notice("saving")
    assert events(capsys) == [{"event": "notice", "message": "saving"}]
