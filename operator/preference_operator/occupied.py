"""A Job that stands under a child's name: whose it is, and what has to happen."""

from preference_api.v1alpha1 import API_VERSION, KIND
from preference_api.wire import JOB_UID_LABEL
from preference_operator.bodies import Body, controller
from preference_operator.diagnose import Diagnosis
from preference_operator.objects import Job


def occupied(existing: Body, job: Job) -> Diagnosis | None:
    """Why an existing Job is not the child that was to be made; None where it is.

    Args:
        existing: The Job under the child's name.
        job: The PreferenceJob that wants it.

    """
    owner, name = controller(existing), existing["metadata"]["name"]
    if owner is None or owner["uid"] != job.uid:
        return _predecessor(name) if _of_predecessor(owner, job) else _foreign(name)
    if (existing["metadata"].get("labels") or {}).get(JOB_UID_LABEL) != job.uid:
        return _unlabelled(name, job)
    return None


def _of_predecessor(owner: Body | None, job: Job) -> bool:
    """Whether the owner had the name of the PreferenceJob before it was deleted and made again."""
    return owner is not None and (owner["apiVersion"], owner["kind"], owner["name"]) == (
        API_VERSION,
        KIND,
        job.key[1],
    )


def _predecessor(name: str) -> Diagnosis:
    return Diagnosis(
        reason="WaitingForPredecessor",
        message=f"Job {name} of the deleted object of this name is still there",
        remedy="Wait: Kubernetes removes it, and its pods save first.",
    )


def outlived(pod: str) -> Diagnosis:
    """Why a child has to wait for a pod of an earlier Job of its name."""
    return Diagnosis(
        reason="WaitingForPredecessor",
        message=f"pod {pod} of a Job that was deleted has not ended yet",
        remedy="Wait: it saves first.",
    )


def _foreign(name: str) -> Diagnosis:
    return Diagnosis(
        reason="NameConflict",
        message=f"a Job named {name} exists that does not belong to this object",
        remedy="Delete or rename that Job, or give the PreferenceJob another name.",
    )


def _unlabelled(name: str, job: Job) -> Diagnosis:
    return Diagnosis(
        reason="LabelMissing",
        message=f"Job {name} lost its label {JOB_UID_LABEL}, so that it cannot be followed",
        remedy=f"Put the label back: kubectl label job {name} {JOB_UID_LABEL}={job.uid}",
    )
