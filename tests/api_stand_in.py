"""What an operator calls, in memory: records the calls, and fails where a test says so.

It keeps what histories depend on: versions, names, patches of a status, deletion
that waits. The real API server is asked in the tests of `Cluster`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from operator_builders import at
from preference_operator.bodies import Body, Kind
from preference_operator.cluster import Reference
from preference_operator.cluster_errors import AlreadyExists, ClusterError, Conflict, NotFound
from preference_operator.objects import Key
from preference_operator.store import Store


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What becomes of the next call of a name: nothing is done, or only the answer is lost."""

    error: ClusterError
    answer_lost: bool = False


@dataclass
class Queue:
    """Remembers what a controller asks of its queue."""

    added: list[Key] = field(default_factory=list)
    later: list[tuple[Key, float]] = field(default_factory=list)
    retried: list[Key] = field(default_factory=list)

    def add(self, key: Key) -> None:
        self.added.append(key)

    def add_after(self, key: Key, seconds: float) -> None:
        self.later.append((key, seconds))

    def retry(self, key: Key) -> None:
        self.retried.append(key)

    def forget(self, key: Key) -> None:
        """Nothing is counted here."""


@dataclass
class ApiStandIn:
    """The objects of an API server, with the methods of a `Cluster`.

    calls: Every call, as its name and what it is about.
    faults: By the name of a call.
    told: Events about Jobs.
    told_of_workload: Events about Kueue's Workloads.
    seconds: The time, after the start.
    version: Changes with every change of an object.
    """

    kept: dict[Kind, dict[Key, Body]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    events: dict[str, Body] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    told: list[Body] = field(default_factory=list)
    told_of_workload: list[Body] = field(default_factory=list)
    seconds: float = 0
    version: int = 100

    def put(self, kind: Kind, body: Body) -> Body:
        """Keep an object, at a version of its own."""
        self.version += 1
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        self.kept[kind][key_of(body)] = body
        return body

    def tell(self, store: Store) -> None:
        """Bring a store to what is here, as the watches do sooner or later."""
        for kind, bodies in self.kept.items():
            here = {body["metadata"]["uid"] for body in bodies.values()}
            for uid in store.uids(kind) - here:
                store.drop(kind, uid)
            for body in bodies.values():
                store.put(kind, body)

    async def create_job(self, manifest: Body) -> Body:
        def make() -> Body:
            if key_of(manifest) in self.kept[Kind.JOBS]:
                raise AlreadyExists("a Job of that name exists")
            about = {"uid": f"uid-{self.version}", "creationTimestamp": at(self.seconds)}
            metadata = {**manifest["metadata"], **about}
            return self.put(Kind.JOBS, {**manifest, "metadata": metadata, "status": {}})

        return await self._answer("create_job", manifest["metadata"]["name"], make)

    async def read_job(self, namespace: str, name: str) -> Body:
        def read() -> Body:
            return self._standing(Kind.JOBS, (namespace, name))

        return await self._answer("read_job", name, read)

    async def delete_job(self, namespace: str, name: str, *, uid: str) -> None:
        def delete() -> None:
            body = self.kept[Kind.JOBS].get((namespace, name))
            if body is not None and body["metadata"]["uid"] == uid:
                self.mark(body)

        await self._answer("delete_job", name, delete)

    async def patch_status(
        self, namespace: str, name: str, *, resource_version: str, changes: Body, manager: str
    ) -> Body:
        def patch() -> Body:
            body = self._standing(Kind.PREFERENCE_JOBS, (namespace, name))
            if body["metadata"]["resourceVersion"] != resource_version:
                raise Conflict("the object has been modified")
            after = _patched(body.get("status") or {}, changes)
            if after == (body.get("status") or {}):
                return body
            return self.put(Kind.PREFERENCE_JOBS, {**body, "status": after})

        return await self._answer("patch_status", manager, patch)

    async def delete_preference_job(
        self, namespace: str, name: str, *, uid: str, resource_version: str
    ) -> None:
        def delete() -> None:
            body = self._standing(Kind.PREFERENCE_JOBS, (namespace, name))
            if body["metadata"]["resourceVersion"] != resource_version:
                raise Conflict("the object has been modified")
            del self.kept[Kind.PREFERENCE_JOBS][namespace, name]

        await self._answer("delete_preference_job", name, delete)

    async def create_event(self, manifest: Body) -> None:
        def post() -> None:
            self.events.setdefault(manifest["metadata"]["name"], manifest)

        await self._answer("create_event", manifest["reason"], post)

    async def list_events(self, namespace: str, *, regarding_uid: str) -> list[Body]:
        return await self._answer("list_events", regarding_uid, lambda: self.told)

    async def list_workload_events(self, namespace: str, name: str) -> list[Body]:
        return await self._answer("list_workload_events", name, lambda: self.told_of_workload)

    async def list_metadata(
        self, kind: str, namespace: str | None, label_selector: str
    ) -> tuple[str, list[Reference]]:
        def found() -> tuple[str, list[Reference]]:
            bodies = self.kept[Kind(kind)].values()
            listed = [reference(body) for body in bodies]
            return "1", [one for one in listed if namespace in (None, one.namespace)]

        return await self._answer("list_metadata", kind, found)

    def mark(self, body: Body) -> None:
        """Begin the deletion of a Job and its pods: they stay until `sweep`."""
        gone = {"deletionTimestamp": at(self.seconds)}
        for kind, one in ((Kind.JOBS, body), *((Kind.PODS, pod) for pod in self.pods(body))):
            self.put(kind, {**one, "metadata": {**one["metadata"], **gone}})

    def sweep(self) -> None:
        """Have everything gone whose deletion began."""
        for kind, bodies in self.kept.items():
            self.kept[kind] = {
                key: body
                for key, body in bodies.items()
                if "deletionTimestamp" not in body["metadata"]
            }

    def pods(self, job: Body) -> list[Body]:
        """The pods of a Job, oldest first."""
        uid, pods = job["metadata"]["uid"], self.kept[Kind.PODS].values()
        return [pod for pod in pods if pod["metadata"]["ownerReferences"][0]["uid"] == uid]

    def _standing(self, kind: Kind, key: Key) -> Body:
        if key not in self.kept[kind]:
            raise NotFound(f"{kind} {key[1]} not found")
        return self.kept[kind][key]

    async def _answer(self, call: str, about: str, effect: Callable[[], Any]) -> Any:
        self.calls.append(f"{call} {about}")
        fault = self.faults.pop(call, None)
        if fault is not None and not fault.answer_lost:
            raise fault.error
        answer = effect()
        if fault is not None:
            raise fault.error
        return answer


def key_of(body: Body) -> Key:
    """Namespace and name of an object."""
    return body["metadata"]["namespace"], body["metadata"]["name"]


def reference(body: Body) -> Reference:
    """An object as a list without contents names it."""
    metadata = body["metadata"]
    return Reference(*key_of(body), metadata["uid"], metadata["resourceVersion"])


def _patched(before: Any, changes: Any) -> Any:
    """An object after a JSON merge patch (RFC 7396)."""
    if not isinstance(changes, dict):
        return changes
    kept = before if isinstance(before, dict) else {}
    merged = {**kept, **{name: _patched(kept.get(name), part) for name, part in changes.items()}}
    return {name: part for name, part in merged.items() if changes.get(name, part) is not None}
