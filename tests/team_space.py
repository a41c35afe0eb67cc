"""What a team does with PreferenceJobs on a real cluster: apply them, wait, read what they left."""

import json
from dataclasses import dataclass
from typing import Any

from control_plane import CommandFailed
from jobs import World
from preference_api.v1alpha1 import API_VERSION, KIND
from preference_api.wire import JOB_UID_LABEL, STAGE_LABEL
from preference_jobs import Body, PreferenceJobs
from real_cluster import Cluster

SECRET = "bucket"
RESOURCES = {"gpus": 0, "cpu": "1"}
"""Threads on several processors that others use as well would mostly wait for each other."""
_WAIT_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSpace:
    """A namespace that enforces Pod Security `restricted`, a bucket, and a Secret that opens it."""

    cluster: Cluster
    namespace: str
    world: World

    @classmethod
    def made(cls, cluster: Cluster, namespace: str, world: World) -> "TeamSpace":
        """The Secret made as well."""
        place = cls(cluster=cluster, namespace=namespace, world=world)
        place.make_secret(SECRET)
        return place

    @property
    def jobs(self) -> PreferenceJobs:
        """The PreferenceJobs of the namespace."""
        return PreferenceJobs(self.cluster.plane, self.namespace)

    def make_secret(self, name: str) -> None:
        """Make a Secret with credentials for the bucket."""
        keys = {
            "AWS_ACCESS_KEY_ID": self.world.server.access_key,
            "AWS_SECRET_ACCESS_KEY": self.world.server.secret_key,
        }
        secret = {"metadata": {"name": name}, "stringData": keys}
        self.cluster.plane.ask("POST", f"/api/v1/namespaces/{self.namespace}/secrets", secret)

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """What kubectl prints in the namespace."""
        return self.cluster.plane.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def apply(self, name: str, *, output: str = "", secret: str = SECRET, **spec: Any) -> None:
        """Apply a manifest with kubectl; results go below `output`, which is the name if empty."""
        fields = {"resources": RESOURCES, **spec}
        document = self.world.document(output=output or name, **fields)
        wanted = document.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
        wanted["storage"]["credentialsSecret"] = {"name": secret}
        manifest = {"apiVersion": API_VERSION, "kind": KIND, "spec": wanted}
        text = json.dumps({**manifest, "metadata": {"name": name}})
        self.kubectl("apply", "-f", "-", stdin=text)

    def wait(self, name: str, what: str, *, seconds: int = _WAIT_SECONDS) -> None:
        """Wait with kubectl, such as for `condition=Succeeded`.

        Raises:
            CommandFailed: It did not come to that; with what the object says instead.
        """
        try:
            self.kubectl("wait", f"pj/{name}", f"--for={what}", f"--timeout={seconds}s")
        except CommandFailed as failed:
            status = self.jobs.get(name).get("status")
            raise CommandFailed(f"{failed}: {json.dumps(status, indent=1)}") from failed

    def wait_for_reason(self, name: str, reason: str, *, condition: str = "Ready") -> Body:
        """The condition, once it gives the reason."""
        path = f'{{.status.conditions[?(@.type=="{condition}")].reason}}'
        self.wait(name, f"jsonpath={path}={reason}", seconds=60)
        found = self.jobs.condition(condition, name)
        assert found is not None
        return found

    def status(self, name: str) -> Body:
        """The status of a PreferenceJob."""
        return dict(self.jobs.get(name)["status"])

    def pods(self, name: str, *, stage: str = "") -> list[Body]:
        """The pods made for a PreferenceJob, oldest first; those of one stage where one is named.

        Args:
            name: The PreferenceJob.
            stage: Such as check or train.
        """
        selector = f"{JOB_UID_LABEL}={self.jobs.get(name)['metadata']['uid']}"
        if stage:
            selector += f",{STAGE_LABEL}={stage}"
        path = f"/api/v1/namespaces/{self.namespace}/pods?labelSelector={selector}"
        found = self.cluster.plane.ask("GET", path)["items"]
        return sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def log(self, pod: Body, event: str) -> list[Body]:
        """The entries of one event in a trainer's log."""
        lines = self.cluster.logs(self.namespace, pod["metadata"]["name"]).splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        return [entry for entry in entries if entry["event"] == event]

    def run(self, name: str, *, output: str = "") -> str:
        """Where in the bucket the run of a PreferenceJob lies."""
        return f"{output or name}/runs/{self.status(name)['run']['id']}"
