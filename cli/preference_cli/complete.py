"""What a half-written command line may go on with, told as kubectl's plugins tell it.

Source: https://github.com/kubernetes/enhancements/tree/master/keps/sig-cli/2379-kubectl-plugins
(Shell Completion Support), whose protocol is that of cobra's `__complete`: a candidate a line, a
tab and its description behind it, and last a colon and a number.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

COMMAND = "__complete"
"""The hidden command that shells call, the words behind it, the last one unfinished."""

_FILES, _NO_FILES = 0, 4
_FILE_WORDS = ("FILE", "FOLDER", "SOURCE", "PROGRAM")

Candidates = Mapping[str, str]
"""Words and what they mean."""
Source = Callable[[Sequence[str]], Candidates]
"""Candidates that a cluster knows, given the words written so far."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come next.

    Args:
        candidates: Words, and what they mean.
        files: Whether a file may come as well.
    """

    candidates: Candidates
    files: bool = False

    def lines(self, beginning: str) -> Iterator[str]:
        """The answer in the protocol's lines, without what does not begin so."""
        for word, meaning in self.candidates.items():
            if word.startswith(beginning):
                yield f"{word}\t{meaning}" if meaning else word
        yield f":{_FILES if self.files else _NO_FILES}"


def complete(
    parser: argparse.ArgumentParser, words: Sequence[str], sources: Mapping[str, Source]
) -> Iterator[str]:
    """The lines that tell what a line may go on with.

    Args:
        parser: What is understood.
        words: The words behind the program's name, the last one unfinished.
        sources: Where candidates come from, by the metavar of what they are for.
    """
    *done, beginning = words or [""]
    return _answer(parser, done, beginning, sources).lines(beginning)


def _answer(
    parser: argparse.ArgumentParser,
    done: Sequence[str],
    beginning: str,
    sources: Mapping[str, Source],
) -> Answer:
    commands = _commands(parser)
    if not done:
        return _options(parser) if beginning.startswith("-") else Answer(_helps(commands))
    if done[0] not in commands.choices:
        return Answer({})
    command = commands.choices[done[0]]
    expected, places = _walk(command, done[1:])
    if expected is not None:
        return _values(expected, done, sources)
    if beginning.startswith("-"):
        return _options(command)
    return _values(places[0], done, sources) if places else Answer({})


def _walk(
    parser: argparse.ArgumentParser, words: Sequence[str]
) -> tuple[argparse.Action | None, list[argparse.Action]]:
    """The option that waits for its value, and the places that are not filled yet."""
    options = parser._option_string_actions
    places = [action for action in parser._actions if not action.option_strings]
    waiting: argparse.Action | None = None
    for word in words:
        if waiting is not None:
            waiting = None
        elif word in options:
            waiting = options[word] if options[word].nargs != 0 else None
        elif not word.startswith("-") and places and places[0].nargs != "+":
            places = places[1:]
    return waiting, places


def _values(action: argparse.Action, words: Sequence[str], sources: Mapping[str, Source]) -> Answer:
    if action.choices is not None:
        return Answer(dict.fromkeys(map(str, action.choices), ""))
    metavar = str(action.metavar or "")
    source = sources.get(metavar)
    candidates = source(words) if source else {}
    return Answer(candidates, files=any(word in metavar for word in _FILE_WORDS))


def _options(parser: argparse.ArgumentParser) -> Answer:
    return Answer(
        {
            option: _one_line(action.help)
            for action in parser._actions
            for option in action.option_strings
        }
    )


# argparse tells by no public means what a parser understands.
def _commands(
    parser: argparse.ArgumentParser,
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    found = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return next(found)


def _helps(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> Candidates:
    return {choice.dest: _one_line(choice.help) for choice in commands._choices_actions}


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
