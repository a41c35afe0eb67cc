"""Two clusters share a bucket: what one has trained, the other takes."""

import json

import pytest

from installed_operator import InstalledOperator
from preference_api.children import ChildStage
from team_space import TeamSpace

pytestmark = pytest.mark.node

SHORT = {"steps": 4, "batchSize": 2, "seed": 23}
OUTPUT = "shared"
NAMES = ("here", "there")


@pytest.fixture(scope="module")
def second_space(second_operator: InstalledOperator, team_space: TeamSpace) -> TeamSpace:
    """A namespace of the second cluster, and the first one's bucket."""
    second_operator.cluster.make_namespace("elsewhere")
    return TeamSpace.made(second_operator.cluster, "elsewhere", team_space.world)


def reason(space: TeamSpace, name: str) -> str:
    """Why a PreferenceJob succeeded, once it has."""
    space.wait(name, "condition=Succeeded")
    found = space.jobs.condition("Succeeded", name)
    assert found is not None
    return str(found["reason"])


def test_the_second_cluster_takes_the_result_of_the_first(
    team_space: TeamSpace, second_space: TeamSpace
) -> None:
    team_space.apply("first", output=OUTPUT, training=SHORT)
    assert reason(team_space, "first") == "Trained"
    second_space.apply("first", output=OUTPUT, training=SHORT)
    assert reason(second_space, "first") == "Reused"
    run, again = (space.status("first")["run"] for space in (team_space, second_space))
    assert again["id"] == run["id"]
    assert second_space.pods("first", stage=ChildStage.TRAIN) == []


def test_asked_by_both_at_once_a_run_is_published_once(
    team_space: TeamSpace, second_space: TeamSpace
) -> None:
    spaces = dict(zip(NAMES, (team_space, second_space), strict=True))
    for name, space in spaces.items():
        space.apply(name, output=OUTPUT, training={**SHORT, "seed": 29})
    reasons = {name: reason(space, name) for name, space in spaces.items()}
    runs = {space.status(name)["run"]["id"] for name, space in spaces.items()}
    [run] = runs
    manifests = [
        key for key in team_space.world.keys(f"{OUTPUT}/runs/{run}") if "model/manifest" in key
    ]
    assert len(manifests) == 1, reasons
    trained = {name: published(space, name) for name, space in spaces.items()}
    assert sum(trained.values()) == 1, json.dumps(trained)


def published(space: TeamSpace, name: str) -> int:
    """How many training pods of a PreferenceJob published a model."""
    pods = space.pods(name, stage=ChildStage.TRAIN)
    return sum(len(space.log(pod, "Published")) for pod in pods)
