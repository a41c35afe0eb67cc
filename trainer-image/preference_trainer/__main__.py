"""`preference-trainer list | check | train | evaluate | fetch`: what runs in the pod."""

import argparse
import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from preference_api.v1alpha1.status import Stage
from preference_api.wire import (
    PORT_VARIABLE,
    RUN_VARIABLE,
    CheckSummary,
    ExitCode,
    RunDocument,
    TerminationMessage,
    TrainSummary,
)
from preference_trainer import termination
from preference_trainer.errors import ConfigurationError, TrainerError
from preference_trainer.processors import limit_threads
from preference_trainer.progress import ProgressBoard, serve
from preference_trainer.stopping import StopRequest

_ENVIRONMENT = {
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "true",
    "TRL_EXPERIMENTAL_SILENCE": "1",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; the last word goes to the termination log."""
    options = _parser().parse_args(arguments)
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    limit_threads(os.environ)
    board = ProgressBoard()
    message = _guarded(options, board)
    figures = {"progress": board.progress, "time": datetime.now(UTC)}
    termination.write(message.model_copy(update=figures))
    return message.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="preference-trainer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="tell whether the dataset's objects are other ones")
    commands.add_parser("check", help="look at model and pairs; needs no GPU")
    commands.add_parser("train", help="train, evaluate and publish")
    evaluate = commands.add_parser("evaluate", help="evaluate a model on the held-out pairs")
    evaluate.add_argument("--model", help="URI of the model; the run's own where absent")
    fetch = commands.add_parser("fetch", help="download an object or everything below a prefix")
    fetch.add_argument("source", help="URI")
    fetch.add_argument("folder", type=Path, help="where it goes")
    return parser


def _guarded(options: argparse.Namespace, board: ProgressBoard) -> TerminationMessage:
    """Run a command; every way to fail becomes a message."""
    try:
        return _command(options, board)
    except TrainerError as error:
        return termination.of_error(error)
    except Exception as error:
        traceback.print_exc()
        return termination.of_exception(error)


def _command(options: argparse.Namespace, board: ProgressBoard) -> TerminationMessage:
    document = _document()
    if document.spec.resources.gpus == 1:
        # Every TRL trainer refuses to see more devices than one in one process.
        seen = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
        os.environ["CUDA_VISIBLE_DEVICES"] = seen.partition(",")[0]
    stop = StopRequest()
    stop.listen()
    if PORT_VARIABLE in os.environ:
        host = "127.0.0.1" if document.local else "0.0.0.0"
        serve(board, host=host, port=int(os.environ[PORT_VARIABLE]))
    with tempfile.TemporaryDirectory(prefix="preference-") as name:
        return _run(options, document, Path(name), board, stop)


def _document() -> RunDocument:
    try:
        return RunDocument.model_validate_json(os.environ[RUN_VARIABLE])
    except KeyError as error:
        raise ConfigurationError(
            f"the environment variable {RUN_VARIABLE} is not set",
            remedy="Start the trainer by `preference run`, or by the operator.",
        ) from error
    except ValidationError as error:
        raise ConfigurationError(
            f"{RUN_VARIABLE} is no run document: {error}",
            remedy="Use the same version of the operator or command line and of the trainer.",
        ) from error


def _run(
    options: argparse.Namespace,
    document: RunDocument,
    folder: Path,
    board: ProgressBoard,
    stop: StopRequest,
) -> TerminationMessage:
    done = TerminationMessage(exit_code=ExitCode.DONE, reason="Done")
    # Imported here, each for itself: a check must not load torch.
    if options.command == "list":
        return done.model_copy(update={"reason": "Listed", "listing": _listing(document)})
    if options.command == "check":
        from preference_trainer.check import run_check

        # Taken first: what changes while the pairs are read differs from it afterwards.
        listing = _listing(document)
        try:
            summary = run_check(document, workdir=folder, board=board, stop=stop)
        except TrainerError as error:
            error.listing = listing
            raise
        known = _known_result(document, summary) if summary.reused else None
        found = {"reason": "Checked", "check": summary, "result": known, "listing": listing}
        return done.model_copy(update=found)
    if options.command == "fetch":
        from preference_trainer.fetching import fetch

        fetch(document, options.source, options.folder)
        return done
    if options.command == "evaluate":
        from preference_trainer.reevaluation import reevaluate

        sentence = reevaluate(document, options.model, folder=folder, board=board, stop=stop)
        return done.model_copy(update={"reason": "Evaluated", "message": sentence})
    # What comes first is imported for seconds, and looks like a check until then.
    board.enter(Stage.DOWNLOAD)
    from transformers.utils.logging import disable_progress_bar

    from preference_trainer.run import train

    disable_progress_bar()
    result = train(document, folder=folder, board=board, stop=stop)
    return done.model_copy(
        update={"reason": "Trained", "message": result.headline, "result": result}
    )


def _listing(document: RunDocument) -> str:
    """A digest of the dataset's objects as the storage lists them."""
    from preference_trainer.dataset.listing import listing_digest
    from preference_trainer.storage import open_location

    spec = document.spec
    return listing_digest(spec, partial(open_location, storage=spec.storage, local=document.local))


def _known_result(document: RunDocument, summary: CheckSummary) -> TrainSummary | None:
    """The result that the bucket already holds, promoted for this job: the run may be another's."""
    from preference_trainer.promotion import Candidate, promote
    from preference_trainer.results import finished

    candidate = Candidate.of(document.model_copy(update={"resolved": summary.resolved}))
    decision = promote(candidate)
    known = finished(candidate.output / f"runs/{candidate.run_id}")
    return known and known.promoted_as(decision.passed, decision.message)


if __name__ == "__main__":
    sys.exit(main())
