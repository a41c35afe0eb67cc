"""Advice for Jobs that a queue of Kueue holds back."""

from collections.abc import Mapping

from preference_operator.diagnose.advice import Advice, Cause, Group
from preference_operator.diagnose.reasons import Reason

_LABEL = "the PreferenceJob's label kueue.x-k8s.io/queue-name"

ADVICE: Mapping[Reason, Advice] = {
    Reason.QUEUED: Advice(
        group=Group.QUEUED,
        meaning="The queue has not admitted the training yet; the message is Kueue's.",
        remedy="Wait, or see kubectl describe workload.",
        causes=(
            Cause(
                pattern=r"insufficient quota",
                example="insufficient quota for nvidia.com/gpu in flavor default, request > "
                "maximum capacity",
                remedy="Ask for less in spec.resources, or have the quota of the ClusterQueue "
                "raised.",
            ),
            Cause(
                pattern=r"says no more$",
                example="Kueue made Workload … of Job … for queue gpus, and says no more",
                remedy="See kubectl describe workload: the queue may not exist in this namespace "
                f"or may be stopped. Correct {_LABEL} where it is wrong.",
            ),
        ),
    ),
    Reason.QUEUE_SILENT: Advice(
        group=Group.QUEUED,
        meaning="The Job names a queue, and for a minute nobody has taken it into one.",
        remedy="Is Kueue installed, and does it manage batch/job in this namespace? Without a "
        f"queue it trains at once: remove {_LABEL}.",
    ),
    Reason.PREEMPTED_BY_QUEUE: Advice(
        group=Group.QUEUED,
        meaning="The queue took the place back: the pod saves and ends, and the Job waits again.",
        remedy="Nothing to do: once it is admitted again it goes on from its newest checkpoint.",
    ),
}
