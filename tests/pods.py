"""Pods on a control plane without a node: put into the states that a kubelet tells of.

Everything else is the real control plane's doing: the Job controller counts, waits and replaces.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from awaiting import until
from control_plane import STRATEGIC_MERGE_PATCH, ControlPlane
from preference_api.wire import RUN_VARIABLE, RunDocument, TerminationMessage

Body = dict[str, Any]

NODE = "node"
"""A node that nothing runs on; without it pods would be collected as orphans within a minute."""
KILLED = 137
_LONG_AGO = timedelta(hours=2)
_RUN_TIME = timedelta(minutes=1)


def add_node(plane: ControlPlane) -> None:
    """Make the node that pods are bound to."""
    plane.ask("POST", "/api/v1/nodes", {"metadata": {"name": NODE}})


def run_document(pod: Body) -> RunDocument:
    """What the operator wrote for a pod of the trainer."""
    variables = {one["name"]: one.get("value") for one in pod["spec"]["containers"][0]["env"]}
    return RunDocument.model_validate_json(variables[RUN_VARIABLE])


@dataclass(frozen=True, slots=True)
class Kubelet:
    """Scheduler and kubelet of the pods in a namespace, at the test's command.

    Args:
        plane: Where they are.
        namespace: Which they are in.
    """

    plane: ControlPlane
    namespace: str

    def pods(self, job: str) -> list[Body]:
        """The pods of a Job, those on their way out included."""
        path = f"{self._path}?labelSelector=batch.kubernetes.io/job-name={job}"
        return list(self.plane.ask("GET", path)["items"])

    def await_pod(self, job: str) -> Body:
        """The pod of a Job that waits to be run, once the Job controller has made it."""
        until(lambda: bool(self._waiting(job)))
        return self._waiting(job)[0]

    def bind(self, pod: Body) -> None:
        """Give it a node, as the scheduler does."""
        name = pod["metadata"]["name"]
        target = {"kind": "Node", "name": NODE}
        body = {"metadata": {"name": name}, "target": target}
        self.plane.ask("POST", f"{self._path}/{name}/binding", body)

    def unschedulable(self, pod: Body, message: str) -> None:
        """Tell that no node takes it, as the scheduler does."""
        scheduled = _condition("PodScheduled", "False", "Unschedulable", message)
        self._tell(pod, {"conditions": [scheduled]})

    def image_pull_back_off(self, pod: Body) -> None:
        """Bind it, and tell that its image cannot be had."""
        image = pod["spec"]["containers"][0]["image"]
        message = f'Back-off pulling image "{image}": ErrImagePull: not found'
        self._stuck(pod, "ImagePullBackOff", message)

    def secret_missing(self, pod: Body, secret: str) -> None:
        """Bind it, and tell that a secret that it names does not exist."""
        self._stuck(pod, "CreateContainerConfigError", f'secret "{secret}" not found')

    def run(self, pod: Body, *, address: str = "127.0.0.1") -> None:
        """Bind it and tell that it runs, at an IP address that may be a server of the test's."""
        self.bind(pod)
        self.start(pod, address=address)

    def start(self, pod: Body, *, address: str) -> None:
        """Tell that a pod that has a node runs, at an IP address."""
        started = _written(datetime.now(UTC))
        status = {
            "phase": "Running",
            "startTime": started,
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": [_condition("Ready", "True")],
            "containerStatuses": [_container(pod, {"running": {"startedAt": started}}, ready=True)],
        }
        self._tell(pod, status)

    def finish(
        self,
        pod: Body,
        exit_code: int,
        *,
        message: TerminationMessage | str = "",
        reason: str = "",
        disrupted: str = "",
        back_off: bool = False,
    ) -> None:
        """Tell how its container ended.

        Args:
            pod: The pod.
            exit_code: Of the container.
            message: The termination message.
            reason: Of the container's end, where it is not the usual one.
            disrupted: Reason of a DisruptionTarget condition, such as TerminationByKubelet.
            back_off: Whether the Job controller is to wait as long as it does in earnest, 10 s
                and more; otherwise the container ended long ago, and its replacement is due.
        """
        end = datetime.now(UTC) - (timedelta() if back_off else _LONG_AGO)
        usual = "Error" if exit_code else "Completed"
        terminated = {
            "exitCode": exit_code,
            "reason": reason or usual,
            "message": message if isinstance(message, str) else _as_json(message),
            "startedAt": _written(end - _RUN_TIME),
            "finishedAt": _written(end),
        }
        targeted = [_condition("DisruptionTarget", "True", disrupted)] if disrupted else []
        status = {
            "phase": "Failed" if exit_code else "Succeeded",
            "conditions": [_condition("Ready", "False"), *targeted],
            "containerStatuses": [_container(pod, {"terminated": terminated})],
        }
        self._tell(pod, status)

    def run_out_of_memory(self, pod: Body) -> None:
        """Tell that the kernel killed its container for memory."""
        self.finish(pod, KILLED, reason="OOMKilled")

    def evict(self, pod: Body) -> None:
        """Ask for its eviction by the API; it then ends by `finish` and goes by `remove`."""
        name = pod["metadata"]["name"]
        self.plane.ask("POST", f"{self._path}/{name}/eviction", {"metadata": {"name": name}})

    def delete(self, pod: Body) -> None:
        """Ask for its deletion, as a user does; it then ends by `finish` and goes by `remove`."""
        self.plane.ask("DELETE", f"{self._path}/{pod['metadata']['name']}")

    def remove(self, pod: Body) -> None:
        """Take a pod that has ended out of the API, as a kubelet does with one that is deleted.

        The garbage collector may have been quicker with one whose Job is deleted.
        """
        path = f"{self._path}/{pod['metadata']['name']}"
        status, answer = self.plane.request("DELETE", path, {"gracePeriodSeconds": 0})
        assert status < 300 or status == 404, answer

    @property
    def _path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def _waiting(self, job: str) -> list[Body]:
        return [
            pod
            for pod in self.pods(job)
            if pod["status"]["phase"] == "Pending"
            and "nodeName" not in pod["spec"]
            and "deletionTimestamp" not in pod["metadata"]
        ]

    def _stuck(self, pod: Body, reason: str, message: str) -> None:
        self.bind(pod)
        waiting = {"waiting": {"reason": reason, "message": message}}
        self._tell(pod, {"phase": "Pending", "containerStatuses": [_container(pod, waiting)]})

    def _tell(self, pod: Body, status: Body) -> None:
        path = f"{self._path}/{pod['metadata']['name']}/status"
        self.plane.ask("PATCH", path, {"status": status}, content_type=STRATEGIC_MERGE_PATCH)


def _container(pod: Body, state: Body, *, ready: bool = False) -> Body:
    container = pod["spec"]["containers"][0]
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": ready,
        "restartCount": 0,
        "state": state,
    }


def _condition(kind: str, status: str, reason: str = "", message: str = "") -> Body:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _as_json(message: TerminationMessage) -> str:
    return message.model_dump_json(by_alias=True, exclude_none=True)


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
