"""What extras of the project install: `python release/requirements.py EXTRA...`, a line each.

An extra that names the project with other extras stands for theirs, so that no package index is
ever asked for the project itself.
"""

import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def requirements(project: Mapping[str, Any], extras: Sequence[str]) -> list[str]:
    """The requirements of the project and of some of its extras, each once.

    Args:
        project: The table `project` of pyproject.toml (PEP 621).
        extras: Names of optional dependencies.

    Raises:
        KeyError: The project has no extra of that name.
    """
    own = re.compile(rf"{re.escape(project['name'])}\[(.+)\]")
    found = dict.fromkeys(project["dependencies"])
    for extra in extras:
        for line in project["optional-dependencies"][extra]:
            others = own.fullmatch(line)
            lines = requirements(project, others[1].split(",")) if others else [line]
            found |= dict.fromkeys(lines)
    return list(found)


if __name__ == "__main__":
    table = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    print(*requirements(table, sys.argv[1:]), sep="\n")
