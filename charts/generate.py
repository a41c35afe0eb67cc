"""Writes what of the chart comes from elsewhere: `python charts/generate.py [--write]`.

Without `--write` the files that are out of date are named, and the exit code is 1.
"""

import argparse
import sys

import chart_dashboard
import chart_readme
from chart_paths import CHART

from preference_api import crd
from preference_api.generated import GeneratedFile

FILES = (
    GeneratedFile(path=CHART / "files" / crd.FILE.path.name, render=crd.rendered),
    GeneratedFile(path=CHART / "files" / "dashboard.json", render=chart_dashboard.rendered),
    GeneratedFile(path=CHART / "README.md", render=chart_readme.rendered),
)


def main(arguments: list[str]) -> int:
    """Write the files, or tell which have to be written; the exit code."""
    parser = argparse.ArgumentParser(prog="python charts/generate.py")
    parser.add_argument("--write", action="store_true", help="write the files that differ")
    write = parser.parse_args(arguments).write
    old = [file for file in FILES if not _is_current(file)]
    for file in old:
        print(f"{'written' if write else 'out of date'}: {file.path.name}")
        if write:
            file.path.write_text(file.render(), encoding="utf-8")
    return 1 if old and not write else 0


def _is_current(file: GeneratedFile) -> bool:
    return file.path.is_file() and file.path.read_text(encoding="utf-8") == file.render()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
