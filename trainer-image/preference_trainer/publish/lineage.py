"""Where a run comes from, as rows of a table."""

from preference_trainer.publish.inputs import ReportInputs
from preference_trainer.publish.numbers import count, duration
from preference_trainer.publish.settings import Row


def lineage_rows(inputs: ReportInputs) -> tuple[Row, ...]:
    """Identity, origin, digests and cost; what is unknown is left out."""
    document, resolved = inputs.document, inputs.resolved
    rows = (
        Row("Run", resolved.run_id),
        Row("PreferenceJob", f"{document.namespace}/{document.name}"),
        Row("Repository", document.origin.repository or ""),
        Row("Commit", document.origin.commit or ""),
        Row("Trainer image", document.spec.image or ""),
        Row("Reference model digest", resolved.reference_digest or ""),
        Row("Demonstrations digest", resolved.sft_digest or ""),
        Row("Attempts", _attempts(inputs.attempts)),
        Row("Training time", duration(inputs.seconds)),
        Row("Throughput", f"{inputs.pairs_per_second:,.2f} pairs a second"),
    )
    return tuple(row for row in rows if row.value)


def _attempts(attempts: int) -> str:
    resumes = attempts - 1
    if not resumes:
        return "1, never interrupted"
    return f"{count(attempts)}, resumed {'once' if resumes == 1 else f'{count(resumes)} times'}"
