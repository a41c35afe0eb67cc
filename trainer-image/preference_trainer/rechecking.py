"""A check within a training: what the check before it left in the bucket is gone.

A rule of the bucket that expires `cache/` takes it, all or object by object, and so does another
`spec.output` given to a run that waits.
"""

from collections.abc import Iterator

from preference_trainer.check import report_place, run_check
from preference_trainer.dataset.cache import cache_place, lies_whole
from preference_trainer.errors import ConfigurationError
from preference_trainer.log import log
from preference_trainer.metrics import Metrics
from preference_trainer.storage import Location
from preference_trainer.work import Work

_FIELDS = {
    "model_digest": "spec.model.uri",
    "dataset_digest": "spec.dataset.uri",
    "sft_digest": "spec.sft.dataset.uri",
    "reference_digest": "spec.dpo.referenceModel.uri",
}


def ensure_checked(work: Work) -> None:
    """Have the cleaned pairs and the check's report in the bucket; check again where they are not.

    Raises:
        ConfigurationError: Model or pairs changed since they were checked.
        TrainerError: As `run_check`.

    """
    if _left_by_the_check(work):
        return
    log("CheckedAgain", runId=work.resolved.run_id, output=work.output.uri)
    folder = work.folder / "check"
    folder.mkdir()
    # The training counts the rows that were left out itself.
    apart = Metrics(job=work.document.name)
    found = run_check(
        work.document, workdir=folder, board=work.board, metrics=apart, stop=work.stop
    ).resolved
    for name, field in _FIELDS.items():
        if getattr(found, name) != getattr(work.resolved, name):
            raise _changed(field, work.output.uri)


def _changed(field: str, output: str) -> ConfigurationError:
    return ConfigurationError(
        f"{field}: what it names changed since it was checked, and what the check had left below "
        f"{output} is gone",
        remedy="Start the job again, so that what is there now is checked; or pin a revision.",
        reason="InputsChanged",
    )


def _left_by_the_check(work: Work) -> bool:
    report = report_place(work.output, work.resolved)
    return report.stat() is not None and all(map(lies_whole, _datasets(work)))


def _datasets(work: Work) -> Iterator[Location]:
    yield work.dataset
    if work.resolved.sft_digest is not None:
        yield cache_place(work.output, work.resolved.sft_digest)
