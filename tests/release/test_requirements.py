"""What an image installs is what pyproject.toml says, and never the project from an index."""

import pytest
from requirements import requirements

PROJECT = {
    "name": "the-project",
    "dependencies": ["always>=1"],
    "optional-dependencies": {
        "one": ["a>=1", "b>=2"],
        "two": ["b>=2", "c"],
        "more": ["the-project[one]", "d"],
        "all": ["the-project[more,two]"],
        "similar": ["the-project-plugin[one]"],
    },
}

CASES = {
    "none": ([], ["always>=1"]),
    "one": (["one"], ["always>=1", "a>=1", "b>=2"]),
    "two at once": (["one", "two"], ["always>=1", "a>=1", "b>=2", "c"]),
    "of itself": (["more"], ["always>=1", "a>=1", "b>=2", "d"]),
    "of itself twice": (["all"], ["always>=1", "a>=1", "b>=2", "d", "c"]),
    "another project": (["similar"], ["always>=1", "the-project-plugin[one]"]),
}


@pytest.mark.parametrize(("extras", "expected"), CASES.values(), ids=CASES.keys())
def test_requirements_of_extras(extras: list[str], expected: list[str]) -> None:
    assert requirements(PROJECT, extras) == expected


def test_an_unknown_extra_is_refused() -> None:
    with pytest.raises(KeyError, match="three"):
        requirements(PROJECT, ["three"])
