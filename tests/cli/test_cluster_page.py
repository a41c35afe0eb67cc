from datetime import timedelta
from typing import Any

import pytest

from cluster_jobs import NOW, job
from preference_cli.cluster.job import Job
from preference_cli.cluster.lines import BAD, CAUTION, GOOD, age
from preference_cli.cluster.page import bar, page, standing
from team import (
    CHECKPOINT,
    MODEL,
    OUT_OF_MEMORY,
    REPORT,
    condition,
    failed,
    progress,
    running,
    succeeded,
)

BAR = "━" * 15 + "─" * 9
RUNNING = f"""\
team/tiny
  Training
  The training pod runs.

  method      DPO
  model       s3://models/base
  dataset     s3://data/pairs.jsonl
  run         8b76bc2e013bc58d, number 2, began 4m ago
  attempts    0 failed, 1 preempted (3 and 1,000 are tried again)
  checkpoint  {CHECKPOINT} (step 500)

progress
  Train  {BAR}  750/1200  3:20 left  loss 0.612  margin +0.31  acc 0.74  1.2k tok/s

conditions
  DataReady=True  Checked: 1200 training pairs. 3 were too long."""

FAILED = f"""\
team/tiny
  Failed: BackoffLimitExceeded
  {OUT_OF_MEMORY}

  method    DPO
  model     s3://models/base
  dataset   s3://data/pairs.jsonl
  run       8b76bc2e013bc58d, number 2, began 4m ago, ended 25s ago
  attempts  4 failed, 0 preempted (3 and 1,000 are tried again)

history
  RUN   ID                 ENDED     ACCURACY   REASON
  2     8b76bc2e013bc58d   25s ago   -          BackoffLimitExceeded
  1     8b76bc2e013bc58d   25s ago   55.0 %     Trained"""


def text(one: Job) -> str:
    return "\n".join(line.text for line in page(one, now=NOW))


@pytest.mark.parametrize(("status", "expected"), [(running(), RUNNING), (failed(), FAILED)])
def test_a_page_tells_state_way_out_run_and_figures(status: dict[str, Any], expected: str) -> None:
    assert text(job(status)) == expected


def test_a_result_is_shown_with_figures_and_locations() -> None:
    shown = text(job(succeeded()))
    assert "accuracy  71.0 % of the held-out pairs" in shown
    assert "margin    +0.38" in shown
    assert "gain      +20.0 points over the base model" in shown
    assert f"model     {MODEL}" in shown
    assert f"report    {REPORT}" in shown
    assert "progress" not in shown
    assert "EvaluationPassed=False  NotPromoted: Accuracy 0.71 is below 0.8." in shown


def test_the_result_of_an_earlier_run_is_called_so() -> None:
    status = {**running(), "result": succeeded()["result"]}
    assert "\nresult of an earlier run\n" in text(job(status))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"sft": {}}, "method   DPO after SFT"),
        (
            {"dataset": {"mixture": [{"uri": "s3://a/b"}, {"uri": "s3://c/d"}]}},
            "dataset  s3://a/b\n           s3://c/d",
        ),
        ({"model": {}}, "model    ?"),
    ],
)
def test_the_spec_is_told(spec: dict[str, Any], words: str) -> None:
    assert words in text(job(None, **spec))


@pytest.mark.parametrize(
    ("status", "generation", "words"),
    [
        (None, 1, "Pending\n  The operator has not looked at it yet."),
        ({"observedGeneration": -1}, 1, "The operator has not looked at it yet."),
        (running(), 2, "the newest change (generation 2) was not looked at yet"),
    ],
)
def test_what_the_operator_has_not_seen_is_said(
    status: dict[str, Any] | None, generation: int, words: str
) -> None:
    assert words in text(job(status, generation=generation))


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (condition("Accepted", "True", "Valid", "Fine."), False),
        (condition("Accepted", "False", "ImageNotAllowed", "No."), True),
        (condition("Admitted", "False", "Queued", "The queue is full."), True),
        (condition("Admitted", "Unknown", "NotAsked", "Not yet."), False),
        (condition("Suspended", "True", "Suspended", "On purpose."), True),
        (condition("Ready", "False", "Training", "Repeats the top."), False),
        (condition("Bright", "True", "New", "A later version's."), True),
        (condition("Admitted", "False", "Top", "Said above."), False),
    ],
)
def test_only_conditions_that_tell_something_are_shown(one: dict[str, Any], shown: bool) -> None:
    top = condition("Succeeded", "Unknown", "Top", "Said above.")
    words = f"{one['type']}={one['status']}  {one['reason']}: {one['message']}"
    assert (words in text(job({"state": "Pending", "conditions": [top, one]}))) is shown


@pytest.mark.parametrize(
    ("seconds", "title"), [(5, "progress"), (60, "progress"), (180, "progress, 3m ago")]
)
def test_old_figures_are_called_old(seconds: int, title: str) -> None:
    taken = (NOW - timedelta(seconds=seconds)).isoformat()
    shown = text(job(running(progress=progress(updatedAt=taken))))
    assert f"\n{title}\n  Train" in shown


@pytest.mark.parametrize(
    ("percent", "filled", "empty"), [(0, 0, 0), (1, 0, 24), (50, 12, 12), (100, 24, 0)]
)
def test_the_bar_shows_the_share_done(percent: float, filled: int, empty: int) -> None:
    assert bar(percent) == "━" * filled + "─" * empty


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172800, "2d")],
)
def test_ages_are_short(seconds: int, words: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("one", "style"),
    [
        (job(succeeded()), GOOD),
        (job(failed()), BAD),
        (job(running(), suspend=True), CAUTION),
        (job(running()), ""),
    ],
)
def test_the_state_has_the_colour_of_its_end(one: Job, style: str) -> None:
    assert page(one, now=NOW)[1].style == style


def test_state_and_reason_are_said_on_one_line() -> None:
    assert standing(job(failed())) == f"Failed: BackoffLimitExceeded: {OUT_OF_MEMORY}"
    assert standing(job(running())) == "Training: The training pod runs."
