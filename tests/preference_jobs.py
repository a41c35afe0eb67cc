"""PreferenceJobs on a control plane: made, read, changed and deleted as a user does."""

from dataclasses import dataclass
from typing import Any

from control_plane import MERGE_PATCH, ControlPlane
from preference_api.crd import PLURAL
from preference_api.v1alpha1 import API_VERSION, KIND
from preference_api.wire import JOB_UID_LABEL, STAGE_LABEL

Body = dict[str, Any]


def manifest(name: str = "tone", *, labels: Body | None = None, **spec: Any) -> Body:
    """The smallest PreferenceJob that the API server takes; fields replace whole blocks."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {
            "method": "DPO",
            "model": {"uri": "s3://bucket/base"},
            "dataset": {"uri": "s3://bucket/pairs.jsonl"},
            "output": {"uri": "s3://bucket/output"},
            **spec,
        },
    }


@dataclass(frozen=True, slots=True)
class PreferenceJobs:
    """The PreferenceJobs of a namespace, and what belongs to them.

    Args:
        plane: Where they are.
        namespace: Which they are in.
    """

    plane: ControlPlane
    namespace: str

    def create(self, name: str = "tone", *, labels: Body | None = None, **spec: Any) -> Body:
        """Make one, and return it as the API server stored it."""
        return self._ask("POST", "", manifest(name, labels=labels, **spec))

    def get(self, name: str = "tone") -> Body:
        """One as it stands."""
        return self._ask("GET", name)

    def exists(self, name: str = "tone") -> bool:
        """Whether it is there, be it on its way out."""
        return self.plane.request("GET", self._path(name))[0] == 200

    def edit(self, name: str = "tone", **spec: Any) -> Body:
        """Change fields of the spec; None removes one."""
        return self._ask("PATCH", name, {"spec": spec})

    def label(self, name: str, labels: dict[str, str | None]) -> Body:
        """Change labels; None removes one."""
        return self._ask("PATCH", name, {"metadata": {"labels": labels}})

    def delete(self, name: str = "tone", *, propagation: str = "Background") -> None:
        """Delete it, and leave its children to the garbage collector."""
        self._ask("DELETE", name, {"propagationPolicy": propagation})

    def condition(self, kind: str, name: str = "tone") -> Body | None:
        """A condition of its status, where it has that one."""
        conditions = self.get(name).get("status", {}).get("conditions", [])
        return next((found for found in conditions if found["type"] == kind), None)

    def is_true(self, kind: str, name: str = "tone") -> bool:
        """Whether a condition of its status holds."""
        condition = self.condition(kind, name)
        return condition is not None and condition["status"] == "True"

    def children(self, job: Body, *, stage: str = "") -> list[Body]:
        """The Jobs made for a PreferenceJob, oldest first; those of one stage where one is named.

        Args:
            job: The PreferenceJob.
            stage: Such as check or train.
        """
        selector = f"{JOB_UID_LABEL}={job['metadata']['uid']}"
        if stage:
            selector += f",{STAGE_LABEL}={stage}"
        path = f"/apis/batch/v1/namespaces/{self.namespace}/jobs?labelSelector={selector}"
        found = self.plane.ask("GET", path)["items"]
        return sorted(found, key=lambda child: str(child["metadata"]["creationTimestamp"]))

    def _ask(self, method: str, name: str, body: Body | None = None) -> Body:
        kind = MERGE_PATCH if method == "PATCH" else "application/json"
        return dict(self.plane.ask(method, self._path(name), body, content_type=kind))

    def _path(self, name: str) -> str:
        path = f"/apis/{API_VERSION}/namespaces/{self.namespace}/{PLURAL}"
        return f"{path}/{name}" if name else path
