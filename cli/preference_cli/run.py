"""Check, then train on this machine what a manifest describes."""

import argparse

from preference_cli.cache import RunRecord, write_record
from preference_cli.ending import Ending, stopped_before_training, trained_elsewhere
from preference_cli.invocation import Invocation
from preference_cli.options import (
    Subparsers,
    add_source_arguments,
    add_trainer_arguments,
    open_invocation,
    source_of,
)
from preference_cli.result import RunResult, reused, trained


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("run", help=__doc__, description=__doc__)
    add_source_arguments(parser)
    add_trainer_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check and train; the exit code is the trainer's."""
    with open_invocation(arguments) as call:
        ending = _check_and_train(call)
        result = _result(call, ending)
        if result:
            manifest = source_of(arguments).identity
            record = RunRecord(manifest=manifest, document=call.document, result=result)
            write_record(call.folder, record)
        call.view.end(ending, result)
    return ending.exit_code


def _check_and_train(call: Invocation) -> Ending:
    ending = call.start_trainer("check")
    if ending.check is None:
        return ending
    call.view.checked(ending.check, ())
    if ending.check.reused:
        return ending
    if ending.check.elsewhere:
        return trained_elsewhere()
    if call.stop.asked:
        return stopped_before_training()
    resolved = {"resolved": ending.check.resolved}
    return call.start_trainer("train", document=call.document.model_copy(update=resolved))


def _result(call: Invocation, ending: Ending) -> RunResult | None:
    if ending.result:
        return trained(ending.result)
    if ending.check:
        return reused(call.document, ending.check.resolved.run_id)
    return None
