"""The page on security names every attempt that is tried, and tests that are there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chart.test_bounds import REFUSED as BY_PREFERENCE_JOB
from chart.test_stolen_token import REFUSED as BY_JOB
from helm_chart import CHART

ROOT = CHART.parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text()
SPANS = set(re.findall(r"`([^`\n]+)`", PAGE))
TESTS = sorted(span for span in SPANS if span.startswith("tests/"))
ATTEMPTS = ("test_bounds.py", "test_stolen_token.py", "test_deletions.py")
PASSING = {"test_what_teams_need_passes", "test_the_operators_own_jobs_pass"}
ABOUT_THE_TESTS = {"test_every_bound_is_tried"}


def functions(path: Path) -> set[str]:
    """Names of the tests in a file."""
    found = ast.parse(path.read_text()).body
    names = {one.name for one in found if isinstance(one, ast.FunctionDef)}
    return {name for name in names if name.startswith("test_")}


@pytest.mark.parametrize("test", TESTS)
def test_a_test_that_is_named_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    assert (ROOT / path).exists()
    assert not name or name in functions(ROOT / path)


@pytest.mark.parametrize("file", ATTEMPTS)
def test_every_test_of_attempts_is_named(file: str) -> None:
    path = Path(__file__).parent / file
    named = {test.partition("::")[2] for test in TESTS if f"/{file}::" in test}
    assert functions(path) - PASSING - ABOUT_THE_TESTS == named


def fields(paths: Iterator[str], *, steps: int) -> set[str]:
    """Fields as the page names them: of a spec without it, of pods and containers alone.

    Args:
        paths: Of whole objects.
        steps: How deep the page goes; one more in metadata.
    """
    outer = re.compile(r"^spec\.(template\.(spec\.(containers\.0\.)?)?)?")
    inner = [outer.sub("", path).split(".") for path in paths]
    return {".".join(one[: steps + (one[0] == "metadata")]) for one in inner}


THROUGH_PREFERENCE_JOBS = fields((path for path, _, _ in BY_PREFERENCE_JOB), steps=2)
THROUGH_JOBS = fields((path for path, _, _ in BY_JOB), steps=1)


@pytest.mark.parametrize("path", sorted(THROUGH_PREFERENCE_JOBS | THROUGH_JOBS))
def test_every_field_that_is_tried_is_named(path: str) -> None:
    assert path in SPANS
