import argparse
from collections.abc import Mapping, Sequence

import pytest

from preference_cli.complete import Source, complete


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser()
    commands = whole.add_subparsers()
    show = commands.add_parser("show", help="show\n  one")
    show.add_argument("name", metavar="NAME")
    show.add_argument("form", choices=("long", "short"), nargs="?")
    show.add_argument("-q", "--quiet", action="store_true", help="say less")
    show.add_argument("--level", choices=(1, 2))
    commands.add_parser("send", help="send files").add_argument("file", nargs="+", metavar="FILE")
    return whole


def names(words: Sequence[str]) -> Mapping[str, str]:
    return {"tiny": " ".join(words), "tone": "", "other": ""}


SOURCES: Mapping[str, Source] = {"NAME": names}


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ([], ["show\tshow one", "send\tsend files", ":4"]),
        (["se"], ["send\tsend files", ":4"]),
        (["--"], ["--help\tshow this help message and exit", ":4"]),
        (["nonsense", ""], [":4"]),
        (["show", ""], ["tiny\tshow", "tone", "other", ":4"]),
        (["show", "t"], ["tiny\tshow", "tone", ":4"]),
        (["show", "-q", "ti"], ["tiny\tshow -q", ":4"]),
        (["show", "--level", "2", "ti"], ["tiny\tshow --level 2", ":4"]),
        (["show", "--level=2", "ti"], ["tiny\tshow --level=2", ":4"]),
        (["show", "tiny", ""], ["long", "short", ":4"]),
        (["show", "tiny", "long", ""], [":4"]),
        (["show", "--level", ""], ["1", "2", ":4"]),
        (["show", "--qu"], ["--quiet\tsay less", ":4"]),
        (["send", ""], [":0"]),
        (["send", "a", "b", ""], [":0"]),
    ],
)
def test_a_line_goes_on_with_what_is_understood(words: list[str], lines: list[str]) -> None:
    assert list(complete(parser(), words, SOURCES)) == lines
