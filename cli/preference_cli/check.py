"""Look at model and pairs, and report what training would meet; trains nothing."""

import argparse

from preference_api.wire import CheckSummary
from preference_cli.check_report import read_check_report
from preference_cli.check_wording import report_lines
from preference_cli.options import (
    Subparsers,
    add_source_arguments,
    add_trainer_arguments,
    open_invocation,
)


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("check", help=__doc__, description=__doc__)
    add_source_arguments(parser)
    add_trainer_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check; the exit code is the trainer's."""
    with open_invocation(arguments) as call:
        ending = call.start_trainer("check")
        if ending.check:
            max_length = call.document.spec.dataset.max_length
            call.view.checked(ending.check, _details(ending.check, max_length))
        call.view.end(ending, None)
    return ending.exit_code


def _details(summary: CheckSummary, max_length: int) -> list[str]:
    report = read_check_report(summary.report_uri)
    lines = report_lines(report, max_length=max_length) if report else []
    known = f"run {summary.resolved.run_id} of the same content is already finished"
    return [*lines, *(["", f"Nothing to train: {known}."] if summary.reused else [])]
