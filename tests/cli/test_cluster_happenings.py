from datetime import UTC, datetime
from typing import Any

import pytest

from cluster_jobs import NOW, job
from preference_api.children import ChildStage, child_name
from preference_api.identity import run_hash
from preference_api.v1alpha1 import status as api
from preference_cli.cluster.happenings import happening_lines, happenings
from preference_cli.cluster.lines import CAUTION
from team import SPEC_HASH, running

JOB = job(running())
CHILD = {"metadata": {"name": f"tiny-{SPEC_HASH}-train", "uid": "uid-of-child"}}


CHANGED = api.Run(
    number=3,
    spec_hash=SPEC_HASH,
    stage=api.Stage.CHECK,
    dataset_changed_time=datetime(2026, 1, 2, 3, 2, tzinfo=UTC),
)
OF_CHANGED = run_hash(CHANGED)
"""In the names of Jobs of a run that a changed dataset began."""


def event(kind: str, name: str, uid: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "metadata": {"creationTimestamp": "2026-01-02T03:04:00Z"},
        "regarding": {"kind": kind, "name": name, "uid": uid},
        "type": "Normal",
        "reason": "Because",
        "note": f"about {name}",
        **fields,
    }


@pytest.mark.parametrize(
    ("one", "children", "told"),
    [
        (event("PreferenceJob", "tiny", JOB.uid), [], True),
        (event("PreferenceJob", "tiny", "uid-of-another-time"), [], False),
        (event("Job", "any", "uid-of-child"), [CHILD], True),
        (event("Pod", f"tiny-{SPEC_HASH}-train-0-x2x2x", "uid-of-gone"), [CHILD], True),
        (event("Pod", f"tiny-{SPEC_HASH}-check-0-x2x2x", "uid-of-gone"), [], True),
        (event("Job", "tiny-0123456789-list", "uid-of-gone"), [], True),
        (event("Pod", f"tiny-{OF_CHANGED}-train-0-x2x2x", "uid-of-gone"), [], True),
        (event("Pod", f"tinier-{SPEC_HASH}-train-0-x2x2x", "uid-of-gone"), [], False),
        (event("Pod", f"tiny-{SPEC_HASH}-trains-0-x2x2x", "uid-of-gone"), [], False),
        (event("Pod", "tiny-other-train-0-x2x2x", "uid-of-gone"), [CHILD], False),
        (event("ConfigMap", f"tiny-{SPEC_HASH}-train", "a"), [CHILD], False),
        ({"metadata": {}}, [CHILD], False),
    ],
)
def test_events_of_the_job_its_jobs_and_pods_are_told(
    one: dict[str, Any], children: list[dict[str, Any]], told: bool
) -> None:
    assert len(happenings([one], JOB, children)) == told


def test_children_of_a_long_name_are_known_by_what_is_left_of_it() -> None:
    long = job(running(), name="a" * 63)
    names = [child_name("a" * 63, SPEC_HASH, stage) for stage in ChildStage]
    events = [event("Pod", f"{name}-0-x2x2x") for name in names]
    assert len(happenings(events, long, [])) == len(names)


def test_what_happened_before_the_job_was_made_is_of_another() -> None:
    name = f"tiny-{SPEC_HASH}-train-0-x2x2x"
    moments = {"2026-01-02T02:59:59Z": False, "2026-01-02T03:00:00Z": True}
    for moment, told in moments.items():
        assert len(happenings([event("Pod", name, eventTime=moment)], JOB, [])) == told


def test_the_oldest_comes_first_whatever_tells_its_time() -> None:
    about = ("PreferenceJob", "tiny", JOB.uid)
    events = [
        event(*about, note="c", series={"lastObservedTime": "2026-01-02T03:04:03.5Z", "count": 7}),
        event(*about, note="b", deprecatedLastTimestamp="2026-01-02T03:04:02Z", deprecatedCount=2),
        event(*about, note="a", eventTime="2026-01-02T03:04:01.000000Z"),
        event(*about, note="made"),
    ]
    found = happenings(events, JOB, [])
    assert [(one.note, one.times) for one in found] == [("made", 1), ("a", 1), ("b", 2), ("c", 7)]


def test_a_line_tells_when_how_often_and_of_what() -> None:
    warning = event("Pod", f"tiny-{SPEC_HASH}-train-0", type="Warning", note="killed\nfor memory")
    head, line = happening_lines(happenings([warning], JOB, []), now=NOW)
    assert head.text.split() == ["AGE", "TIMES", "TYPE", "REASON", "OBJECT", "NOTE"]
    shown = f"30s   1       Warning   Because   Pod/tiny-{SPEC_HASH}-train-0   killed for memory"
    assert line.text == shown
    assert line.style == CAUTION
