from typing import Any

import pytest

from preference_api.v1alpha1.status import Progress
from preference_cli.figures import count, duration, progress_text, size


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        ({}, ""),
        ({"percent": 12.4}, "12 %"),
        ({"step": 7, "steps": 100, "percent": 7}, "7/100"),
        ({"seconds_left": 42}, "0:42 left"),
        ({"loss": 0.69315, "reward_margin": -0.014}, "loss 0.693  margin -0.01"),
        ({"loss": float("nan")}, "loss nan"),
        ({"reward_accuracy": 0.5}, "acc 0.50"),
        ({"tokens_per_second": 950}, "950 tok/s"),
        ({"tokens_per_second": 12345}, "12.3k tok/s"),
        ({"tokens_per_second": 0}, ""),
    ],
)
def test_progress_shows_the_figures_that_are_known(figures: dict[str, Any], text: str) -> None:
    assert progress_text(Progress(**figures)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (200, "3:20"), (18245, "5:04:05")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (2**34, "16 GiB"), (2**52, "4096 TiB")],
)
def test_sizes(number: int, text: str) -> None:
    assert size(number) == text


def test_counts_have_their_thousands_apart() -> None:
    assert count(1234567) == "1,234,567"
