"""What each command of the trainer does, and its last word.

Everything heavy is imported by the command that needs it: a check must not load torch.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from preference_api.v1alpha1.status import Stage
from preference_api.wire import (
    CheckSummary,
    ExitCode,
    RunDocument,
    TerminationMessage,
    TrainSummary,
)
from preference_trainer.errors import TrainerError
from preference_trainer.metrics import Metrics
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest
from preference_trainer.tracking import keep_out_libraries


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A command with everything that it works with.

    folder: An empty local folder.
    """

    options: argparse.Namespace
    document: RunDocument
    folder: Path
    board: ProgressBoard
    metrics: Metrics
    stop: StopRequest


def _list(call: Call) -> TerminationMessage:
    return _done("Listed").model_copy(update={"listing": _listing(call)})


def _check(call: Call) -> TerminationMessage:
    from preference_trainer.check import run_check

    # Taken first: what changes while the pairs are read differs from it afterwards.
    listing = _listing(call)
    try:
        summary = run_check(
            call.document,
            workdir=call.folder,
            board=call.board,
            metrics=call.metrics,
            stop=call.stop,
        )
    except TrainerError as error:
        error.listing = listing
        raise
    known = _known_result(call, summary) if summary.reused else None
    found = {"check": summary, "result": known, "listing": listing}
    return _done("Checked").model_copy(update=found)


def _train(call: Call) -> TerminationMessage:
    # What comes first is imported for seconds, and looks like a check until then.
    call.board.enter(Stage.DOWNLOAD)
    keep_out_libraries()
    from transformers.utils.logging import disable_progress_bar

    from preference_trainer.run import train

    disable_progress_bar()
    result = train(
        call.document,
        folder=call.folder,
        board=call.board,
        metrics=call.metrics,
        stop=call.stop,
    )
    return _done("Trained", result.headline).model_copy(update={"result": result})


def _evaluate(call: Call) -> TerminationMessage:
    from preference_trainer.reevaluation import reevaluate

    sentence = reevaluate(
        call.document,
        call.options.model,
        folder=call.folder,
        board=call.board,
        metrics=call.metrics,
        stop=call.stop,
    )
    return _done("Evaluated", sentence)


def _fetch(call: Call) -> TerminationMessage:
    from preference_trainer.fetching import fetch

    fetch(call.document, call.options.source, call.options.folder)
    return _done("Done")


def _promote(call: Call) -> TerminationMessage:
    from preference_trainer.pointer import ROLLED_BACK
    from preference_trainer.rollback import roll_back

    sentence = roll_back(call.document, call.options.run, by=call.options.by)
    return _done(ROLLED_BACK, sentence)


def _lineage(call: Call) -> TerminationMessage:
    from preference_trainer.lineage import write_lineage

    write_lineage(call.document, call.options.run, call.options.file)
    return _done("Done")


COMMANDS: Mapping[str, Callable[[Call], TerminationMessage]] = {
    "list": _list,
    "check": _check,
    "train": _train,
    "evaluate": _evaluate,
    "fetch": _fetch,
    "promote": _promote,
    "lineage": _lineage,
}


def _done(reason: str, message: str = "") -> TerminationMessage:
    return TerminationMessage(exit_code=ExitCode.DONE, reason=reason, message=message)


def _listing(call: Call) -> str:
    """A digest of the dataset's objects as the storage lists them."""
    from preference_trainer.dataset.listing import listing_digest
    from preference_trainer.storage import open_location

    spec = call.document.spec
    opened = partial(
        open_location, storage=spec.storage, local=call.document.local, metrics=call.metrics
    )
    return listing_digest(spec, opened)


def _known_result(call: Call, summary: CheckSummary) -> TrainSummary | None:
    """The result that the bucket already holds, promoted for this job: the run may be another's."""
    from preference_trainer.promotion import Candidate, promote
    from preference_trainer.results import finished

    checked = call.document.model_copy(update={"resolved": summary.resolved})
    candidate = Candidate.of(checked, metrics=call.metrics)
    decision = promote(candidate)
    known = finished(candidate.pointer.run(candidate.run_id))
    return known and known.promoted_as(decision.passed, decision.message)
