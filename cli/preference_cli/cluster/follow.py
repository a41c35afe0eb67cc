"""Following the logs of a PreferenceJob from pod to pod until it ends."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from preference_cli.cluster.api import Cluster
from preference_cli.cluster.job import Job, read_job
from preference_cli.cluster.page import standing
from preference_cli.cluster.pods import Pod, read_pods
from preference_cli.cluster.refusals import Missing, Unavailable

_LOOK_SECONDS = 1.0
_FRACTION = re.compile(r"\.(\d{1,9})")
_STAMPED = re.compile(r"(?P<moment>\d{4}-\d\d-\d\dT\S+) ?(?P<text>.*)")


def read_log(
    cluster: Cluster, pod: Pod, *, follow: bool, since: str = ""
) -> Iterator[tuple[str, str]]:
    """Lines of a log with their times, without those that were read up to a time.

    Lines that the node adds in place of a log have no time, and the last one's stands for it.
    """
    last = since
    for line in cluster.log(pod.name, follow=follow, since=since):
        stamped = _STAMPED.match(line)
        if stamped is None:
            yield last, line
        elif is_later(stamped["moment"], since):
            last = stamped["moment"]
            yield last, stamped["text"]


def is_later(moment: str, since: str) -> bool:
    """Whether a time in RFC 3339 is after another, to the nanosecond; empty is before all."""
    return not since or _instant(moment) > _instant(since)


def _instant(moment: str) -> tuple[datetime, int]:
    """Second and nanoseconds of a time in RFC 3339; datetime alone ends at microseconds."""
    fraction = _FRACTION.search(moment)
    second = datetime.fromisoformat(moment).replace(microsecond=0)
    return second, int(fraction[1].ljust(9, "0")) if fraction else 0


@dataclass(slots=True, kw_only=True)
class Follower:
    """Reads every pod from the newest on, each to its end, looking again after every cut.

    Args:
        cluster: Where the pods are.
        name: The PreferenceJob.
        stage: check, train or list; None for check and train.
        line: Takes a line of a log.
        notice: Takes what the user should know beside the log.
    """

    cluster: Cluster
    name: str
    stage: str | None
    line: Callable[[str], None]
    notice: Callable[[str], None]
    _first: Pod | None = None
    _read: set[str] = field(default_factory=set)
    _since: dict[str, str] = field(default_factory=dict)
    _noticed: str = ""

    def run(self) -> None:
        """Follow until the PreferenceJob has ended, or the stage where one was asked for.

        Raises:
            CommandError: The PreferenceJob has gone, or a right is missing.
        """
        while self._look():
            time.sleep(_LOOK_SECONDS)

    def _look(self) -> bool:
        """Read what there is to read; False where nothing will follow."""
        try:
            # The job first: whatever an ended job has made is among the pods read after it.
            job = read_job(self.cluster.job(self.name))
            pods = read_pods(self.cluster.pods(job.uid), stage=self.stage)
            return self._advance(job, pods)
        except Unavailable as fault:
            self._tell(f"{fault.message}; trying again")
            return True

    def _advance(self, job: Job, pods: list[Pod]) -> bool:
        pod = self._next(pods)
        if pod is None:
            self._tell(_waiting(job))
            return job.succeeded is None and not self._stage_is_over(pods)
        if pod.started:
            self._copy(pod)
        else:
            self._tell(f"{pod.name} has not started: {pod.held_up or pod.phase}")
        if pod.ended:
            self._read.add(pod.name)
        return True

    def _next(self, pods: list[Pod]) -> Pod | None:
        """The first pod that was not read to its end, of those from the first on."""
        if self._first is None and pods:
            self._first = pods[-1]
        return next((pod for pod in pods if self._is_due(pod)), None)

    def _is_due(self, pod: Pod) -> bool:
        after = self._first is not None and pod.place >= self._first.place
        return after and pod.name not in self._read

    def _copy(self, pod: Pod) -> None:
        """Hand on the lines; those of a running pod until its log is cut or ends."""
        if pod.name not in self._since:
            self._tell(f"log of {pod.name}")
        since = self._since.setdefault(pod.name, "")
        try:
            for moment, text in read_log(self.cluster, pod, follow=not pod.ended, since=since):
                self._since[pod.name] = moment
                self.line(text)
        except Missing:
            self._read.add(pod.name)
        except Unavailable as fault:
            # The API server has just answered, so it is the node that does not.
            rest = "what follows of its log is lost" if pod.ended else "trying again"
            self._tell(f"{pod.name}: {fault.message}; {rest}")

    def _stage_is_over(self, pods: list[Pod]) -> bool:
        return self.stage is not None and any(pod.phase == "Succeeded" for pod in pods)

    def _tell(self, text: str) -> None:
        """Say what has not just been said."""
        if text != self._noticed:
            self.notice(text)
            self._noticed = text


def _waiting(job: Job) -> str:
    said = standing(job)
    return said if job.succeeded is not None else f"waiting for a pod; {said}"
