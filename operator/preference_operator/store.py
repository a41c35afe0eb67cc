"""What the watches told, by PreferenceJob; corrected by what the operator wrote itself.

kopf's own index is filled by watch events alone. This one also takes the answers to the operator's
writes, so that the next pass sees a Job that was just made and does not make it again, and it can
be told that an object is gone whose deletion a broken watch did not deliver.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from preference_api.v1alpha1 import API_VERSION, KIND
from preference_operator.bodies import Body, Kind, controller, owner_uid
from preference_operator.entries import Entry, Groups, version_of
from preference_operator.figures import Figures
from preference_operator.objects import Key

_REMEMBERED_GONE = 10_000
_OVER = ("Succeeded", "Failed")


@dataclass(slots=True)
class Store:
    """Objects by their uid, and who belongs to whom."""

    _entries: dict[Kind, dict[str, Entry]] = field(
        default_factory=lambda: {kind: {} for kind in Kind}
    )
    _children: Groups = field(default_factory=Groups)
    _made_for: Groups = field(default_factory=Groups)
    _at_run: Groups = field(default_factory=Groups)
    _uids: dict[Key, str] = field(default_factory=dict)
    _gone: dict[str, int] = field(default_factory=dict)

    def put(self, kind: Kind, body: Body) -> bool:
        """Remember an object; False where what is known of it, or of its end, is as new.

        The answer to a write may come after the news of the object's deletion. What only lost the
        label by which it is watched comes back with it.
        """
        uid = _uid(body)
        if self.knows(kind, uid, version_of(body)):
            return False
        self._gone.pop(uid, None)
        self._unrelate(kind, uid)
        entry = Entry.of(kind, body, key=self.key_of(kind, body))
        self._entries[kind][uid] = entry
        self._relate(kind, uid, entry)
        return True

    def _relate(self, kind: Kind, uid: str, entry: Entry) -> None:
        self._children.add(entry.owner, uid, entry)
        self._made_for.add(entry.made_for, uid, entry)
        self._at_run.add(entry.run, uid, entry)
        if kind is not Kind.PREFERENCE_JOBS or entry.key is None:
            return
        # Of two objects of one name the newer counts.
        if self.version(kind, self._uids.get(entry.key, "")) <= entry.version:
            self._uids[entry.key] = uid

    def _unrelate(self, kind: Kind, uid: str) -> None:
        entry = self._entries[kind].get(uid)
        if entry is not None:
            self._children.remove(entry.owner, uid)
            self._made_for.remove(entry.made_for, uid)
            self._at_run.remove(entry.run, uid)

    def drop(self, kind: Kind, uid: str, *, version: int = 0) -> Key | None:
        """Forget an object that is gone; the PreferenceJob that it was, or belonged to.

        Args:
            kind: What it was.
            uid: Which one.
            version: The resource version at which it went, where that is known.

        """
        self._remember_gone(uid, max(version, self.version(kind, uid)))
        self._unrelate(kind, uid)
        entry = self._entries[kind].pop(uid, None)
        if entry is None:
            return None
        if kind is Kind.PREFERENCE_JOBS and entry.key and self._uids.get(entry.key) == uid:
            del self._uids[entry.key]
        return entry.key

    def _remember_gone(self, uid: str, version: int) -> None:
        self._gone[uid] = version
        if len(self._gone) > _REMEMBERED_GONE:
            del self._gone[next(iter(self._gone))]

    def preference_job(self, key: Key) -> Body | None:
        """The PreferenceJob of that name."""
        entry = self._entries[Kind.PREFERENCE_JOBS].get(self._uids.get(key, ""))
        return None if entry is None else entry.body

    def all_keys(self) -> list[Key]:
        """Every PreferenceJob."""
        return list(self._uids)

    def figures(self) -> tuple[Figures, ...]:
        """Every PreferenceJob in numbers."""
        entries = self._entries[Kind.PREFERENCE_JOBS]
        found = (entries[uid].figures for uid in self._uids.values())
        return tuple(figures for figures in found if figures is not None)

    def preference_jobs_at(self, run: str) -> tuple[Body, ...]:
        """The PreferenceJobs that stand at the run of this identity."""
        return tuple(
            entry.body
            for uid, entry in self._at_run.of(run).items()
            if entry.key is not None and self._uids.get(entry.key) == uid
        )

    def jobs(self, uid: str) -> tuple[Body, ...]:
        """The Jobs that a PreferenceJob controls."""
        return tuple(entry.body for entry in self._children.of(uid).values())

    def pods(self, jobs: Iterable[Body]) -> tuple[Body, ...]:
        """The pods that these Jobs control."""
        return tuple(entry.body for job in jobs for entry in self._children.of(_uid(job)).values())

    def running_pods(self) -> Iterator[tuple[Key, Body]]:
        """The pods that run, each with the PreferenceJob that it works for."""
        for pod in self._entries[Kind.PODS].values():
            job = self._entries[Kind.JOBS].get(pod.owner or "")
            if pod.phase != "Running" or job is None or job.key is None:
                continue
            if self._uids.get(job.key) == job.owner:
                yield job.key, pod.body

    def left_pods(self, uid: str, job: Key) -> tuple[str, ...]:
        """Names of the pods of a Job that have not ended yet, though it is not a known one.

        A Job that is deleted in the background is gone at once, and its pods save first.

        Args:
            uid: Of the PreferenceJob that the known ones belong to.
            job: Namespace and name of the Job.

        """
        known = self._children.of(uid)
        return tuple(
            str(pod.body["metadata"]["name"])
            for pod in self._made_for.of(job).values()
            if pod.phase not in _OVER and pod.owner not in known
        )

    def uids(self, kind: Kind) -> frozenset[str]:
        """Every known object of a kind."""
        return frozenset(self._entries[kind])

    def namespace(self, kind: Kind, uid: str) -> str | None:
        """The namespace of a known object."""
        entry = self._entries[kind].get(uid)
        if entry is None:
            return None
        return entry.key[0] if entry.key else str(entry.body["metadata"]["namespace"])

    def knows(self, kind: Kind, uid: str, version: int) -> bool:
        """Whether an object is known in a version or a newer one, or known to have gone since."""
        return max(self.version(kind, uid), self._gone.get(uid, 0)) >= version

    def version(self, kind: Kind, uid: str) -> int:
        """The resource version in which an object is known; 0 where it is not."""
        entry = self._entries[kind].get(uid)
        return 0 if entry is None else entry.version

    def key_of(self, kind: Kind, body: Body) -> Key | None:
        """The PreferenceJob that an object belongs to; None where it belongs to none."""
        if kind is Kind.PODS:
            job = self._entries[Kind.JOBS].get(owner_uid(body) or "")
            # The Job may be gone before its pod.
            known = job or self._entries[kind].get(_uid(body))
            return None if known is None else known.key
        if kind is Kind.PREFERENCE_JOBS:
            return _key(body)
        owner = controller(body)
        if owner is None or (owner["apiVersion"], owner["kind"]) != (API_VERSION, KIND):
            return None
        return body["metadata"]["namespace"], owner["name"]


def _uid(body: Body) -> str:
    return str(body["metadata"]["uid"])


def _key(body: Body) -> Key:
    return body["metadata"]["namespace"], body["metadata"]["name"]
