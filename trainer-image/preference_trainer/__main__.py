"""`preference-trainer list | check | train | evaluate | ...`: what runs in the pod."""

import argparse
import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from preference_api.wire import PORT_VARIABLE, RUN_VARIABLE, RunDocument, TerminationMessage
from preference_trainer import termination
from preference_trainer.commands import COMMANDS, Call
from preference_trainer.errors import ConfigurationError, TrainerError
from preference_trainer.metrics import Metrics
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
    promote = commands.add_parser("promote", help="make an earlier run the current model again")
    promote.add_argument("--run", metavar="ID", help="the one before the current where absent")
    promote.add_argument("--by", default="", help="who wants it, for the history")
    lineage = commands.add_parser("lineage", help="write what the output tells about its models")
    lineage.add_argument("file", type=Path, help="where it goes, as JSON")
    lineage.add_argument("--run", metavar="ID", help="the current one where absent")
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
    stop, metrics = StopRequest(), Metrics(job=document.name)
    stop.listen()
    if PORT_VARIABLE in os.environ:
        host = "127.0.0.1" if document.local else "0.0.0.0"
        serve(board, metrics=metrics, host=host, port=int(os.environ[PORT_VARIABLE]))
    with tempfile.TemporaryDirectory(prefix="preference-") as name:
        call = Call(
            options=options,
            document=document,
            folder=Path(name),
            board=board,
            metrics=metrics,
            stop=stop,
        )
        return COMMANDS[options.command](call)


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


if __name__ == "__main__":
    sys.exit(main())
