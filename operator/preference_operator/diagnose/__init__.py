"""What is wrong with the pods of a child Job, as reason, sentence and way out.

Pure functions over objects as the Kubernetes API sends them. Any part of such an object may be
missing or of an unexpected type; nothing here raises for that.
"""

from preference_operator.diagnose.complaints import complaint
from preference_operator.diagnose.endings import Ending, ended
from preference_operator.diagnose.failures import failed_too_often, job_failed
from preference_operator.diagnose.queues import held_back, not_taken, workload_of
from preference_operator.diagnose.reasons import Diagnosis, Reason, as_sentence
from preference_operator.diagnose.verdicts import Verdict
from preference_operator.diagnose.waiting import waiting

__all__ = [
    "Diagnosis",
    "Ending",
    "Reason",
    "Verdict",
    "as_sentence",
    "complaint",
    "ended",
    "failed_too_often",
    "held_back",
    "job_failed",
    "not_taken",
    "waiting",
    "workload_of",
]
