"""Makes installed packages small, and the same at every build: `python release/tidy.py PREFIX`.

What no program imports goes. Bytecode is compiled here rather than by pip, since pip's holds the
time of the build; the files of an image never change, so that nothing has to be compared when they
are loaded. Python has to run with PYTHONHASHSEED=0: the order of set literals depends on it.
"""

import compileall
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from py_compile import PycInvalidationMode

INSTALLED = "/venv"
"""Where the prefix ends up in an image, which is what a traceback has to show."""
TESTS = frozenset({"test", "tests"})
UNUSED = ("torch/include", "torch/bin/test_*", "torch/bin/*Test", "torch/bin/protoc*")
"""Headers and programs for those who extend torch; kernels are not compiled at run time."""


def tidy(prefix: Path) -> None:
    """Remove what is not used, compile what is left, and give all of it one time.

    Args:
        prefix: The folder that holds `lib/python3.x/site-packages`.
    """
    for packages in prefix.glob("lib/python3.*/site-packages"):
        for path in unused(packages):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    compileall.compile_dir(
        prefix,
        quiet=2,
        workers=0,
        force=True,
        stripdir=str(prefix),
        prependdir=INSTALLED,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    moment = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    for path in [prefix, *prefix.rglob("*")]:
        os.utime(path, (moment, moment), follow_symlinks=False)


def unused(packages: Path) -> Iterator[Path]:
    """The outermost folders of tests, and what else of the packages nobody needs."""
    for folder, names, _ in os.walk(packages):
        yield from (Path(folder, name) for name in sorted(TESTS.intersection(names)))
        names[:] = set(names) - TESTS
    for pattern in UNUSED:
        yield from packages.glob(pattern)


if __name__ == "__main__":
    tidy(Path(sys.argv[1]))
