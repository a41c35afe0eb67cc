"""The control plane that the operator's tests use: its log, its users, its outages."""

import subprocess
from collections.abc import Iterator

import pytest

import audit_log
import control_plane
import credentials
import machine
import own_address
from audit_log import AuditEntry
from awaiting import until
from control_plane import CommandFailed, ControlPlane
from operator_process import ACCOUNT, NAMESPACE, account_kubeconfig
from preference_jobs import PreferenceJobs

pytestmark = pytest.mark.cluster

ADDRESS = "192.0.2.17"
"""Of a range that is kept for examples (RFC 5737)."""

JOB = {
    "metadata": {"name": "work"},
    "spec": {
        "template": {
            "spec": {"restartPolicy": "Never", "containers": [{"name": "work", "image": "work"}]}
        }
    },
}


@pytest.fixture(scope="module")
def own_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane that tests may break."""
    folder = tmp_path_factory.mktemp("own")
    with control_plane.running(folder, controller_manager=True) as plane:
        yield plane


def test_the_log_tells_who_asked_what_of_which_object(
    control: ControlPlane, namespace: str
) -> None:
    created = PreferenceJobs(control, namespace).create("noted")

    def noted() -> list[AuditEntry]:
        entries = control.audit.of(credentials.ADMINISTRATOR)
        return [entry for entry in entries if entry.namespace == namespace and entry.name]

    until(lambda: any(entry.resource == "preferencejobs" for entry in noted()))
    (entry,) = (entry for entry in noted() if entry.resource == "preferencejobs")
    assert (entry.verb, entry.group, entry.name, entry.subresource, entry.code) == (
        "create",
        "preference.dev",
        created["metadata"]["name"],
        "",
        201,
    )
    assert control.audit.of(credentials.ADMINISTRATOR, since=entry.time)[0] == entry


def test_the_log_tells_a_watch_before_it_ends(control: ControlPlane) -> None:
    entries = control.audit.of(credentials.CONTROLLER_MANAGER)
    assert any(entry.verb == "watch" and entry.resource == "jobs" for entry in entries)


def test_the_log_tells_a_watch_that_has_ended_once(control: ControlPlane) -> None:
    path = "/api/v1/namespaces/default/configmaps?timeoutSeconds=1&watch=1"
    control.kubectl("get", "--raw", path)
    # Its begin and its end, in JSON as Go writes it.
    lines = path.replace("&", r"\u0026")
    until(lambda: control.audit.path.read_text().count(lines) == 2)
    entries = control.audit.of(credentials.ADMINISTRATOR)
    assert sum(entry.path == path for entry in entries) == 1


def test_the_operators_account_has_the_rights_of_its_manifests_alone(
    control: ControlPlane,
) -> None:
    own = f"--kubeconfig={account_kubeconfig(control)}"
    control.kubectl(own, "get", "pods", "-A")
    with pytest.raises(CommandFailed, match=f"{NAMESPACE}:{ACCOUNT}.*cannot list.*secrets"):
        control.kubectl(own, "get", "secrets", "-A")
    user = audit_log.service_account(NAMESPACE, ACCOUNT)
    until(lambda: any(entry.code == 403 for entry in control.audit.of(user)))


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "shut down"])
def test_the_api_server_comes_back_with_its_data(own_plane: ControlPlane, kill: bool) -> None:
    name = f"kept-{kill}".lower()
    own_plane.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    own_plane.stop_api_server(kill=kill)
    with pytest.raises(OSError, match="refused"):
        own_plane.request("GET", "/readyz")
    own_plane.start_api_server()
    own_plane.ask("GET", f"/api/v1/namespaces/{name}")
    jobs = f"/apis/batch/v1/namespaces/{name}/jobs"
    own_plane.ask("POST", jobs, JOB)
    until(lambda: own_plane.ask("GET", f"{jobs}/work")["status"].get("active") == 1)


def test_a_frozen_controller_manager_does_nothing_until_it_is_thawed(
    own_plane: ControlPlane,
) -> None:
    controllers = own_plane.processes[control_plane.CONTROLLERS]
    controllers.freeze()
    jobs = "/apis/batch/v1/namespaces/default/jobs"
    own_plane.ask("POST", jobs, JOB)
    # The API server itself has taken the Job; only the controller would fill in the status.
    assert own_plane.ask("GET", f"{jobs}/work")["status"] == {}
    controllers.thaw()
    until(lambda: own_plane.ask("GET", f"{jobs}/work")["status"].get("active") == 1)


def test_an_address_belongs_to_one_test_run() -> None:
    machine.needs("ip")
    with own_address.given(ADDRESS):
        assert f" {ADDRESS}/32 " in addresses()
        with pytest.raises(RuntimeError, match="another test run"), own_address.given(ADDRESS):
            pass
        assert f" {ADDRESS}/32 " in addresses()
    assert ADDRESS not in addresses()


def addresses() -> str:
    return subprocess.run(["ip", "address"], capture_output=True, text=True, check=True).stdout
