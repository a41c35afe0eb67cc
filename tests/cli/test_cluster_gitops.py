from typing import Any

import pytest

from preference_cli.cluster.gitops import keeper


@pytest.mark.parametrize(
    ("metadata", "tool", "evidence"),
    [
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "app:x"}},
            "Argo CD",
            "annotation argocd.argoproj.io/tracking-id",
        ),
        ({"labels": {"argocd.argoproj.io/instance": "app"}}, "Argo CD", "label argocd"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, "Flux", "label kustomize"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "apps"}}, "Flux", "label helm"),
        ({"managedFields": [{"manager": "argocd-controller"}]}, "Argo CD", "field manager argocd"),
        (
            {"managedFields": [{"manager": "kubectl"}, {"manager": "kustomize-controller"}]},
            "Flux",
            "field manager kustomize-controller",
        ),
    ],
)
def test_a_gitops_tool_is_told_by_its_marks(
    metadata: dict[str, Any], tool: str, evidence: str
) -> None:
    found = keeper(metadata)
    assert found is not None
    assert found.tool == tool
    assert found.evidence.startswith(evidence)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"labels": {"app.kubernetes.io/instance": "helm-release"}},
        {"managedFields": [{"manager": "kubectl"}, {"manager": "preference-operator"}]},
    ],
)
def test_others_keep_nothing(metadata: dict[str, Any]) -> None:
    assert keeper(metadata) is None
