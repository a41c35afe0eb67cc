"""The examples for GitOps tools: what they hold fits together, and the kind takes the manifest."""

import subprocess
import sys
from typing import Any

import pytest
import yaml

from argo_cd import FOLDER, ROOT
from preference_api.faults import find_faults

Body = dict[str, Any]

EXAMPLES = ROOT / "examples" / "gitops"
KEY = "preference.dev_PreferenceJob"


def load(path: str) -> list[Body]:
    return list(yaml.safe_load_all((EXAMPLES / path).read_text(encoding="utf-8")))


def test_there_are_no_other_examples() -> None:
    there = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.yaml")}
    assert there == {
        "argocd/application.yaml",
        "argocd/argocd-cm.yaml",
        "flux/preferencejobs.yaml",
        "jobs/tone.yaml",
    }


def test_the_kind_takes_the_manifest() -> None:
    [job] = load("jobs/tone.yaml")
    assert [str(fault) for fault in find_faults(job)] == []
    assert "suspend" not in job["spec"]
    assert "nonce" not in job["spec"]["retrain"]


def test_argo_cd_gets_the_scripts_as_they_are() -> None:
    [config_map] = load("argocd/argocd-cm.yaml")
    assert config_map["metadata"]["labels"] == {"app.kubernetes.io/part-of": "argocd"}
    data = config_map["data"]
    actions = yaml.safe_load(data.pop(f"resource.customizations.actions.{KEY}"))
    health = data.pop(f"resource.customizations.health.{KEY}")
    assert data == {}
    given = {"health.lua": health, "actions/discovery.lua": actions["discovery.lua"]}
    for one in actions["definitions"]:
        given[f"actions/{one['name']}/action.lua"] = one["action.lua"]
    assert given == {
        str(path.relative_to(FOLDER)): path.read_text() for path in FOLDER.rglob("*.lua")
    }


def test_the_customization_is_what_its_generator_writes() -> None:
    generator = ROOT / "gitops" / "argocd" / "customization.py"
    done = subprocess.run([sys.executable, generator], capture_output=True, text=True, check=True)
    assert done.stdout == (EXAMPLES / "argocd/argocd-cm.yaml").read_text(encoding="utf-8")


def test_argo_cd_ignores_fields_that_there_are_only_and_syncs_in_one_step() -> None:
    [application] = load("argocd/application.yaml")
    spec = application["spec"]
    assert "RespectIgnoreDifferences=true" in spec["syncPolicy"]["syncOptions"]
    [ignored] = spec["ignoreDifferences"]
    assert (ignored["group"], ignored["kind"]) == tuple(KEY.split("_"))
    assert ignored["jsonPointers"] == ["/spec/suspend"]
    [job] = load("jobs/tone.yaml")
    assert "annotations" not in job["metadata"]


@pytest.mark.parametrize("field", ["path", "namespace"])
def test_both_tools_keep_the_same_folder(field: str) -> None:
    [application] = load("argocd/application.yaml")
    repository, kustomization = load("flux/preferencejobs.yaml")
    argo = {**application["spec"]["source"], **application["spec"]["destination"]}
    flux = kustomization["spec"]
    flux = {"path": flux["path"].removeprefix("./"), "namespace": flux["targetNamespace"]}
    assert argo[field] == flux[field]
    assert argo["repoURL"] == repository["spec"]["url"]


def test_flux_does_not_wait_for_a_training() -> None:
    repository, kustomization = load("flux/preferencejobs.yaml")
    assert kustomization["spec"]["sourceRef"] == {
        "kind": repository["kind"],
        "name": repository["metadata"]["name"],
    }
    assert kustomization["spec"]["wait"] is False
    assert "healthChecks" not in kustomization["spec"]
