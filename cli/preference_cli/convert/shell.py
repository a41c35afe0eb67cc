"""A shell text as simple commands, as far as training commands need it.

Continuation lines, quotes, comments, assignments and `$NAME` are understood; what only a shell can
know (`$(...)`, unset variables) is refused by name rather than taken as text.
"""

import re
import shlex
from collections.abc import Mapping

from preference_cli.errors import CommandError

Words = list[str]

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_UNKNOWN = re.compile(r"\$[({@*\d]|`")
_DESCRIPTOR = re.compile(r"(?<=\s)\d(?=>)")
_ENDS = ";|&\n"
_REDIRECTIONS = "<>"


def commands_of(text: str) -> list[Words]:
    """The simple commands of a text, variables replaced by what the text itself assigns.

    Raises:
        CommandError: A quote is not closed, or a variable is not known.
    """
    variables: dict[str, str] = {}
    found = []
    for words in _split(text):
        words = [_expand(word, variables) for word in words]
        if words and words[0] == "export":
            words = words[1:]
        assigned = dict(map(_assignment, words)) if all(map(_ASSIGNMENT.fullmatch, words)) else {}
        variables |= assigned
        if not assigned and words:
            found.append(words)
    return found


def split_assignments(words: Words) -> tuple[dict[str, str], Words]:
    """The assignments before a command, and the command."""
    count = next((n for n, word in enumerate(words) if not _ASSIGNMENT.fullmatch(word)), len(words))
    return dict(map(_assignment, words[:count])), words[count:]


def _assignment(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


def _split(text: str) -> list[Words]:
    """Words between command separators; redirections and comments are left out."""
    joined = _DESCRIPTOR.sub("", text.replace("\\\n", " "))
    lexer = shlex.shlex(joined, posix=True, punctuation_chars=_ENDS + _REDIRECTIONS)
    lexer.whitespace, lexer.commenters = " \t\r", ""
    lexer.whitespace_split = True
    commands: list[Words] = [[]]
    skip_to_line_end = skip_next = False
    for word in _words(lexer):
        if "\n" in word and not word.strip(_ENDS):
            skip_to_line_end = False
        if skip_to_line_end or skip_next:
            skip_next = False
        elif word.startswith("#"):
            skip_to_line_end = True
        elif not word.strip(_ENDS + _REDIRECTIONS):
            skip_next = _redirects(word, commands)
        else:
            commands[-1].append(word)
    return commands


def _redirects(word: str, commands: list[Words]) -> bool:
    """Whether punctuation redirects, so that a file name follows; else a command ends here."""
    if not set(word) & set(_REDIRECTIONS):
        commands.append([])
        return False
    return True


def _words(lexer: shlex.shlex) -> Words:
    try:
        return list(lexer)
    except ValueError as fault:
        raise CommandError(
            f"the command cannot be split into words: {fault}", remedy="close the quote"
        ) from fault


def _expand(word: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in variables:
            raise _unknown(f"${name}")
        return variables[name]

    if _UNKNOWN.search(_VARIABLE.sub("", word)):
        raise _unknown(word)
    return _VARIABLE.sub(value, word)


def _unknown(word: str) -> CommandError:
    return CommandError(
        f"{word}: only the shell that runs this knows its value",
        remedy="write the value in its place, or assign it on a line before (NAME=value)",
    )
