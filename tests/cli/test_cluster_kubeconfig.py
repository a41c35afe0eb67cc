import json
from pathlib import Path
from typing import Any

import pytest

from preference_cli.cluster.kubeconfig import Access, connect, contexts
from preference_cli.errors import CommandError


def config(**changes: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "prod",
        "clusters": [{"name": "main", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "ada", "user": {"token": "secret"}}],
        "contexts": [
            {"name": "prod", "context": {"cluster": "main", "user": "ada", "namespace": "team"}},
            {"name": "bare", "context": {"cluster": "main", "user": "ada"}},
        ],
        **changes,
    }


def write(path: Path, value: Any) -> str:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    return write(tmp_path / "kubeconfig", config())


@pytest.mark.parametrize(
    ("access", "context", "namespace"),
    [
        ({}, "prod", "team"),
        ({"namespace": "other"}, "prod", "other"),
        ({"context": "bare"}, "bare", "default"),
    ],
)
def test_options_stand_above_the_kubeconfig(
    kubeconfig: str, access: dict[str, str], context: str, namespace: str
) -> None:
    found = connect(Access(kubeconfig=kubeconfig, **access))
    assert (found.context, found.namespace) == (context, namespace)


def test_the_variable_may_name_several_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(tmp_path / "a", config(contexts=[]))
    second = write(tmp_path / "b", config(users=[], clusters=[]))
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'absent'}:{second}")
    assert contexts(Access()) == ["prod", "bare"]
    assert connect(Access()).namespace == "team"


def test_the_home_folder_has_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube" / "config", config())
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert connect(Access()).context == "prod"


def test_impersonation_is_followed(tmp_path: Path) -> None:
    users = [{"name": "ada", "user": {"token": "secret", "as": "reader", "as-uid": "7"}}]
    found = connect(Access(kubeconfig=write(tmp_path / "kubeconfig", config(users=users))))
    headers = found.client.default_headers
    assert (headers["Impersonate-User"], headers["Impersonate-Uid"]) == ("reader", "7")


@pytest.mark.parametrize(
    ("content", "access", "message"),
    [
        (config(), {"context": "prd"}, "the kubeconfig has no context prd"),
        (config(**{"current-context": ""}), {}, "no context is chosen"),
        ("a: [", {}, "the kubeconfig cannot be used"),
        ("", {}, "the kubeconfig cannot be used"),
        ("text", {}, "the kubeconfig cannot be used"),
        (config(contexts=[{}]), {}, "the kubeconfig cannot be used"),
        (config(contexts="prod"), {}, "the kubeconfig cannot be used"),
        (config(clusters=[]), {}, "Expected object with name main"),
        (
            config(users=[{"name": "ada", "user": {"as": "x", "as-groups": ["y"]}}]),
            {},
            "as-groups of user ada is not supported",
        ),
        (
            config(users=[{"name": "ada", "user": {"client-certificate-data": "abcde"}}]),
            {},
            "the kubeconfig cannot be used",
        ),
    ],
)
def test_faults_of_the_kubeconfig_are_named(
    tmp_path: Path, content: Any, access: dict[str, str], message: str
) -> None:
    kubeconfig = write(tmp_path / "kubeconfig", content)
    with pytest.raises(CommandError) as caught:
        connect(Access(kubeconfig=kubeconfig, **access))
    assert message in caught.value.message
    assert "secret" not in caught.value.message


def test_a_wrong_context_lists_the_right_ones(kubeconfig: str) -> None:
    with pytest.raises(CommandError) as caught:
        connect(Access(kubeconfig=kubeconfig, context="prd"))
    assert caught.value.remedy.endswith("prod, bare")


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        connect(Access(kubeconfig=str(tmp_path / "absent")))
    assert "there is no kubeconfig at" in caught.value.message


def test_a_missing_library_names_the_extra(
    kubeconfig: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kubernetes.client", None)
    with pytest.raises(CommandError) as caught:
        connect(Access(kubeconfig=kubeconfig))
    assert "'.[cli]' in a checkout of preference-operator" in caught.value.remedy
