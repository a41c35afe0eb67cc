from typing import Any

import pytest

from cluster_jobs import NOW, job
from preference_cli.cluster.happenings import happening_lines, happenings
from preference_cli.cluster.lines import CAUTION
from team import SPEC_HASH, running

JOB = job(running())
CHILD = {"metadata": {"name": f"tiny-{SPEC_HASH}-train", "uid": "uid-of-child"}}


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
        (event("Pod", "tiny-other-train-0-x2x2x", "uid-of-gone"), [CHILD], False),
        (event("ConfigMap", f"tiny-{SPEC_HASH}-train", "a"), [CHILD], False),
        ({"metadata": {}}, [CHILD], False),
    ],
)
def test_events_of_the_job_its_jobs_and_pods_are_told(
    one: dict[str, Any], children: list[dict[str, Any]], told: bool
) -> None:
    assert len(happenings([one], JOB, children)) == told


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
