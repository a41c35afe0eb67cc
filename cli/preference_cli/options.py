"""The options that commands share, and the invocation that they ask for."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from preference_cli.cache import cache_folder, new_run_folder
from preference_cli.invocation import Invocation
from preference_cli.source import Source, load_document
from preference_cli.stop import StopRequest
from preference_cli.view import FORMS, choose_view

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
PYTHON_VARIABLE = "PREFERENCE_PYTHON"


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Which manifest, and what this call changes in it."""
    parser.add_argument("file", metavar="FILE", help="manifest of a PreferenceJob, - for stdin")
    parser.add_argument("--name", help="which PreferenceJob, where FILE holds several")
    add_set_argument(parser)


def add_set_argument(parser: argparse.ArgumentParser) -> None:
    """What this call changes in the spec."""
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="change a field of the spec for this call (null removes it); may be repeated",
    )


def add_trainer_arguments(parser: argparse.ArgumentParser) -> None:
    """How the trainer is started and shown."""
    parser.add_argument("--output", choices=FORMS, default="auto", help="form of stdout")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the trainer's log")
    add_python_argument(parser)


def add_python_argument(parser: argparse.ArgumentParser) -> None:
    """Which interpreter has the trainer."""
    parser.add_argument(
        "--python",
        default=os.environ.get(PYTHON_VARIABLE) or sys.executable,
        metavar="PROGRAM",
        help=f"interpreter that has the trainer installed (default: {PYTHON_VARIABLE}, "
        "else the one of this command)",
    )


def source_of(arguments: argparse.Namespace) -> Source:
    """The manifest that a call names."""
    return Source(arguments.file, arguments.name, tuple(arguments.overrides))


@contextmanager
def open_invocation(arguments: argparse.Namespace) -> Iterator[Invocation]:
    """Load the manifest and begin a call; while it is open, signals ask it to stop.

    Raises:
        CommandError: The manifest or an option is at fault.
    """
    document, view = load_document(source_of(arguments)), choose_view(arguments.output)
    folder = new_run_folder(cache_folder(os.environ), document.name)
    with StopRequest() as stop:
        view.start(document, folder)
        try:
            yield Invocation(
                document=document,
                folder=folder,
                python=arguments.python,
                view=view,
                stop=stop,
                verbose=arguments.verbose,
            )
        finally:
            view.close()
