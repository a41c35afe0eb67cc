"""`preference` and `kubectl preference`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from preference_cli import check, crd, faults, report, run
from preference_cli.convert import command as convert
from preference_cli.ending import INTERRUPTED
from preference_cli.errors import CommandError

_BROKEN_PIPE = 141
_PLUGIN = "kubectl-preference"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    chosen = _parser(Path(sys.argv[0]).name).parse_args(arguments)
    form = getattr(chosen, "output", "plain")
    try:
        return int(chosen.run(chosen))
    except CommandError as fault:
        return faults.show(fault, form=form)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _close_stdout()
        return _BROKEN_PIPE
    except OSError as error:
        return faults.show(CommandError(str(error), reason="SystemError"), form=form)


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kubectl preference" if program == _PLUGIN else "preference",
        description="Align models to pairs of answers, on this machine as in the cluster.",
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (run, check, report, convert, crd):
        command.add_parser(subparsers)
    return parser


def _close_stdout() -> None:
    """Keep the interpreter from complaining about a pipe whose reader has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
