"""The bill of materials of an image: `python release/sbom.py NAME ENVIRONMENT`, to standard output.

CycloneDX 1.6 as JSON. cyclonedx-py tells the Python packages of a virtual environment; Debian's
packages and the interpreter are those of the system around it. The same content gives the same
bytes: nothing says when or where they were written.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packageurl import PackageURL

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
DEBIAN_PACKAGES = Path("/var/lib/dpkg/status")
UNSTATED = {"cel-python": "Apache-2.0"}
"""Licences that stand in a package's licence file and not in its metadata."""

Component = dict[str, Any]


def bill(name: str, environment: Path) -> dict[str, Any]:
    """The bill of materials of an image.

    Args:
        name: Of the image.
        environment: A virtual environment in it.
    """
    document = _python_packages(environment)
    document["metadata"]["component"]["name"] = name
    licences = dict(_licence_texts(environment))
    for component in document["components"]:
        component.setdefault("licenses", _declared(licences.get(component["name"])))
    document["components"] += [_interpreter(), *debian_packages(_text(DEBIAN_PACKAGES))]
    return document


def debian_packages(status: str) -> list[Component]:
    """The packages that dpkg's status file says are installed; it names no licences."""
    found = []
    for paragraph in status.split("\n\n"):
        entries = (line.partition(":") for line in paragraph.splitlines())
        field = {name: value.strip() for name, _, value in entries}
        if field.get("Status") == "install ok installed":
            found.append(_debian_package(field))
    return found


def _debian_package(field: Mapping[str, str]) -> Component:
    name, version = field["Package"], field["Version"]
    where = PackageURL("deb", "debian", name, version, {"arch": field["Architecture"]}).to_string()
    return {"type": "library", "bom-ref": where, "name": name, "version": version, "purl": where}


def _interpreter() -> Component:
    version = platform.python_version()
    where = f"pkg:generic/python@{version}"
    return {
        "type": "platform",
        "bom-ref": where,
        "name": "python",
        "version": version,
        "licenses": [{"license": {"id": "PSF-2.0"}}],
        "cpe": f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
        "purl": where,
    }


def _python_packages(environment: Path) -> dict[str, Any]:
    command = (
        *(sys.executable, "-m", "cyclonedx_py", "environment", environment / "bin" / "python"),
        *("--pyproject", PROJECT, "--spec-version", "1.6", "--output-reproducible"),
        # Validation takes longer than everything else; tests do it.
        "--no-validate",
    )
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    document: dict[str, Any] = json.loads(told)
    return document


def _licence_texts(environment: Path) -> Iterator[tuple[str, str]]:
    """What each package's metadata says in words, which cyclonedx-py leaves out."""
    folders = [str(folder) for folder in environment.glob("lib/python3.*/site-packages")]
    for package in distributions(path=folders):
        name = package.metadata["Name"]
        yield name, package.metadata.get("License") or UNSTATED.get(name, "")


def _declared(text: str | None) -> list[Component]:
    return [{"license": {"name": text, "acknowledgement": "declared"}}] if text else []


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


if __name__ == "__main__":
    print(json.dumps(bill(sys.argv[1], Path(sys.argv[2])), indent=1, sort_keys=True))
