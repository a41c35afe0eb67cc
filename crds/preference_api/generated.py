"""Files of the repository that are generated from the models: printed, or written in place."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A file and what it has to hold.

    Args:
        path: Where it lies in the repository.
        render: Gives its text.
    """

    path: Path
    render: Callable[[], str]

    def command(self, arguments: list[str], *, module: str) -> None:
        """Print the text, or with `--write` put it into the file."""
        parser = argparse.ArgumentParser(prog=f"python -m {module}")
        parser.add_argument("--write", action="store_true", help=f"write {self.path.name} instead")
        if parser.parse_args(arguments).write:
            self.path.write_text(self.render(), encoding="utf-8")
        else:
            sys.stdout.write(self.render())
