"""From a reason and what Kubernetes says to a diagnosis with its way out."""

import re
from collections.abc import Mapping

from preference_operator.diagnose import (
    advice_endings,
    advice_operator,
    advice_queues,
    advice_waiting,
)
from preference_operator.diagnose.advice import Advice
from preference_operator.diagnose.reasons import (
    MOST_IN_MESSAGE,
    MOST_IN_REMEDY,
    Diagnosis,
    Reason,
    shortened,
)

ADVICE: Mapping[Reason, Advice] = {
    **advice_queues.ADVICE,
    **advice_waiting.ADVICE,
    **advice_endings.ADVICE,
    **advice_operator.ADVICE,
}
"""The one table of reasons, behind conditions and documentation."""

_MOST_CAUSES = 3


def diagnose(reason: Reason, message: str) -> Diagnosis:
    """The diagnosis with the way out for what its message says."""
    return Diagnosis(
        reason=reason,
        message=shortened(message, MOST_IN_MESSAGE),
        remedy=shortened(_remedy(ADVICE[reason], message), MOST_IN_REMEDY),
    )


def _remedy(advice: Advice, message: str) -> str:
    """The way out: of the causes that the message names, at most three, else of the reason."""
    causes = [cause.remedy for cause in advice.causes if re.search(cause.pattern, message)]
    return " ".join(causes[:_MOST_CAUSES]) or advice.remedy
