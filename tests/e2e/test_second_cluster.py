"""Two clusters share a bucket: what one has trained, the other takes."""

import pytest

from installed_operator import InstalledOperator
from preference_api.children import ChildStage
from team_space import TeamSpace

pytestmark = pytest.mark.node

SHORT = {"steps": 4, "batchSize": 2, "seed": 23}
OUTPUT = "shared"
LONG = {"steps": 600, "batchSize": 32, "microBatchSize": 2, "gradientCheckpointing": False}
"""Longer than a renewal of a claim, which tells the other cluster that it is alive."""


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


def test_asked_by_both_at_once_a_run_is_trained_once(
    team_space: TeamSpace, second_space: TeamSpace
) -> None:
    spaces = (team_space, second_space)
    for space in spaces:
        space.apply("both", output=OUTPUT, training=LONG)
    assert sorted(reason(space, "both") for space in spaces) == ["Reused", "Trained"]
    [run] = {space.run("both", output=OUTPUT) for space in spaces}
    assert team_space.world.json(f"{run}/attempt.json")["number"] == 1
    trainings = [space.pods("both", stage=ChildStage.TRAIN) for space in spaces]
    assert sorted(map(len, trainings)) == [0, 1]
