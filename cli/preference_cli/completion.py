"""Print the script that completes `preference` in a shell."""

import argparse
import sys
from importlib.resources import files

from preference_api.wire import ExitCode
from preference_cli.options import Subparsers

_SHELLS = ("bash", "zsh", "fish")
_DESCRIPTION = """\
Print the script that completes commands, options and names of PreferenceJobs: source <(preference
completion bash) in bash and likewise in zsh, preference completion fish | source in fish. kubectl
completes `kubectl preference` by itself.
"""


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("completion", help=__doc__, description=_DESCRIPTION)
    parser.add_argument("shell", choices=_SHELLS, help="the shell")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    folder = files("preference_cli") / "completions"
    sys.stdout.write((folder / f"preference.{arguments.shell}").read_text("utf-8"))
    return ExitCode.DONE
