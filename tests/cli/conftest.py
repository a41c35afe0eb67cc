from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_world import World
from control_plane import ControlPlane
from team import Team


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A place to call the command line in, for this process and those that it starts."""
    world = World(tmp_path)
    world.prepare()
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield world
    world.leave()


@pytest.fixture
def team(api_server: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A namespace of its own, which KUBECONFIG names with every right."""
    team = Team.made(api_server)
    monkeypatch.setenv("KUBECONFIG", str(team.kubeconfig(tmp_path)))
    return team
