"""Why a queue holds a Job back, out of Kueue's Events."""

from typing import Any

import pytest

from preference_operator.bodies import Body
from preference_operator.diagnose import held_back, not_taken, workload_of

JOB, WORKLOAD = "tone-1a2b3c-train", "job-tone-1a2b3c-train-0a1b2"
NO_QUOTA = "insufficient unused quota for nvidia.com/gpu in flavor default, 1 more needed"
TAKEN = "Preempted to accommodate a workload (UID: 1, JobUID: 2) due to prioritization"


def event(kind: str, reason: str, note: str, *, second: int = 0, **fields: Any) -> Body:
    """An Event of Kueue."""
    return {
        "type": "Normal",
        "reason": reason,
        "note": note,
        "reportingController": "kueue-admission" if kind == "Workload" else "batch/job-kueue-x",
        "regarding": {"kind": kind, "name": WORKLOAD if kind == "Workload" else JOB},
        "deprecatedLastTimestamp": f"2026-01-02T03:04:{second:02}Z",
        **fields,
    }


MADE = event("Job", "CreatedWorkload", f"Created Workload: team/{WORKLOAD}")
PENDING = event("Workload", "Pending", NO_QUOTA, second=5, type="Warning")
PREEMPTED = event("Workload", "Preempted", TAKEN, second=5)
STOPPED = event("Job", "Stopped", TAKEN, second=4)
OTHERS = event("Job", "Stopped", "by hand", second=9, reportingController="job-controller")


@pytest.mark.parametrize(
    ("events", "name"),
    [
        ([], ""),
        ([STOPPED], ""),
        ([MADE], WORKLOAD),
        ([MADE, event("Job", "CreatedWorkload", "Created Workload: a/new", second=9)], "new"),
        ([event("Job", "CreatedWorkload", "in other words")], ""),
    ],
)
def test_the_workload_is_named_by_the_jobs_events(events: list[Body], name: str) -> None:
    assert workload_of(events) == name


@pytest.mark.parametrize(
    ("about_job", "about_workload", "said"),
    [
        ([MADE], [PENDING], f"Kueue about Workload {WORKLOAD}: {NO_QUOTA}"),
        ([MADE], [PREEMPTED, PENDING], f"Kueue about Workload {WORKLOAD}: {NO_QUOTA}"),
        ([MADE, STOPPED], [{**PENDING, "deprecatedLastTimestamp": ""}], f"Job {JOB}: {TAKEN}"),
        ([STOPPED], [], f"Kueue about Job {JOB}: {TAKEN}"),
        ([MADE, OTHERS], [], "for queue gpus, and says no more"),
        ([MADE], [{**PENDING, "reportingController": None}], "says no more"),
    ],
)
def test_what_kueue_said_last(about_job: list[Body], about_workload: list[Body], said: str) -> None:
    found = held_back(JOB, "gpus", about_job, about_workload)
    assert found is not None
    assert found.reason == "Queued"
    assert said in found.message


@pytest.mark.parametrize("events", [[], [OTHERS], [None], [{"reason": 7, "note": []}]])
def test_without_a_word_of_kueue_nothing_is_known(events: list[Any]) -> None:
    assert held_back(JOB, "gpus", events, []) is None


def test_the_way_out_fits_what_is_missing() -> None:
    silent = held_back(JOB, "gpu", [MADE], [])
    assert silent is not None
    assert "the queue may not exist in this namespace" in silent.remedy
    nobody = not_taken(JOB, "gpu")
    assert nobody.text.startswith(f"Nobody has taken Job {JOB} into queue gpu. Is Kueue installed")
