"""The bill of materials names everything, with version and licence, in CycloneDX's own form."""

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sbom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[2]
STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u13
Description: GNU C Library
 Version: of another line

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2026a-0
"""
METADATA = {
    "classified": "Classifier: License :: OSI Approved :: MIT License",
    "expressed": "License-Expression: Apache-2.0 OR MIT",
    "in-words": "License: 3-Clause BSD License",
    "cel-python": "Summary: says nothing about licences",
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with a package for each way to state a licence."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python3.*/site-packages")
    for name, line in METADATA.items():
        about = packages / f"{name.replace('-', '_')}-1.5.dist-info"
        about.mkdir()
        head = f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.5\n"
        (about / "METADATA").write_text(f"{head}{line}\n")
    return folder


@pytest.fixture
def told(environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    status = tmp_path / "status"
    status.write_text(STATUS)
    monkeypatch.setattr(sbom, "DEBIAN_PACKAGES", status)
    return sbom.bill("preference-example", environment)


def python_packages(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = (c for c in told["components"] if c["purl"].startswith("pkg:pypi/"))
    return {normal(component["name"]): component for component in found}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_it_is_valid(told: dict[str, Any]) -> None:
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(told))
    assert found is None, found


def test_it_is_named_after_the_image_and_the_version(told: dict[str, Any]) -> None:
    about = told["metadata"]["component"]
    version = importlib.metadata.version("preference-operator")
    assert (about["name"], about["version"]) == ("preference-example", version)


def test_every_way_to_state_a_licence_is_read(told: dict[str, Any]) -> None:
    stated = {name: python_packages(told)[name]["licenses"] for name in METADATA}
    assert stated["classified"][0]["license"]["id"] == "MIT"
    assert stated["expressed"][0]["expression"] == "Apache-2.0 OR MIT"
    assert stated["in-words"][0]["license"]["name"] == "3-Clause BSD License"
    assert stated["cel-python"][0]["license"]["name"] == "Apache-2.0"


def test_debian_packages_are_those_that_are_installed(told: dict[str, Any]) -> None:
    found = {c["name"]: c["purl"] for c in told["components"] if c["purl"].startswith("pkg:deb/")}
    assert found == {
        "libc6": "pkg:deb/debian/libc6@2.36-9%2Bdeb12u13?arch=amd64",
        "tzdata": "pkg:deb/debian/tzdata@2026a-0?arch=all",
    }


def test_the_interpreter_is_named(told: dict[str, Any]) -> None:
    (found,) = (c for c in told["components"] if c["type"] == "platform")
    assert (found["name"], found["version"]) == ("python", sys.version.split()[0])


def test_the_same_content_gives_the_same_bill(told: dict[str, Any], environment: Path) -> None:
    assert sbom.bill("preference-example", environment) == told


def test_every_pinned_package_has_its_version_and_a_licence() -> None:
    components = python_packages(sbom.bill("preference-test", Path(sys.prefix)))
    lines = (ROOT / "constraints.txt").read_text().split()
    pins = {normal(name): version for name, _, version in (line.partition("==") for line in lines)}
    installed = {normal(package.metadata["Name"]) for package in importlib.metadata.distributions()}
    pinned = pins.keys() & installed
    assert len(pinned) > 100
    assert pinned - components.keys() == set()
    told = {name: components[name]["version"].partition("+")[0] for name in pinned}
    assert told == {name: pins[name] for name in pinned}
    assert [name for name in pinned if not components[name].get("licenses")] == []
