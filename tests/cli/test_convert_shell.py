import pytest

from preference_cli.convert.shell import commands_of, split_assignments
from preference_cli.errors import CommandError


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("trl dpo --beta 0.1", [["trl", "dpo", "--beta", "0.1"]]),
        ("trl dpo \\\n  --beta \\\n 0.1\n", [["trl", "dpo", "--beta", "0.1"]]),
        ("a --b 'c d' --e=\"f g\"", [["a", "--b", "c d", "--e=f g"]]),
        ("# why\na b # c\nd", [["a", "b"], ["d"]]),
        ("#!/bin/sh\n\na;b && c | tee d &", [["a"], ["b"], ["c"], ["tee", "d"]]),
        ("a --b 1 > log.txt 2>&1", [["a", "--b", "1"]]),
        ("a < in --b 2", [["a", "--b", "2"]]),
        ("N=8\nexport M='x y'\na --n ${N} --m $M", [["a", "--n", "8", "--m", "x y"]]),
        ("N=8; K=$N$N; a $K", [["a", "88"]]),
        ("N=8 a --n 1", [["N=8", "a", "--n", "1"]]),
        ('a --json \'{"b": "c"}\'', [["a", "--json", '{"b": "c"}']]),
        ("a 'two\nlines'", [["a", "two\nlines"]]),
    ],
)
def test_commands(text: str, commands: list[list[str]]) -> None:
    assert commands_of(text) == commands


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a $B", "[$]B: only the shell"),
        ("a $(date)", "only the shell"),
        ("a `date`", "only the shell"),
        ('a "$@"', "only the shell"),
        ("a ${B:-1}", "only the shell"),
        ("a 'b", "No closing quotation"),
    ],
)
def test_what_only_a_shell_knows_is_refused(text: str, says: str) -> None:
    with pytest.raises(CommandError, match=says) as caught:
        commands_of(text)
    assert caught.value.remedy


def test_assignments_stand_before_the_command() -> None:
    words = ["A=1", "B=x=y", "run", "C=3"]
    assert split_assignments(words) == ({"A": "1", "B": "x=y"}, ["run", "C=3"])
