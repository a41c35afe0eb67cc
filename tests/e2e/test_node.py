"""The node and the images: what a pod may do, and what comes back from it."""

import errno
import json
from typing import Any

import pytest

import jobs
from jobs import World
from preference_api.wire import RUN_VARIABLE, ExitCode, RunDocument, TerminationMessage
from real_cluster import Cluster, End, pod
from s3_servers import S3Server

pytestmark = pytest.mark.node

USER = 65532
LOOK_AROUND = """
import os, pathlib, sys, {module}
print(os.getuid(), sys.argv[1], file=sys.stderr)
pathlib.Path(os.environ["HOME"], "file").write_text("here there is room")
pathlib.Path("/dev/termination-log").write_text("last words")
try:
    pathlib.Path(sys.prefix, "file").write_text("here there is none")
except OSError as error:
    sys.exit(error.errno)
"""
ASK_API_SERVER = """
import os, pathlib, ssl, urllib.request
account = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")
request = urllib.request.Request(
    "https://" + os.environ["KUBERNETES_SERVICE_HOST"] + "/apis/preference.dev/v1alpha1",
    headers={"Authorization": "Bearer " + (account / "token").read_text()},
)
context = ssl.create_default_context(cafile=account / "ca.crt")
print(urllib.request.urlopen(request, context=context, timeout=30).read().decode())
"""
TAKE_MEMORY = "taken = [bytes([1]) * 2**20 for _ in range(2**10)]"
AWAIT_SIGNAL = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
print("listening", flush=True)
signal.pause()
"""


def python(name: str, image: str, code: str, *arguments: str, **fields: Any) -> dict[str, Any]:
    """A pod that runs a few lines of Python."""
    return pod(name, image, command=["python", "-c", code, *arguments], **fields)


@pytest.mark.parametrize("part", ["operator", "trainer"])
def test_a_restricted_pod_runs_and_tells_how_it_ended(
    cluster: Cluster, namespace: str, part: str
) -> None:
    code = LOOK_AROUND.format(module=f"preference_{part}")
    image = {"operator": cluster.operator, "trainer": cluster.trainer}[part]
    name = cluster.start(namespace, python("look-around", image, code, "hello"))
    end = cluster.end(namespace, name)
    assert end == End(code=errno.EROFS, reason="Error", message="last words")
    assert cluster.logs(namespace, name) == f"{USER} hello\n"


def test_a_pod_with_more_rights_is_refused(cluster: Cluster, namespace: str) -> None:
    greedy = pod("root", cluster.trainer)
    greedy["spec"]["securityContext"]["runAsNonRoot"] = False
    status, answer = cluster.plane.request("POST", f"/api/v1/namespaces/{namespace}/pods", greedy)
    assert status == 403
    assert "restricted" in answer["message"]


@pytest.mark.usefixtures("operator")
def test_a_pod_reaches_the_api_server_as_its_service_account(
    cluster: Cluster, namespace: str
) -> None:
    name = cluster.start(namespace, python("ask", cluster.operator, ASK_API_SERVER))
    assert cluster.end(namespace, name).code == 0
    kinds = json.loads(cluster.logs(namespace, name))["resources"]
    assert "PreferenceJob" in [kind["kind"] for kind in kinds]


def test_a_pod_that_takes_too_much_memory_is_killed(cluster: Cluster, namespace: str) -> None:
    greedy = python("greedy", cluster.trainer, TAKE_MEMORY, memory="64Mi")
    end = cluster.end(namespace, cluster.start(namespace, greedy))
    assert (end.reason, end.code) == ("OOMKilled", 137)


def test_an_evicted_pod_is_told_to_stop_and_says_why_it_ended(
    cluster: Cluster, namespace: str
) -> None:
    patient = python("patient", cluster.trainer, AWAIT_SIGNAL)
    patient["metadata"]["finalizers"] = ["preference.dev/read-first"]
    name = cluster.start(namespace, patient)
    cluster.await_log(namespace, name, "listening")
    cluster.evict(namespace, name)
    assert cluster.end(namespace, name).code == 75
    conditions = {c["type"]: c for c in cluster.pod(namespace, name)["status"]["conditions"]}
    assert conditions["DisruptionTarget"]["reason"] == "EvictionByEvictionAPI"


def test_the_trainer_checks_and_trains(
    cluster: Cluster, namespace: str, s3_for_pods: S3Server
) -> None:
    world = World.made(s3_for_pods)
    document = world.document()
    checked = run_trainer(cluster, namespace, "check", document, world).check
    assert checked is not None
    document = document.model_copy(update={"resolved": checked.resolved})
    trained = run_trainer(cluster, namespace, "train", document, world).result
    assert trained is not None
    assert trained.promoted, trained.gate_message
    published = world.keys(jobs.run_of(document))
    assert {"result.json", "report.html"} <= {key.rpartition("/")[2] for key in published}


def test_the_trainers_image_starts_the_trainer(cluster: Cluster, namespace: str) -> None:
    name = cluster.start(namespace, pod("no-document", cluster.trainer, args=["check"]))
    end = cluster.end(namespace, name)
    message = TerminationMessage.model_validate_json(end.message)
    assert end.code == message.exit_code == ExitCode.BAD_CONFIGURATION
    assert RUN_VARIABLE in message.message


def run_trainer(
    cluster: Cluster, namespace: str, command: str, document: RunDocument, world: World
) -> TerminationMessage:
    """What a command of the trainer says in the end, with nothing but /tmp to write to."""
    env = {
        **world.server.environment(),
        RUN_VARIABLE: document.model_dump_json(by_alias=True),
        "OMP_NUM_THREADS": "1",
    }
    name = cluster.start(namespace, pod(command, cluster.trainer, args=[command], env=env))
    end = cluster.end(namespace, name)
    assert end.code == ExitCode.DONE, cluster.logs(namespace, name)
    return TerminationMessage.model_validate_json(end.message)
