"""Credentials are planted, and looked for on everything that anybody may read."""

import gzip
import urllib.request
from collections.abc import Iterator

import pytest

import helm_chart
from awaiting import until
from helm_chart import NAMESPACE
from installed_operator import InstalledOperator
from preference_command import preference
from team_space import TeamSpace

pytestmark = pytest.mark.node

WRONG = "canary-wrong-key"
OBJECTS = "preferencejobs,jobs,pods,events,configmaps,serviceaccounts,networkpolicies"
STEPS = {"steps": 20, "batchSize": 16, "microBatchSize": 2, "gradientCheckpointing": False}


@pytest.fixture(scope="module")
def live(team_space: TeamSpace) -> dict[str, str]:
    """What the ports of a training pod tell while it trains; the training is over afterwards."""
    team_space.apply("canary", training=STEPS, sft={"epochs": 1}, checkpoints={"everySteps": 5})
    team_space.wait("canary", "condition=Running")
    until(lambda: bool(training_address(team_space)))
    address = training_address(team_space)
    until(lambda: "preference_train_step" in read(f"http://{address}:8080/metrics"))
    told = {path: read(f"http://{address}:8080/{path}") for path in ("metrics", "progress")}
    team_space.wait("canary", "condition=Succeeded")
    return told


@pytest.fixture(scope="module")
def refused(team_space: TeamSpace) -> None:
    """A job whose credentials are wrong has failed."""
    keys = {"AWS_ACCESS_KEY_ID": team_space.world.server.access_key, "AWS_SECRET_ACCESS_KEY": WRONG}
    secret = {"metadata": {"name": "wrong"}, "stringData": keys}
    path = f"/api/v1/namespaces/{team_space.namespace}/secrets"
    team_space.cluster.plane.ask("POST", path, secret)
    team_space.apply("refused", secret="wrong")
    team_space.wait("refused", "condition=Stalled")


@pytest.mark.usefixtures("refused")
def test_no_surface_shows_a_credential(
    team_space: TeamSpace, operator: InstalledOperator, live: dict[str, str]
) -> None:
    server = team_space.world.server
    canaries = (server.access_key, server.secret_key, WRONG)
    shown = {
        **live,
        **dict(objects(team_space)),
        **dict(logs(team_space, operator)),
        **dict(commands(team_space)),
        **dict(bucket(team_space)),
        "audit": team_space.cluster.plane.audit.path.read_text(),
    }
    assert all(shown.values()), [name for name, text in shown.items() if not text]
    found = [(name, one) for name, text in shown.items() for one in canaries if one in text]
    assert found == []
    assert "canary" in shown["objects"], "the job's own name has to be found"


def objects(team_space: TeamSpace) -> Iterator[tuple[str, str]]:
    """Everything in the namespace but Secrets, and the release."""
    yield "objects", team_space.kubectl("get", OBJECTS, "-o", "yaml", "--show-managed-fields")
    kubeconfig = team_space.cluster.plane.kubeconfig
    place = ("--namespace", NAMESPACE, "--kubeconfig", kubeconfig)
    yield "release", helm_chart.helm("get", "all", helm_chart.RELEASE, *place)


def logs(team_space: TeamSpace, operator: InstalledOperator) -> Iterator[tuple[str, str]]:
    """What every pod wrote, and the operator's metrics."""
    for name in ("canary", "refused"):
        for pod in team_space.pods(name):
            pod_name = pod["metadata"]["name"]
            yield pod_name, team_space.cluster.logs(team_space.namespace, pod_name)
    for name in operator.pods:
        yield name, operator.logs(name)
        address = team_space.cluster.pod(NAMESPACE, name)["status"]["podIP"]
        yield f"metrics of {name}", read(f"http://{address}:8081/metrics")


def commands(team_space: TeamSpace) -> Iterator[tuple[str, str]]:
    """What the command line prints."""
    for command in ("status", "events", "report"):
        yield command, preference(team_space, command, "canary")
        if command != "report":
            yield f"{command} refused", preference(team_space, command, "refused")


def bucket(team_space: TeamSpace) -> Iterator[tuple[str, str]]:
    """Everything that was written to the bucket."""
    world = team_space.world
    keys = [key for key in world.keys("") if key.startswith("canary/")]
    assert any(key.endswith("report.html") for key in keys)
    assert any("/tensorboard/" in key for key in keys)
    for key in keys:
        data = world.server.get(world.bucket, key)
        yield key, (gzip.decompress(data) if key.endswith(".gz") else data).decode("latin-1")


def training_address(team_space: TeamSpace) -> str:
    """Address of the training pod that runs; empty where none does."""
    pods = team_space.pods("canary", stage="train")
    running = [pod for pod in pods if pod["status"]["phase"] == "Running"]
    return str(running[0]["status"].get("podIP", "")) if running else ""


def read(url: str) -> str:
    """What a port answers; empty where nothing listens yet."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
