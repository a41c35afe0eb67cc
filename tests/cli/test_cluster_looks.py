"""When a finished job looks at its dataset next, on the page of its status."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cluster_jobs import NOW, job
from preference_cli.__main__ import main
from preference_cli.cluster.happenings import Happening
from preference_cli.cluster.lines import Line
from preference_cli.cluster.looks import Looks, read_looks
from preference_cli.cluster.page import page
from team import SPEC_HASH, Team, running, succeeded

HOURLY = {"whenDatasetChanges": True, "checkEveryMinutes": 60}
NIGHTLY = {"schedule": "0 3 * * *", "timeZone": "Europe/Berlin"}
BEGAN = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)


def text(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines)


def listing(made: str, *, run: str = SPEC_HASH, stage: str = "list", ended: str = "") -> Any:
    labels = {"preference.dev/stage": stage, "preference.dev/run": run}
    conditions = [{"type": ended, "status": "True"}] if ended else []
    return {
        "metadata": {"name": "x", "labels": labels, "creationTimestamp": made},
        "status": {"conditions": conditions},
    }


def trouble(moment: datetime, reason: str = "DatasetNotListed") -> Happening:
    about = "PreferenceJob/tiny"
    return Happening(moment=moment, times=1, about=about, kind="Warning", reason=reason, note="No.")


def due(retrain: Mapping[str, Any], *children: Any) -> str | None:
    moment = read_looks(job(succeeded(), retrain=retrain), children, ()).due
    return moment and moment.strftime("%d %H:%M")


@pytest.mark.parametrize(
    ("retrain", "children", "moment"),
    [
        (HOURLY, [], "02 04:00"),
        (HOURLY, [listing("2026-01-02T03:30:00Z")], "02 04:30"),
        (HOURLY, [listing("2026-01-02T03:30:00Z"), listing("2026-01-02T03:10:00Z")], "02 04:30"),
        (HOURLY, [listing("2026-01-02T02:30:00Z")], "02 04:00"),
        (HOURLY, [listing("2026-01-02T03:30:00Z", run="other")], "02 04:00"),
        (HOURLY, [listing("2026-01-02T03:30:00Z", stage="train")], "02 04:00"),
        (NIGHTLY, [], "03 02:00"),
        ({**NIGHTLY, **HOURLY}, [listing("2026-01-03T01:30:00Z")], "03 02:00"),
        ({}, [], None),
        ({"checkEveryMinutes": "often", "whenDatasetChanges": True}, [], None),
    ],
)
def test_the_next_look_is_that_of_the_operator(
    retrain: Mapping[str, Any], children: list[Any], moment: str | None
) -> None:
    assert due(retrain, *children) == moment


@pytest.mark.parametrize(
    ("events", "children", "told"),
    [
        ([trouble(NOW)], [], True),
        ([trouble(NOW)], [listing("2026-01-02T03:30:00Z", ended="Failed")], True),
        ([trouble(NOW)], [listing("2026-01-02T03:30:00Z", ended="Complete")], False),
        ([trouble(BEGAN)], [], False),
        ([trouble(NOW, "Trained")], [], False),
        ([], [], False),
    ],
)
def test_a_look_that_failed_is_told_until_one_goes_well(
    events: list[Happening], children: list[Any], told: bool
) -> None:
    found = read_looks(job(succeeded(), retrain=HOURLY), children, events)
    assert (found.trouble is not None) is told


@pytest.mark.parametrize(
    ("looks", "retrain", "line"),
    [
        (
            Looks(due=NOW + timedelta(minutes=46)),
            HOURLY,
            "in 46m; every 60 minutes",
        ),
        (Looks(due=BEGAN), {**HOURLY, "checkEveryMinutes": 1}, "due; every minute"),
        (Looks(), HOURLY, "every 60 minutes"),
        (Looks(), {**HOURLY, **NIGHTLY}, "every 60 minutes and at 0 3 * * * (Europe/Berlin)"),
        (Looks(), {"schedule": "0 3 * * *"}, "at 0 3 * * * (UTC)"),
        (Looks(trouble=trouble(NOW)), HOURLY, "every 60 minutes\n"),
    ],
)
def test_the_page_tells_the_next_look(looks: Looks, retrain: Mapping[str, Any], line: str) -> None:
    shown = text(page(job(succeeded(), retrain=retrain), now=NOW, looks=looks))
    assert f"next look  {line}" in shown
    assert ("DatasetNotListed: No." in shown) is (looks.trouble is not None)


@pytest.mark.parametrize(
    ("status", "spec"),
    [
        (running(), {"retrain": HOURLY}),
        (succeeded(), {"retrain": HOURLY, "suspend": True}),
        (succeeded(), {}),
    ],
)
def test_a_job_that_does_not_look_has_no_such_line(
    status: Mapping[str, Any], spec: Mapping[str, Any]
) -> None:
    assert "next look" not in text(page(job(status, **spec), now=NOW, looks=Looks(due=NOW)))


def test_the_page_tells_that_a_changed_dataset_began_the_run() -> None:
    status = succeeded()
    status["run"] |= {"datasetChangedTime": "2026-01-02T03:00:00Z"}
    shown = text(page(job(status), now=NOW))
    assert "the dataset was found changed 4m ago, which began this run" in shown
    assert "found changed" not in text(page(job(succeeded()), now=NOW))


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("rights", "moment", "complaint"),
    [
        (["jobs", "events"], True, True),
        (["jobs"], True, False),
        ([], False, False),
    ],
)
def test_what_the_user_may_not_read_is_left_out(
    team: Team,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rights: list[str],
    moment: bool,
    complaint: bool,
) -> None:
    made = team.create(spec={"retrain": HOURLY})
    team.put_status(succeeded())
    about = {"kind": "PreferenceJob", "name": "tiny", "uid": made["metadata"]["uid"]}
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    team.create_event(about, reason="DatasetNotListed", eventTime=now, note="not known")
    groups = {"jobs": "batch", "events": "events.k8s.io", "preferencejobs": "preference.dev"}
    rules = [
        {"apiGroups": [groups[name]], "resources": [name], "verbs": ["get", "list"]}
        for name in ("preferencejobs", *rights)
    ]
    assert main(["status", "tiny", "--kubeconfig", str(team.user(tmp_path, rules))]) == 0
    out = capsys.readouterr().out
    assert ("next look" in out) is True
    assert ("due; every 60 minutes" in out) is moment
    assert ("DatasetNotListed: not known" in out) is complaint
