"""A real cluster for every end-to-end test: control plane, node, images, an S3 server."""

import itertools
import socket
from collections.abc import Iterator

import pytest

import installed_operator
import node
import programs
import real_cluster
import s3_servers
from awaiting import until
from installed_operator import InstalledOperator
from jobs import World
from node_site import ADDRESS, FIRST, SECOND
from processes import free_port, started
from real_cluster import Cluster
from s3_servers import S3Server
from team_space import TeamSpace

_numbers = itertools.count(1)
KEY, SECRET_KEY = "canary-access-key", "canary-secret-key"
"""Credentials of the bucket, as no text but theirs would have them."""
VALUES = {
    # Trainings of seconds are seen from within.
    "progressSeconds": 1,
    # Several checks find room on a small machine.
    "trainer": {"check": {"cpu": "100m"}, "allowedImages": ["localhost:9/*"]},
}
"""Of the installed chart, in place of its defaults."""


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane and a node that is ready, with the project's images on it."""
    node.require()
    folder = tmp_path_factory.mktemp("cluster")
    with node.alone(), real_cluster.running(folder, FIRST) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def second_operator(
    cluster: Cluster, s3_for_pods: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InstalledOperator]:
    """The operator of another cluster, which shares with the first no more than a network."""
    folder = tmp_path_factory.mktemp("second-cluster")
    with (
        real_cluster.running(folder, SECOND) as second,
        installed_operator.installed(second, VALUES, endpoints=[s3_for_pods.endpoint]) as operator,
    ):
        yield operator


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A namespace of the test's own, which enforces Pod Security `restricted`."""
    return _new_namespace(cluster)


@pytest.fixture(scope="session")
def operator(cluster: Cluster, s3_for_pods: S3Server) -> Iterator[InstalledOperator]:
    """The operator, installed by its chart."""
    endpoints = [s3_for_pods.endpoint]
    with installed_operator.installed(cluster, VALUES, endpoints=endpoints) as operator:
        yield operator


@pytest.fixture(scope="module")
def team_space(cluster: Cluster, operator: InstalledOperator, s3_for_pods: S3Server) -> TeamSpace:
    """A namespace and a bucket for the PreferenceJobs of a test file."""
    return TeamSpace.made(cluster, _new_namespace(cluster), World.made(s3_for_pods))


@pytest.fixture(scope="session")
def s3_for_pods(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """versitygw at an address that pods and tests reach alike."""
    folder, port = tmp_path_factory.mktemp("s3"), free_port()
    server = S3Server(f"http://{ADDRESS}:{port}", KEY, SECRET_KEY, "versitygw")
    for name in ("metadata", "objects"):
        (folder / name).mkdir()
    command = (
        programs.find("versitygw"),
        *("--quiet", "--port", f"{ADDRESS}:{port}", "--region", s3_servers.REGION),
        *("--access", server.access_key, "--secret", server.secret_key),
        *("posix", "--sidecar", folder / "metadata", folder / "objects"),
    )
    with started(command, log=folder / "versitygw.log"):
        until(lambda: _listens(port))
        yield server


def _new_namespace(cluster: Cluster) -> str:
    name = f"test-{next(_numbers)}"
    cluster.make_namespace(name)
    return name


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((ADDRESS, port)) == 0
