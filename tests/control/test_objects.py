"""PreferenceJobs as the operator reads them: garbage is no reason to stop."""

from typing import Any

import pytest

from operator_builders import finished, preference_job
from preference_api.v1alpha1.status import PreferenceJobStatus
from preference_operator.objects import read_job


def test_what_is_read() -> None:
    body = preference_job(labels={"a": "b"}, annotations={"c": "d"}, deletionTimestamp="now")
    job = read_job(body)
    assert (job.key, job.uid, job.generation) == (("team", "job"), body["metadata"]["uid"], 1)
    assert (job.labels, job.annotations, job.deleting) == ({"a": "b"}, {"c": "d"}, True)
    assert job.spec is not None
    assert job.status == PreferenceJobStatus()
    assert len(job.spec_hash) == 10


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (None, "spec: Input should be a valid dictionary"),
        ("garbage", "spec: Input should be a valid dictionary"),
        ({}, "spec.method: Field required"),
        ({"method": "DPO", "model": {"uri": 1}}, "spec.model.uri: Input should be a valid string"),
        ({"method": "DPO", "newer": 1}, "spec.newer: Extra inputs are not permitted"),
    ],
)
def test_a_spec_that_cannot_be_read(spec: Any, fault: str) -> None:
    job = read_job({**preference_job(), "spec": spec})
    assert job.spec is None
    assert job.spec_hash == ""
    assert fault in job.fault


def test_of_many_faults_eight_are_told() -> None:
    many = {f"unknown{number}": 1 for number in range(20)}
    assert read_job(preference_job(spec=many)).fault.count(";") == 7


@pytest.mark.parametrize("garbage", [None, [], "x", 7, {"unknown": 1}, {"run": 7, "state": []}])
def test_a_status_that_cannot_be_read_is_none(garbage: Any) -> None:
    assert read_job(preference_job(status=garbage)).status == PreferenceJobStatus()


@pytest.mark.parametrize(
    ("part", "garbage"),
    [
        ("run", {"number": 0}),
        ("conditions", [{"type": "Ready"}]),
        ("observedGeneration", "x"),
        ("progress", {"percent": 101}),
        ("history", {}),
        ("newer", 1),
    ],
)
def test_only_the_part_that_cannot_be_read_is_left_out(part: str, garbage: Any) -> None:
    whole = finished()["status"]
    status = read_job(preference_job(status={**whole, part: garbage})).status
    kept = {name: value for name, value in whole.items() if name != part}
    assert status == PreferenceJobStatus.model_validate(kept)


def test_the_end_is_what_the_top_condition_says() -> None:
    end = read_job(finished()).end
    assert end is not None
    assert (end.type, end.status, end.reason) == ("Succeeded", "True", "Trained")


def without(status: Any, kind: str) -> Any:
    kept = [one for one in status["conditions"] if one["type"] != kind]
    return {**status, "conditions": kept}


def saying(status: Any, kind: str, word: str) -> Any:
    told = [{**one, "status": word} if one["type"] == kind else one for one in status["conditions"]]
    return {**status, "conditions": told}


DONE = finished()
STATUS = DONE["status"]


@pytest.mark.parametrize(
    "body",
    [
        preference_job(),
        {**DONE, "spec": {**DONE["spec"], "method": "ORPO"}},
        {**DONE, "status": without(STATUS, "Succeeded")},
        {**DONE, "status": saying(STATUS, "Succeeded", "Unknown")},
        {**DONE, "status": saying(STATUS, "Accepted", "False")},
        {**DONE, "status": {**STATUS, "run": {**STATUS["run"], "completionTime": None}}},
        {**DONE, "metadata": {**DONE["metadata"], "generation": 2}, "spec": "edited"},
    ],
)
def test_no_end(body: Any) -> None:
    assert read_job(body).end is None


def test_a_newer_spec_that_nobody_edited_is_the_one_that_ran() -> None:
    assert read_job({**DONE, "spec": {**DONE["spec"], "newer": 1}}).end == read_job(DONE).end
