"""Print the CustomResourceDefinition of PreferenceJob."""

import argparse
import sys

from preference_api.crd import rendered
from preference_api.wire import ExitCode
from preference_cli.options import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("crd", help=__doc__, description=__doc__)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print it as YAML, ready for `kubectl apply -f -`."""
    sys.stdout.write(rendered())
    return ExitCode.DONE
