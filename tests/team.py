"""A namespace on a real API server, with PreferenceJobs in whatever state, and its users."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_world import manifest
from control_plane import ControlPlane
from pod_states import exited
from preference_operator.diagnose import ended, failed_too_often

Wire = dict[str, Any]

_STARTED = "2026-01-02T03:00:00Z"
_CHANGED = "2026-01-02T03:04:05Z"
RUN_ID = "8b76bc2e013bc58d"
SPEC_HASH = "0a1b2c3d4e"
OUTPUT = "s3://models/out"
CHECKPOINT = f"{OUTPUT}/runs/{RUN_ID}/checkpoints/preference-step-000500"
REPORT = f"{OUTPUT}/runs/{RUN_ID}/report.html"
MODEL = f"{OUTPUT}/runs/{RUN_ID}/model"
OUT_OF_MEMORY = failed_too_often(4, ended(exited(137, "OOMKilled", memory="24Gi"))).text
"""What a status says of a run whose last attempt needed more memory than its pod has."""


@dataclass(frozen=True, slots=True)
class Team:
    """A namespace of its own.

    plane: The API server.
    namespace: Its name.
    """

    plane: ControlPlane
    namespace: str

    @classmethod
    def made(cls, plane: ControlPlane) -> "Team":
        team = cls(plane, f"cli-{uuid.uuid4().hex[:8]}")
        team.plane.ask("POST", "/api/v1/namespaces", {"metadata": {"name": team.namespace}})
        # A controller would make it, and pods are not taken without it.
        team.create_account("default")
        return team

    @property
    def root(self) -> str:
        return f"/apis/preference.dev/v1alpha1/namespaces/{self.namespace}/preferencejobs"

    def create_account(self, name: str) -> str:
        """The path of a new service account."""
        accounts = f"/api/v1/namespaces/{self.namespace}/serviceaccounts"
        self.plane.ask("POST", accounts, {"metadata": {"name": name}})
        return f"{accounts}/{name}"

    def create(
        self,
        name: str = "tiny",
        *,
        metadata: Mapping[str, Any] | None = None,
        spec: Mapping[str, Any] | None = None,
    ) -> Wire:
        usual = {
            "model": {"uri": "s3://models/base"},
            "dataset": {"uri": "s3://data/pairs.jsonl"},
            "output": {"uri": OUTPUT},
            "storage": {"endpoint": "http://minio.storage:9000"},
        }
        body = manifest(name, **{**usual, **(spec or {})})
        body["metadata"] |= metadata or {}
        created: Wire = self.plane.ask("POST", self.root, body)
        return created

    def read(self, name: str = "tiny") -> Wire:
        job: Wire = self.plane.ask("GET", f"{self.root}/{name}")
        return job

    def put_status(self, status: Mapping[str, Any], name: str = "tiny") -> Wire:
        """Write the whole status, as of the newest generation unless it says another."""
        job = self.read(name)
        newest = {"observedGeneration": job["metadata"]["generation"]}
        body = {**job, "status": {**newest, **status}}
        written: Wire = self.plane.ask("PUT", f"{self.root}/{name}/status", body)
        return written

    def create_pod(self, job: Wire, name: str, *, stage: str, **status: Any) -> Wire:
        labels = {"preference.dev/job-uid": job["metadata"]["uid"], "preference.dev/stage": stage}
        spec = {"containers": [{"name": "trainer", "image": "trainer"}]}
        body = {"metadata": {"name": name, "labels": labels}, "spec": spec}
        path = f"/api/v1/namespaces/{self.namespace}/pods"
        pod = self.plane.ask("POST", path, body)
        written: Wire = self.plane.ask("PUT", f"{path}/{name}/status", {**pod, "status": status})
        return written

    def create_event(self, regarding: Mapping[str, Any], **fields: Any) -> None:
        body = {
            "metadata": {"name": uuid.uuid4().hex, "namespace": self.namespace},
            "regarding": {"namespace": self.namespace, **regarding},
            "type": "Normal",
            "action": "Run",
            "reportingController": "test",
            "reportingInstance": "test",
            **fields,
        }
        self.plane.ask("POST", f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events", body)

    def user(self, folder: Path, rules: Sequence[Mapping[str, Any]]) -> Path:
        """A kubeconfig of a user who has these rights in the namespace, and no others."""
        rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}"
        account = self.create_account("ada")
        self.plane.ask("POST", f"{rbac}/roles", {"metadata": {"name": "ada"}, "rules": list(rules)})
        binding = {
            "metadata": {"name": "ada"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "ada"},
            "subjects": [{"kind": "ServiceAccount", "name": "ada", "namespace": self.namespace}],
        }
        self.plane.ask("POST", f"{rbac}/rolebindings", binding)
        token = self.plane.ask("POST", f"{account}/token", {"spec": {}})["status"]["token"]
        return self.kubeconfig(folder, user={"token": token})

    def kubeconfig(self, folder: Path, **changes: Mapping[str, Any]) -> Path:
        """A kubeconfig whose context names the namespace, with its parts changed."""
        config = json.loads(self.plane.kubeconfig.read_text())
        config["contexts"][0]["context"] |= {"namespace": self.namespace}
        for part, entry in changes.items():
            config[f"{part}s"][0][part] = entry
        path = folder / "kubeconfig"
        path.write_text(json.dumps(config))
        return path


def condition(kind: str, status: str, reason: str, message: str = "") -> Wire:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": _CHANGED,
    }


def running(**fields: Any) -> Wire:
    """The status of a training that is under way, after a preemption."""
    return {
        "state": "Training",
        "conditions": [
            condition("Accepted", "True", "Valid", "The spec is valid."),
            condition("DataReady", "True", "Checked", "1200 training pairs. 3 were too long."),
            condition("Running", "True", "Training", "The training pod runs."),
            condition("Succeeded", "Unknown", "Training", "The training pod runs."),
            condition("Ready", "False", "Training", "The training pod runs."),
        ],
        "run": _run("Train"),
        "progress": progress(),
        "attempts": {"failures": 0, "preemptions": 1},
        "checkpoint": {"uri": CHECKPOINT, "step": 500},
        **fields,
    }


def progress(**fields: Any) -> Wire:
    return {
        "stage": "Train",
        "step": 750,
        "steps": 1200,
        "percent": 62.5,
        "secondsLeft": 200,
        "loss": 0.6123,
        "rewardMargin": 0.31,
        "rewardAccuracy": 0.74,
        "tokensPerSecond": 1234,
        **fields,
    }


def failed(**fields: Any) -> Wire:
    """The status of a training that has failed for good."""
    return {
        "state": "Failed",
        "conditions": [
            condition("Running", "False", "Failed", "Nothing runs."),
            condition("Succeeded", "False", "BackoffLimitExceeded", OUT_OF_MEMORY),
            condition("Stalled", "True", "BackoffLimitExceeded", OUT_OF_MEMORY),
        ],
        "run": {**_run("Train"), "completionTime": _CHANGED},
        "progress": progress(),
        "attempts": {"failures": 4, "preemptions": 0},
        "history": [
            history_entry(2, "BackoffLimitExceeded"),
            history_entry(1, "Trained", accuracy=0.55),
        ],
        **fields,
    }


def succeeded(**fields: Any) -> Wire:
    """The status of a training that has ended well."""
    headline = "Prefers the chosen answer in 71.0 % of the held-out pairs."
    return {
        "state": "Succeeded",
        "conditions": [
            condition("EvaluationPassed", "False", "NotPromoted", "Accuracy 0.71 is below 0.8."),
            condition("Succeeded", "True", "Trained", headline),
            condition("Ready", "True", "Trained", headline),
        ],
        "run": {**_run("Done"), "completionTime": _CHANGED},
        "result": {
            "modelURI": MODEL,
            "reportURI": REPORT,
            "metrics": {"accuracy": 0.71, "margin": 0.38, "gain": 0.2},
        },
        "history": [history_entry(2, "Trained", accuracy=0.71)],
        **fields,
    }


def history_entry(number: int, reason: str, **fields: Any) -> Wire:
    return {
        "runId": RUN_ID,
        "number": number,
        "reason": reason,
        "completionTime": _CHANGED,
        **fields,
    }


def _run(stage: str) -> Wire:
    return {
        "id": RUN_ID,
        "number": 2,
        "specHash": SPEC_HASH,
        "stage": stage,
        "startTime": _STARTED,
    }
