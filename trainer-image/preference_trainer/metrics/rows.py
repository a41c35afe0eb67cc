"""The rows of the dataset, from the report of its check."""

from collections.abc import Mapping
from typing import Any

from preference_trainer.dataset.pairs import Fault
from preference_trainer.metrics.registry import Metrics
from preference_trainer.metrics.series import ROWS, SKIPPED

_OTHER = "other"


def count_rows(report: Mapping[str, Any], metrics: Metrics) -> None:
    """Tell how many rows the dataset has, and how many were left out for which reason.

    Args:
        report: `dataset` of the check's report, as JSON; the check may have been of another
            version, so that a reason that is not known here counts as `other`.
        metrics: Where it is told.
    """
    metrics.set(ROWS, report["rows"])
    for finding in report["findings"]:
        kind = finding["kind"]
        reason = kind if kind in list(Fault) else _OTHER
        metrics.add(SKIPPED, finding["count"], reason=reason)
