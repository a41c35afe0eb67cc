from typing import Any

import pytest

from cluster_jobs import job
from team import condition, running


@pytest.mark.parametrize(
    ("status", "generation", "succeeded"),
    [
        (None, 1, None),
        ({}, 1, None),
        ({"conditions": [condition("Succeeded", "True", "Trained")]}, 1, True),
        ({"conditions": [condition("Succeeded", "False", "BadData")]}, 1, False),
        ({"conditions": [condition("Succeeded", "Unknown", "Training")]}, 1, None),
        ({"conditions": [condition("Succeeded", "True", "Trained")]}, 2, None),
    ],
)
def test_the_end_is_that_of_the_newest_spec(
    status: dict[str, Any] | None, generation: int, succeeded: bool | None
) -> None:
    assert job(status, generation=generation).succeeded is succeeded


def test_unknown_fields_are_passed_over() -> None:
    status = running(shiny={"new": 1})
    status["run"]["resolved"] = {"runId": "a", "brandNew": True}
    status["progress"]["watts"] = 300
    read = job(status).status
    assert (read.run and read.run.number, read.progress and read.progress.step) == (2, 750)


def test_what_cannot_be_read_does_not_hide_the_rest() -> None:
    read = job({**running(), "run": {"number": "many"}, "progress": {"stage": "Dream"}}).status
    assert (read.run, read.progress) == (None, None)
    assert read.checkpoint is not None
    assert read.checkpoint.step == 500


def test_absent_fields_are_absent() -> None:
    read = job({"run": {"number": 1, "stage": "Check"}}).status
    assert read.run is not None
    assert (read.run.id, read.conditions, read.history) == ("", None, None)
    assert not job({"observedGeneration": -1}).visited
