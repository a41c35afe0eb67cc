"""The Helm chart, as `helm` renders and installs it."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import programs
from control_plane import ControlPlane
from preference_api import crd
from preference_operator.settings import Settings, read_settings

CHART = Path(__file__).resolve().parents[1] / "charts" / "preference-operator"
NAMESPACE = "preference-system"
RELEASE = ACCOUNT = "preference-operator"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"

Body = dict[str, Any]
Values = Mapping[str, Any]


class HelmFailed(Exception):
    """helm ended with an error; the text is what it wrote there."""


def helm(*arguments: str | Path, values: Values | None = None) -> str:
    """What helm prints.

    Raises:
        HelmFailed: It ended with an error.
    """
    given = () if values is None else ("--values", "-")
    done = subprocess.run(
        [programs.find("helm"), *arguments, *given],
        input=None if values is None else json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise HelmFailed(done.stderr.strip() or done.stdout.strip())
    return done.stdout


def template(values: Values | None = None, *, release: str = RELEASE) -> str:
    """The manifests of a release, as YAML."""
    return helm("template", release, CHART, "--namespace", NAMESPACE, values=values or {})


def documents(values: Values | None = None, *, release: str = RELEASE) -> list[Body]:
    """The manifests of a release."""
    found = yaml.load_all(template(values, release=release), Loader=yaml.CSafeLoader)
    return [document for document in found if document]


def only(objects: list[Body], kind: str, name: str = "") -> Body:
    """The one manifest of a kind, and of a name where there are several."""
    (found,) = (
        one for one in objects if one["kind"] == kind and name in ("", one["metadata"]["name"])
    )
    return found


def environment(objects: list[Body]) -> dict[str, str]:
    """The variables of the operator's container."""
    (container,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one["value"] for one in container["env"]}


def settings(values: Values | None = None) -> Settings:
    """What the operator of a release reads out of its environment."""
    return read_settings(environment(documents(values)))


def of_version(folder: Path, version: str, change: Callable[[Body], object]) -> Path:
    """A copy of the chart as another version, whose kind has other fields in its spec.

    Args:
        folder: Where to.
        version: Of the chart.
        change: Edits the schemas of the spec's fields by their names.
    """
    chart = folder / CHART.name
    shutil.copytree(CHART, chart)
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    (chart / "Chart.yaml").write_text(yaml.safe_dump({**about, "version": version}))
    file = chart / "files" / crd.FILE.path.name
    definition = yaml.safe_load(file.read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    change(schema["properties"]["spec"]["properties"])
    file.write_text(yaml.safe_dump(definition, sort_keys=False))
    return chart


@dataclass(frozen=True, slots=True)
class Release:
    """A release on a control plane.

    Args:
        plane: Where it is.
        values: What it was installed with.
        name: Its name.
    """

    plane: ControlPlane
    values: Values
    name: str = RELEASE

    def install(self, chart: Path = CHART, *options: str) -> str:
        """Install it, and make its namespace; pods are not waited for, since there is no node."""
        return self._run("install", self.name, chart, "--create-namespace", *options)

    def upgrade(self, values: Values | None = None) -> str:
        """Upgrade it to the chart as it is, with other values where some are given."""
        chosen = self.values if values is None else values
        return self._run("upgrade", self.name, CHART, values=chosen)

    def uninstall(self) -> str:
        """Remove it."""
        return helm("uninstall", self.name, *self._place)

    @property
    def installed(self) -> bool:
        """Whether helm knows it."""
        return self.name in helm("list", "--short", *self._place).split()

    @property
    def _place(self) -> tuple[str | Path, ...]:
        return ("--namespace", NAMESPACE, "--kubeconfig", self.plane.kubeconfig)

    def _run(self, command: str, *arguments: str | Path, values: Values | None = None) -> str:
        chosen = self.values if values is None else values
        return helm(command, *arguments, *self._place, values=chosen)
