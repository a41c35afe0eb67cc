"""The images as they are released: small, layered, described, and content with very little.

That they operate and train under a read-only root without a shell is shown by every other test
here: nodes run these very images.
"""

import errno
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import image_contents
import images
from image_contents import own_files, own_layers, total
from images import OPERATOR, RELEASED, TRAINER, Recipe

pytestmark = pytest.mark.node

MEGABYTE = 10**6
PARTS = {"operator": OPERATOR, "trainer": TRAINER}
LARGEST = {"operator": 200 * MEGABYTE, "trainer": 1400 * MEGABYTE}
"""What an image may add to its base; the trainer's is for processors."""
CODE = {
    "operator": "operator/preference_operator/plan.py",
    "trainer": "trainer-image/preference_trainer/training.py",
}
STARTS = {
    "operator": ([], "no way to the API server"),
    "trainer": (["check"], "PREFERENCE_RUN"),
}
"""What a program says that is started with nothing around it."""
SHELLS = ("sh", "bash", "dash", "ash", "zsh", "busybox")
FIND_SHELLS = """
import json, shutil, sys
print(json.dumps([name for name in sys.argv[1:] if shutil.which(name)]))
"""
LIST_PACKAGES = """
import importlib.metadata as metadata, json
print(json.dumps([[p.metadata["Name"], p.version] for p in metadata.distributions()]))
"""
READ_BILL = "import pathlib, sys; print(pathlib.Path(sys.argv[1]).read_text())"
WRITE = """
import pathlib, sys
pathlib.Path("/tmp/here").touch()
try:
    pathlib.Path(sys.prefix, "there").touch()
except OSError as error:
    sys.exit(error.errno)
"""


@pytest.fixture(params=PARTS)
def part(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def image(part: str) -> str:
    return images.built(PARTS[part])


def test_an_image_says_what_it_is(part: str, image: str) -> None:
    labels = images.inspected(image)["Config"]["Labels"]
    told = {name.rpartition("image.")[2]: value for name, value in labels.items()}
    released = {name.lower(): value for name, value in RELEASED.items()}
    expected = {"title": f"preference-{part}", "licenses": "Apache-2.0", **released}
    assert expected.items() <= told.items()
    assert told["base.name"] == images.runtime()
    assert told["description"].endswith(".")


def test_an_image_starts_its_program_itself_as_nobody(image: str) -> None:
    config = images.inspected(image)["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"][0] in {"python", "preference-trainer"}
    assert "Cmd" not in config or config["Cmd"] is None


def test_an_image_is_small(part: str, image: str) -> None:
    assert total(own_layers(image)) < LARGEST[part]


def test_no_file_gives_rights(image: str) -> None:
    files = list(own_files(image))
    assert len(files) > 1000
    given = [file.name for file in files if file.mode & 0o6000]
    open_to_all = [file.name for file in files if file.mode & 0o022 and not file.issym()]
    of_others = [file.name for file in files if file.uid or file.gid]
    assert (given, open_to_all, of_others) == ([], [], [])


def test_nothing_but_tmp_can_be_written_to(image: str) -> None:
    assert images.in_a_container(image, "python", "-c", WRITE).returncode == errno.EROFS


def test_programs_start_without_a_shell(part: str, image: str) -> None:
    assert image_contents.told_by_python(image, FIND_SHELLS, *SHELLS) == []
    arguments, words = STARTS[part]
    command = images.inspected(image)["Config"]["Entrypoint"]
    ended = images.in_a_container(image, *command, *arguments)
    assert ended.returncode, ended.stdout
    assert words in ended.stdout + ended.stderr


def test_the_bill_names_what_is_there(part: str, image: str) -> None:
    where = f"/usr/share/sbom/preference-{part}.cdx.json"
    told = image_contents.told_by_python(image, READ_BILL, where)
    assert isinstance(told, dict)
    named = [[component["name"], component["version"]] for component in told["components"]]
    packages = image_contents.told_by_python(image, LIST_PACKAGES)
    assert isinstance(packages, list)
    own = ["preference-operator", told["metadata"]["component"]["version"]]
    assert own in packages
    assert [package for package in packages if package not in [own, *named]] == []
    names = {name for name, _ in named}
    assert {"python", "libc6", "ca-certificates"} <= names
    assert names.isdisjoint({"pip", "pytest", "cyclonedx-bom"})


def test_a_change_of_code_moves_little(part: str, image: str, tmp_path: Path) -> None:
    before, after = own_layers(image), own_layers(images.built(edited(part, tmp_path)))
    moved = [layer for layer in after if layer not in before]
    assert 0 < total(moved) < 5 * MEGABYTE
    assert total([layer for layer in after if layer in before]) > 100 * MEGABYTE


def test_an_image_built_again_is_the_same(tmp_path: Path) -> None:
    again = images.built(replace(OPERATOR, name="preference-operator-again"), "--no-cache")
    assert own_layers(again) == own_layers(images.built(OPERATOR))


def edited(part: str, folder: Path) -> Recipe:
    """The recipe of a part whose code has one more line."""
    recipe = PARTS[part]
    kept = (".dockerignore", "LICENSE", "README.md", "constraints.txt", "pyproject.toml")
    for name in (*kept, recipe.dockerfile):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(images.ROOT / name, folder / name)
    for name in ("release", *recipe.sources):
        shutil.copytree(images.ROOT / name, folder / name)
    with (folder / CODE[part]).open("a") as file:
        file.write("EDITED = True\n")
    return replace(recipe, name=f"{recipe.name}-edited", root=folder)
