"""Every version of every object that a test is about, as watches of the API server tell them.

A test waits for what comes to pass without asking over and over, and looks back over all of it at
the end: a state that stood for a moment only is in it, too.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import urllib3

import credentials
from control_plane import ControlPlane
from preference_api.v1alpha1 import API_VERSION
from preference_api.wire import JOB_UID_LABEL

Body = dict[str, Any]

PREFERENCE_JOBS, JOBS, PODS, EVENTS = "preferencejobs", "jobs", "pods", "events"
_GROUPS: Mapping[str, str] = {
    PREFERENCE_JOBS: f"/apis/{API_VERSION}",
    JOBS: "/apis/batch/v1",
    PODS: "/api/v1",
    EVENTS: "/apis/events.k8s.io/v1",
}
_WATCH = {"watch": "1", "allowWatchBookmarks": "1", "timeoutSeconds": "30"}
_WAIT_SECONDS = 60
_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An object as it stood from one moment on.

    Args:
        kind: Such as jobs.
        change: ADDED, MODIFIED or DELETED.
        body: The object; as it was last, where it was deleted.
    """

    kind: str
    change: str
    body: Body

    @property
    def number(self) -> int:
        """The moment: versions of all objects have one order (KEP-5504)."""
        return int(self.body["metadata"]["resourceVersion"])

    @property
    def uid(self) -> str:
        """Of the object."""
        return str(self.body["metadata"]["uid"])


@dataclass(slots=True)
class Record:
    """What became of one PreferenceJob: itself, its children, their pods, Events about it."""

    _versions: list[Version] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def versions(self, kind: str = "") -> list[Version]:
        """All versions, or those of one kind, in order."""
        with self._changed:
            found = [version for version in self._versions if kind in ("", version.kind)]
        return sorted(found, key=lambda version: version.number)

    def current(self, kind: str) -> list[Body]:
        """The objects of a kind that stand, in the order in which they last changed."""
        latest = {version.uid: version for version in self.versions(kind)}
        standing = [one for one in latest.values() if one.change != "DELETED"]
        return [one.body for one in sorted(standing, key=lambda one: one.number)]

    @property
    def status(self) -> Body:
        """The status of the PreferenceJob as it stands, or stood last."""
        versions = self.versions(PREFERENCE_JOBS)
        status: Body = versions[-1].body.get("status", {}) if versions else {}
        return status

    def until(self, condition: Callable[[], bool]) -> None:
        """Return as soon as the condition holds; fail where it never does."""
        with self._changed:
            assert self._changed.wait_for(condition, _WAIT_SECONDS), self._last()

    def add(self, version: Version) -> None:
        """Note another version."""
        with self._changed:
            self._versions.append(version)
            self._changed.notify_all()

    def _last(self) -> str:
        status = json.dumps(self.status, indent=1)
        return f"what was waited for never came; the status was at last {status}"


class Forgotten(Exception):
    """The API server was started anew, and does not know what happened before."""


class History:
    """The records of all PreferenceJobs, from one moment on."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._records: dict[str, Record] = {}
        self._lock = threading.Lock()
        self._answers: dict[str, urllib3.BaseHTTPResponse] = {}
        self._over = False

    def record(self, uid: str) -> Record:
        """What became of the PreferenceJob with this uid."""
        with self._lock:
            return self._records.setdefault(uid, Record())

    def begin(self) -> list[threading.Thread]:
        """Watch from now on, in threads that are returned."""
        threads = []
        for kind, group in _GROUPS.items():
            listed = self._plane.ask("GET", f"{group}/{kind}?limit=1")
            arguments = (kind, listed["metadata"]["resourceVersion"])
            threads.append(threading.Thread(target=self._follow, args=arguments))
            threads[-1].start()
        return threads

    def end(self) -> None:
        """Have the threads end."""
        self._over = True
        for answer in list(self._answers.values()):
            # One that has ended already cannot be ended.
            with suppress(RuntimeError):
                answer.shutdown()

    def _follow(self, kind: str, version: str) -> None:
        while not self._over:
            try:
                for line in self._watch(kind, version):
                    version = self._note(kind, json.loads(line))
            except urllib3.exceptions.HTTPError:
                threading.Event().wait(_PAUSE_SECONDS)
            except Forgotten:
                version = self._catch_up(kind)

    def _watch(self, kind: str, version: str) -> Iterator[bytes]:
        pool = urllib3.PoolManager(ca_certs=str(self._plane.certificate), retries=False)
        bearer = credentials.token(credentials.ADMINISTRATOR)
        answer = pool.request(
            "GET",
            f"{self._plane.url}{_GROUPS[kind]}/{kind}",
            fields={**_WATCH, "resourceVersion": version},
            headers={"Authorization": f"Bearer {bearer}"},
            preload_content=False,
        )
        if answer.status != HTTPStatus.OK:
            raise urllib3.exceptions.HTTPError(answer.status)
        self._answers[kind] = answer
        yield from answer

    def _catch_up(self, kind: str) -> str:
        """Note how the objects of a kind stand, and which of them went."""
        listed = self._plane.ask("GET", f"{_GROUPS[kind]}/{kind}")
        standing = {body["metadata"]["uid"] for body in listed["items"]}
        for body in listed["items"]:
            self._note(kind, {"type": "MODIFIED", "object": body})
        with self._lock:
            records = list(self._records.values())
        for body in (body for record in records for body in record.current(kind)):
            if body["metadata"]["uid"] not in standing:
                self._note(kind, {"type": "DELETED", "object": body})
        return str(listed["metadata"]["resourceVersion"])

    def _note(self, kind: str, told: Body) -> str:
        change, body = told["type"], told["object"]
        if change == "ERROR":
            assert body["code"] == HTTPStatus.GONE, body
            raise Forgotten
        if change != "BOOKMARK":
            uid = _belongs_to(kind, body)
            self.record(uid).add(Version(kind=kind, change=change, body=body))
        return str(body["metadata"]["resourceVersion"])


@contextmanager
def recorded(plane: ControlPlane) -> Iterator[History]:
    """The history of a control plane while the block runs."""
    history = History(plane)
    threads = history.begin()
    try:
        yield history
    finally:
        history.end()
        for thread in threads:
            thread.join()


def _belongs_to(kind: str, body: Body) -> str:
    """Uid of the PreferenceJob that an object belongs to; empty where it belongs to none."""
    if kind == PREFERENCE_JOBS:
        return str(body["metadata"]["uid"])
    if kind == EVENTS:
        return str(body.get("regarding", {}).get("uid", ""))
    return str((body["metadata"].get("labels") or {}).get(JOB_UID_LABEL, ""))
