"""`preference convert`: reads the source and the files it names, and writes the manifest."""

import argparse
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from preference_api.v1alpha1.methods import Method
from preference_cli.convert.conversion import convert
from preference_cli.convert.report import render, render_json, render_report
from preference_cli.convert.source import files_of, method_of
from preference_cli.errors import CommandError

Subparsers = argparse._SubParsersAction
_STANDARD_INPUT = "-"
_DESCRIPTION = """\
Writes the PreferenceJob of a TRL command line, a TRL configuration file or an alignment-handbook
recipe to stdout, and to stderr what was mapped, what was not, and what has to be looked at.
"""


def add_parser(subparsers: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "convert", help="make a manifest of a TRL command or recipe", description=_DESCRIPTION
    )
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="a recipe or script, - for stdin, or after -- the command itself",
    )
    parser.add_argument("--method", type=_method, metavar="DPO|ORPO", help="where it is not told")
    parser.add_argument("--name", help="name of the object (default: from the source)")
    parser.add_argument("--output-uri", metavar="URI", help="output.uri: s3://bucket/prefix")
    parser.add_argument(
        "--processes", type=_positive, metavar="N", help="devices of all nodes together"
    )
    parser.add_argument("--output", choices=("yaml", "json"), default="yaml", help="form of stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Convert, write the manifest and the report, and return the exit code.

    Raises:
        CommandError: The source cannot be read or converted.
    """
    text, path = _source(arguments.source)
    conversion = convert(
        text,
        method=arguments.method or method_of(path),
        name=arguments.name,
        output=arguments.output_uri,
        processes=arguments.processes,
        files=_contents(files_of(text)),
    )
    if arguments.output == "json":
        sys.stdout.write(render_json(conversion))
    else:
        sys.stderr.write(render_report(conversion))
        sys.stdout.write(render(conversion))
    return 0


def _source(words: list[str]) -> tuple[str, str]:
    """The text to convert, and the path it came from where it did."""
    if len(words) > 1:
        return shlex.join(words), ""
    if words[0] == _STANDARD_INPUT:
        return sys.stdin.read(), ""
    path = Path(words[0])
    if path.is_file():
        return _text(path), words[0]
    if " " in words[0]:
        return words[0], ""
    raise CommandError(
        f"{path}: there is no such file", remedy="name a recipe or script, or give the command"
    )


def _contents(paths: Iterable[str]) -> dict[str, str]:
    """What lies at the paths; those without a file are left out."""
    return {path: _text(Path(path)) for path in paths if Path(path).is_file()}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise CommandError(f"{path}: {fault}", reason="BadFile") from fault


def _method(word: str) -> Method:
    return Method(word.upper())


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} is not 1 or more")
    return number
