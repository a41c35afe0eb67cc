"""Advice where the operator itself does not go on."""

from collections.abc import Mapping

from preference_api.wire import JOB_UID_LABEL
from preference_operator.diagnose.advice import Advice, Group
from preference_operator.diagnose.reasons import Reason

ADVICE: Mapping[Reason, Advice] = {
    Reason.INVALID_SPEC: Advice(
        group=Group.OPERATOR,
        meaning="The API server took a spec that this operator cannot read.",
        remedy="Correct the field, or bring operator and CustomResourceDefinition to one version.",
    ),
    Reason.IMAGE_NOT_ALLOWED: Advice(
        group=Group.OPERATOR,
        meaning="spec.image is not among the images that the operator may start.",
        remedy="Ask for it to be added to the operator's allowed images (trainer.allowedImages of "
        "the chart), by which the same run goes on; without spec.image another run begins.",
    ),
    Reason.JOB_REFUSED: Advice(
        group=Group.OPERATOR,
        meaning="The API server does not take the child Job, in its own words.",
        remedy="Correct the field or the policy that it names; it is tried again by itself.",
    ),
    Reason.NAME_CONFLICT: Advice(
        group=Group.OPERATOR,
        meaning="A Job of somebody else has the name of the child Job.",
        remedy="Delete or rename that Job, or give the PreferenceJob another name.",
    ),
    Reason.LABEL_MISSING: Advice(
        group=Group.OPERATOR,
        meaning=f"The child Job lost its label {JOB_UID_LABEL}, so that it cannot be followed.",
        remedy="Put the label back, with the uid of the PreferenceJob.",
    ),
    Reason.WAITING_FOR_PREDECESSOR: Advice(
        group=Group.OPERATOR,
        meaning="A Job of a deleted PreferenceJob of the same name is still there.",
        remedy="Wait: Kubernetes removes it, and its pods save first.",
    ),
    Reason.VERDICT_LOST: Advice(
        group=Group.OPERATOR,
        meaning="A pod ended well, and was deleted before its message could be read.",
        remedy="Keep finished pods for a minute. Delete the object and apply it again: the check "
        "finds the result, or the run goes on from its newest checkpoint.",
    ),
    Reason.PREEMPTED_TOO_OFTEN: Advice(
        group=Group.OPERATOR,
        meaning="The training was preempted more often than spec.restarts.preemptions allows.",
        remedy="Raise spec.restarts.preemptions, or give the pods a spec.resources."
        "priorityClassName that keeps its nodes.",
    ),
}
