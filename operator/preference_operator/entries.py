"""What the store keeps of an object, and entries by what several of them share."""

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Self

from preference_operator.bodies import Body, Kind, owner_uid, trimmed
from preference_operator.figures import Figures
from preference_operator.objects import Key

_JOB_NAME_LABEL = "batch.kubernetes.io/job-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An object as JSON: as dictionaries, a thousand jobs would take ten times the memory.

    What is asked of many at once is there without its JSON being read:
    key: The PreferenceJob that it is or belongs to.
    phase: Of a pod.
    run: Identity of the run that a PreferenceJob stands at.
    made_for: Namespace and name of the Job that a pod was made for.
    figures: Of a PreferenceJob.
    """

    text: str
    version: int
    owner: str | None
    key: Key | None
    phase: str | None = None
    run: str | None = None
    made_for: Key | None = None
    figures: Figures | None = None

    @classmethod
    def of(cls, kind: Kind, body: Body, *, key: Key | None) -> Self:
        """What is kept of an object of a kind."""
        is_pod, is_ours = kind is Kind.PODS, kind is Kind.PREFERENCE_JOBS
        return cls(
            text=json.dumps(trimmed(kind, body), separators=(",", ":")),
            version=version_of(body),
            owner=owner_uid(body),
            key=key,
            phase=(body.get("status") or {}).get("phase") if is_pod else None,
            run=_run(body) if is_ours else None,
            made_for=_made_for(body) if is_pod else None,
            figures=Figures.of(body, key) if is_ours and key else None,
        )

    @property
    def body(self) -> Body:
        """The object."""
        body: Body = json.loads(self.text)
        return body


@dataclass(slots=True)
class Groups:
    """Entries by something that several of them have in common; those without it are left out."""

    _members: dict[Hashable, dict[str, Entry]] = field(default_factory=dict)

    def add(self, group: Hashable | None, uid: str, entry: Entry) -> None:
        """Add an entry to its group."""
        if group is not None:
            self._members.setdefault(group, {})[uid] = entry

    def remove(self, group: Hashable | None, uid: str) -> None:
        """Take an entry out of its group."""
        members = self._members.get(group, {})
        members.pop(uid, None)
        if not members:
            self._members.pop(group, None)

    def of(self, group: Hashable) -> Mapping[str, Entry]:
        """The members of a group by their uid."""
        return self._members.get(group, {})


def version_of(body: Body) -> int:
    """Resource versions are numbers that can be compared (KEP-5504)."""
    return int(body["metadata"]["resourceVersion"])


def _run(body: Body) -> str | None:
    """Identity of the run in a status, which may hold whatever somebody wrote there."""
    status = body.get("status")
    run = status.get("run") if isinstance(status, Mapping) else None
    known = run.get("id") if isinstance(run, Mapping) else None
    return known if isinstance(known, str) else None


def _made_for(pod: Body) -> Key | None:
    name = (pod["metadata"].get("labels") or {}).get(_JOB_NAME_LABEL)
    return None if name is None else (pod["metadata"]["namespace"], name)
