"""A Job that stands under a child's name."""

from typing import Any

import pytest

from operator_builders import TRAIN, UID, child, preference_job
from preference_api.wire import JOB_UID_LABEL
from preference_operator.bodies import Body
from preference_operator.objects import read_job
from preference_operator.occupied import occupied

JOB = preference_job()
OWN = child(JOB, TRAIN)
OWNER = OWN["metadata"]["ownerReferences"][0]


def standing(**metadata: Any) -> Body:
    return {**OWN, "metadata": {**OWN["metadata"], **metadata}}


@pytest.mark.parametrize(
    ("existing", "reason"),
    [
        (OWN, None),
        (standing(ownerReferences=[{**OWNER, "uid": "first"}]), "WaitingForPredecessor"),
        (standing(ownerReferences=[{**OWNER, "uid": "x", "name": "other"}]), "NameConflict"),
        (standing(ownerReferences=[{**OWNER, "uid": "x", "kind": "CronJob"}]), "NameConflict"),
        (standing(ownerReferences=[{**OWNER, "controller": False}]), "NameConflict"),
        (standing(ownerReferences=None), "NameConflict"),
        (standing(labels=None), "LabelMissing"),
        (standing(labels={JOB_UID_LABEL: "another"}), "LabelMissing"),
        (standing(labels={JOB_UID_LABEL: UID}), None),
    ],
)
def test_whose_it_is(existing: Body, reason: str | None) -> None:
    found = occupied(existing, read_job(JOB))
    assert (found and found.reason) == reason
    if found is not None:
        assert OWN["metadata"]["name"] in found.message
        assert found.remedy


def test_the_way_out_of_a_lost_label_is_a_command() -> None:
    found = occupied(standing(labels={}), read_job(JOB))
    assert found is not None
    assert f"kubectl label job {OWN['metadata']['name']} {JOB_UID_LABEL}={UID}" in found.remedy
