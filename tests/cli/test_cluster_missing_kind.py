from collections.abc import Iterator
from pathlib import Path

import pytest

import control_plane
from preference_cli.__main__ import main

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of an API server that does not know the kind."""
    with control_plane.running(tmp_path_factory.mktemp("bare")) as plane:
        yield plane.kubeconfig


@pytest.mark.parametrize("arguments", [("status",), ("status", "tiny"), ("suspend", "tiny")])
def test_without_the_kind_the_operator_is_not_installed(
    bare: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert main([*arguments, "--kubeconfig", str(bare)]) == 2
    assert "OperatorMissing: context test does not know preferencejobs" in capsys.readouterr().err
