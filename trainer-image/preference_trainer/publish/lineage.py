"""Where a run comes from, as rows of a table."""

from preference_api.identity import spec_hash
from preference_trainer.publish.inputs import ReportInputs
from preference_trainer.publish.numbers import count, duration
from preference_trainer.publish.settings import Row


def lineage_rows(inputs: ReportInputs, *, private: bool) -> tuple[Row, ...]:
    """Identity, origin, digests and cost; what is unknown is left out.

    Args:
        inputs: The run.
        private: True names job, repository and image as well, which are nobody else's concern.
    """
    document, resolved = inputs.document, inputs.resolved
    own = (
        Row("PreferenceJob", f"{document.namespace}/{document.name}"),
        Row("Repository", document.origin.repository or ""),
        Row("Trainer image", document.spec.image or ""),
    )
    rows = (
        Row("Run", resolved.run_id),
        *(own if private else ()),
        Row("Commit", document.origin.commit or ""),
        Row("Hash of the manifest's spec", spec_hash(document.spec)),
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
