"""Everything that the operator asks of the API server."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple, Self
from urllib.parse import quote, urlencode

from preference_api.v1alpha1 import API_VERSION
from preference_operator.cluster_errors import AlreadyExists, Conflict, NotFound
from preference_operator.connection import JSON, MERGE, METADATA, Call, Connection, Object, always
from preference_operator.metrics import Metrics
from preference_operator.settings import Settings

PAGE_OBJECTS = 100
"""Objects that one answer of a list holds; while it is read they take ten times their bytes."""

# Otherwise the API server looks for unknown fields, and names them in a header that nobody reads;
# that is a tenth of what it does for a status, and a quarter of what it does for a Job.
_UNCHECKED = {"fieldValidation": "Ignore"}

_GROUPS: Mapping[str, str] = {
    "preferencejobs": f"/apis/{API_VERSION}",
    "jobs": "/apis/batch/v1",
    "pods": "/api/v1",
    "events": "/apis/events.k8s.io/v1",
    "leases": "/apis/coordination.k8s.io/v1",
}


class Reference(NamedTuple):
    """An object by its names, and its version."""

    namespace: str
    name: str
    uid: str
    resource_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The API server, seen with the operator's rights.

    Every call ends within 10 seconds, and raises a `ClusterError` where it does not succeed.

    connection: What carries the calls.
    guard: Called right before each write, Leases excepted; keeps it back by raising.
    """

    connection: Connection
    guard: Callable[[], None] = always

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, settings: Settings, metrics: Metrics | None = None
    ) -> AsyncIterator[Self]:
        """A connection by the settings' kubeconfig, or by the pod's service account.

        Its calls are counted in `metrics`.

        Raises:
            ClusterError: Neither leads anywhere; the message says why.
        """
        async with Connection.open(settings, metrics) as connection:
            yield cls(connection=connection)

    def guarded(self, guard: Callable[[], None]) -> Self:
        """The same connection, with a guard before each write."""
        return replace(self, guard=guard)

    async def create_job(self, manifest: Object) -> Object:
        """Make a batch/v1 Job.

        Raises:
            AlreadyExists: There is one of that name, possibly on its way out.
        """
        path = _path("jobs", manifest["metadata"]["namespace"])
        return await self._write("POST", f"{path}?{urlencode(_UNCHECKED)}", manifest)

    async def read_job(self, namespace: str, name: str) -> Object:
        """Read a batch/v1 Job."""
        return await self.connection.send(Call(method="GET", path=_path("jobs", namespace, name)))

    async def delete_job(self, namespace: str, name: str, *, uid: str) -> None:
        """Delete a Job, which stays until its pods are gone; one that is gone counts as deleted.

        A Job of that name with another uid is left alone.
        """
        try:
            await self._delete(_path("jobs", namespace, name), "Foreground", {"uid": uid})
        except (NotFound, Conflict):
            return

    async def patch_status(
        self, namespace: str, name: str, *, resource_version: str, changes: Object, manager: str
    ) -> Object:
        """Change a PreferenceJob's status by a JSON merge patch (RFC 7396).

        Server-side apply would leave fields in place that anybody else wrote there. The resource
        version keeps changes from another version, and from another object of the same name.

        Raises:
            Conflict: The object has another resource version.
        """
        body = {"metadata": {"resourceVersion": resource_version}, "status": changes}
        query = urlencode({"fieldManager": manager, **_UNCHECKED})
        path = f"{_path('preferencejobs', namespace, name)}/status?{query}"
        return await self._write("PATCH", path, body, content_type=MERGE)

    async def delete_preference_job(
        self, namespace: str, name: str, *, uid: str, resource_version: str
    ) -> None:
        """Delete a PreferenceJob that has not changed; one that is gone counts as deleted.

        Raises:
            Conflict: It changed, or another one has its name.
        """
        path = _path("preferencejobs", namespace, name)
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        try:
            await self._delete(path, "Background", preconditions)
        except NotFound:
            return

    async def create_event(self, manifest: Object) -> None:
        """Post an events.k8s.io/v1 Event; one that is there counts as posted."""
        path = _path("events", manifest["metadata"]["namespace"])
        try:
            await self._write("POST", path, manifest)
        except AlreadyExists:
            return

    async def list_events(self, namespace: str, *, regarding_uid: str) -> list[Object]:
        """The Events about one object."""
        query = {"fieldSelector": f"regarding.uid={regarding_uid}"}
        pages = self._pages(_path("events", namespace), query, accept=JSON)
        return [event async for page in pages for event in page["items"]]

    async def list_workload_events(self, namespace: str, name: str) -> list[Object]:
        """The Events about the Workload by which Kueue stands for a Job."""
        query = {"fieldSelector": f"regarding.kind=Workload,regarding.name={name}"}
        pages = self._pages(_path("events", namespace), query, accept=JSON)
        return [event async for page in pages for event in page["items"]]

    async def list_metadata(
        self, kind: str, namespace: str | None, label_selector: str
    ) -> tuple[str, list[Reference]]:
        """Resource version of a list, and every object in it, without their contents.

        Args:
            kind: preferencejobs, jobs or pods.
            namespace: None for all.
            label_selector: Empty for all.
        """
        path = _path(kind, namespace)
        query = {"labelSelector": label_selector} if label_selector else {}
        references: list[Reference] = []
        async for page in self._pages(path, query, accept=METADATA):
            resource_version = page["metadata"]["resourceVersion"]
            references += [_reference(item["metadata"]) for item in page["items"] or ()]
        return resource_version, references

    async def read_lease(self, namespace: str, name: str, *, seconds: float) -> Object:
        """Read a Lease within so many seconds."""
        path = _path("leases", namespace, name)
        return await self.connection.send(Call(method="GET", path=path, seconds=seconds))

    async def create_lease(self, lease: Object, *, seconds: float) -> Object:
        """Make a Lease within so many seconds.

        Raises:
            AlreadyExists: Somebody else was first.
        """
        path = _path("leases", lease["metadata"]["namespace"])
        call = Call(method="POST", path=path, body=lease, seconds=seconds)
        return await self.connection.send(call)

    async def replace_lease(self, lease: Object, *, seconds: float) -> Object:
        """Write a Lease within so many seconds, if it still has the resource version it names.

        Raises:
            Conflict: It was written meanwhile.
        """
        path = _path("leases", lease["metadata"]["namespace"], lease["metadata"]["name"])
        call = Call(method="PUT", path=path, body=lease, seconds=seconds)
        return await self.connection.send(call)

    async def _write(
        self, method: str, path: str, body: Object, *, content_type: str = JSON
    ) -> Object:
        call = Call(
            method=method, path=path, body=body, content_type=content_type, guard=self.guard
        )
        return await self.connection.send(call)

    async def _delete(self, path: str, policy: str, preconditions: Mapping[str, str]) -> None:
        options = {"propagationPolicy": policy, "preconditions": preconditions}
        await self._write("DELETE", path, options)

    async def _pages(
        self, path: str, query: Mapping[str, str], *, accept: str
    ) -> AsyncIterator[Object]:
        """The answers that make up a list; `items` of one without metadata is null."""
        wanted = {**query, "limit": str(PAGE_OBJECTS)}
        while True:
            call = Call(method="GET", path=f"{path}?{urlencode(wanted)}", accept=accept)
            page = await self.connection.send(call)
            yield page
            if not page["metadata"].get("continue"):
                return
            wanted["continue"] = page["metadata"]["continue"]


def _path(kind: str, namespace: str | None, name: str | None = None) -> str:
    parts = [_GROUPS[kind]]
    if namespace is not None:
        parts += ["namespaces", quote(namespace, safe="")]
    parts.append(kind)
    if name is not None:
        parts.append(quote(name, safe=""))
    return "/".join(parts)


def _reference(metadata: Object) -> Reference:
    return Reference(
        metadata["namespace"], metadata["name"], metadata["uid"], metadata["resourceVersion"]
    )
