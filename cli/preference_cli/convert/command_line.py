"""A training command: who starts it, which script, and its flags."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from preference_cli.convert.shell import Words, commands_of, split_assignments
from preference_cli.errors import CommandError

_PROGRAM = re.compile(r"trl|accelerate|torchrun|deepspeed|python[0-9.]*")
_TRL_MODULE = re.compile(r"trl\.(scripts|experimental)\..+")


@dataclass(frozen=True, slots=True)
class Command:
    """One training command.

    script: Stem of the script, or the subcommand of `trl`.
    flags: Of the script, `_` in names; one value, or a list, or True where none follows.
    launcher: Of what starts the script.
    files: Words before the flags, which the alignment-handbook reads as a recipe's path.
    environment: Names of variables assigned before the command.
    """

    script: str
    flags: dict[str, Any]
    launcher: dict[str, Any]
    files: tuple[str, ...]
    environment: tuple[str, ...]


def is_command(text: str) -> bool:
    """Whether a text looks like a command rather than like YAML."""
    words = re.findall(r"^[^#\n]+", text, re.MULTILINE)
    return any(_program(line.split()) is not None for line in words)


def parse_command(text: str) -> Command:
    """The one training command of a text.

    Raises:
        CommandError: There is none, or more than one, or it cannot be read.
    """
    found = [words for words in commands_of(text) if _script(words) is not None]
    if len(found) != 1:
        raise CommandError(
            f"the text holds {len(found)} training commands",
            remedy="give one: trl dpo ..., or accelerate launch ... dpo.py ...",
        )
    environment, words = split_assignments(found[0])
    start, stop = _script(words) or (0, 0)
    launcher, _ = parse_flags(words[start:stop])
    flags, files = parse_flags(words[stop + 1 :])
    return Command(
        script=PurePosixPath(words[stop]).name.removesuffix(".py").rpartition(".")[2],
        flags=flags,
        launcher=launcher,
        files=tuple(files),
        environment=tuple(environment),
    )


def _program(words: Sequence[str]) -> int | None:
    names = (PurePosixPath(word).name for word in words)
    return next((n for n, name in enumerate(names) if _PROGRAM.fullmatch(name)), None)


def _script(words: Words) -> tuple[int, int] | None:
    """Where the launcher's flags begin and where the script is; None where there is neither."""
    program = _program(words)
    if program is None:
        return None
    if PurePosixPath(words[program]).name == "trl":
        return (program + 1, program + 1) if program + 1 < len(words) else None
    start = program + 2 if "launch" in words[program + 1 : program + 2] else program + 1
    for place in range(start, len(words)):
        if words[place].endswith(".py") or _TRL_MODULE.fullmatch(words[place]):
            return start, place
    return None


def parse_flags(words: Words) -> tuple[dict[str, Any], list[str]]:
    """Flags with their values, and the words before the first flag.

    A flag takes every word up to the next flag, as transformers' argument parser does for lists.
    Single-dash options (`-m`) belong to the interpreter and are left out.
    """
    flags: dict[str, Any] = {}
    loose: list[str] = []
    name = None
    for word in words:
        if word.startswith("--") and len(word) > 2:
            name, given, value = word[2:].partition("=")
            name = name.replace("-", "_")
            flags[name] = [value] if given else []
        elif re.match(r"-[A-Za-z]", word):
            name = None
        elif name is None:
            loose.append(word)
        else:
            flags[name].append(word)
    return {name: _value(found) for name, found in flags.items()}, loose


def _value(words: list[str]) -> Any:
    if not words:
        return True
    return words[0] if len(words) == 1 else words
