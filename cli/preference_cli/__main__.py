"""`preference` and `kubectl preference`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from preference_api.wire import ExitCode
from preference_cli import check, completion, crd, faults, lineage, report, rollback, run
from preference_cli.cluster import events, logs, retrain, status, suspend, watch
from preference_cli.cluster.candidates import SOURCES
from preference_cli.complete import COMMAND, complete
from preference_cli.convert import command as convert
from preference_cli.ending import INTERRUPTED
from preference_cli.errors import CommandError

_BROKEN_PIPE = 141
_PLUGIN = "kubectl-preference"
_COMMANDS = (
    *(run, check, report, lineage, rollback, convert),
    *(status, watch, logs, events, suspend, retrain),
    *(crd, completion),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser(Path(sys.argv[0]).name)
    if words[:1] == [COMMAND]:
        return _complete(parser, words[1:])
    chosen = parser.parse_args(words)
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


def complete_for_kubectl() -> int:
    """What kubectl calls, as `kubectl_complete-preference`, to complete `kubectl preference`."""
    return _complete(_parser(_PLUGIN), sys.argv[1:])


def _complete(parser: argparse.ArgumentParser, words: Sequence[str]) -> int:
    print("\n".join(complete(parser, words, SOURCES)))
    return ExitCode.DONE


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kubectl preference" if program == _PLUGIN else "preference",
        description="Align models to pairs of answers, on this machine as in the cluster.",
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(subparsers)
    return parser


def _close_stdout() -> None:
    """Keep the interpreter from complaining about a pipe whose reader has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
