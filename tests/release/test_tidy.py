"""Installed packages are made small, and the same wherever and whenever that is done."""

import marshal
import os
import subprocess
import sys
from pathlib import Path
from types import CodeType

import tidy

PACKAGES = Path("lib/python3.11/site-packages")
KEPT = ("package/__init__.py", "package/contest.py", "torch/bin/torch_shm_manager", "torch/t.py")
GONE = (
    "package/tests/test_it.py",
    "package/tests/inner/tests/data.txt",
    "package/sub/test/case.py",
    "torch/include/torch.h",
    "torch/bin/protoc",
    "torch/bin/test_api",
    "torch/bin/TCPStoreTest",
)
CODE = "def f(x):\n    return x in {'one', 'two', 'three', 'four', 'five'}\n"
UNCHECKED_HASH = 1


def made(folder: Path) -> Path:
    """A prefix with packages, as pip leaves it."""
    for name in (*KEPT, *GONE):
        file = folder / PACKAGES / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(CODE)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to("/usr/bin/python3")
    return folder


def tidied(folder: Path) -> Path:
    """The same prefix, after the script has run over it in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "1700000000"}
    command = [sys.executable, tidy.__file__, made(folder)]
    subprocess.run(command, env=environment, check=True)
    return folder


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Time and bytes of everything below a folder."""
    paths = [folder, *folder.rglob("*")]
    return {
        str(path.relative_to(folder)): (
            int(path.lstat().st_mtime),
            b"" if path.is_dir() or path.is_symlink() else path.read_bytes(),
        )
        for path in paths
    }


def test_what_nobody_imports_goes_and_the_rest_stays(tmp_path: Path) -> None:
    packages = tidied(tmp_path / "prefix") / PACKAGES
    sources = {str(file.relative_to(packages)) for file in packages.rglob("*") if file.is_file()}
    assert {name for name in sources if not name.endswith(".pyc")} == set(KEPT)


def test_two_builds_are_the_same_to_the_byte(tmp_path: Path) -> None:
    one, other = contents(tidied(tmp_path / "one")), contents(tidied(tmp_path / "other"))
    assert one == other
    assert {time for time, _ in one.values()} == {1_700_000_000}
    assert sum(name.endswith(".pyc") for name in one) == 3


def test_bytecode_is_never_compared_and_names_the_file_of_the_image(tmp_path: Path) -> None:
    (file,) = (tidied(tmp_path / "prefix") / PACKAGES / "package").rglob("contest.*.pyc")
    data = file.read_bytes()
    assert int.from_bytes(data[4:8], "little") == UNCHECKED_HASH
    code = marshal.loads(data[16:])
    assert isinstance(code, CodeType)
    assert code.co_filename == f"/venv/{PACKAGES}/package/contest.py"
