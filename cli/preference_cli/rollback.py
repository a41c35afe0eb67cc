"""Make an earlier run the current model of a job again, in its bucket."""

import argparse
import getpass
import os

from preference_api.v1alpha1.placement import Retrain
from preference_api.wire import ExitCode
from preference_cli.cache import cache_folder, new_run_folder
from preference_cli.errand import run_errand
from preference_cli.options import Subparsers
from preference_cli.target import Target, add_target_arguments, find_target

_NEXT = "The next run that finishes and passes the gate becomes the current model in its place."


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("rollback", help=__doc__, description=f"{__doc__} {_NEXT}")
    add_target_arguments(parser)
    parser.add_argument(
        "--to", metavar="RUN", help="the run; default: the one that was current before"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Move the pointer by a trainer process; the exit code is the trainer's."""
    target = find_target(arguments)
    which = ("--run", arguments.to) if arguments.to else ()
    ending = run_errand(
        *("promote", *which, "--by", _user()),
        document=target.document,
        uri=target.document.spec.output.uri,
        folder=new_run_folder(cache_folder(os.environ), target.document.name),
        python=arguments.python,
    )
    if ending.exit_code == ExitCode.DONE and ending.said:
        print(ending.said.message)
        print(_NEXT, *_by_itself(target), sep="\n")
    return ending.exit_code


def _by_itself(target: Target) -> list[str]:
    """Whether that may be a run that nobody asks for."""
    retrain, job = target.document.spec.retrain, target.job
    if job is None or job.suspended or not _looks(retrain):
        return []
    return [
        f"{target.name} looks at its dataset by itself; preference suspend {job.name} keeps it "
        "from that."
    ]


def _looks(retrain: Retrain) -> bool:
    return retrain.when_dataset_changes or retrain.schedule is not None


def _user() -> str:
    """The name of whoever calls; empty where the machine knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
