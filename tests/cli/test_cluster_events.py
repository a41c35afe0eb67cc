from datetime import datetime, timedelta
from pathlib import Path

import pytest

from preference_cli.__main__ import main
from team import SPEC_HASH, Team, running

pytestmark = pytest.mark.cluster


def test_events_of_the_job_and_its_pods_are_told_oldest_first(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    job = team.create()
    made = datetime.fromisoformat(job["metadata"]["creationTimestamp"])
    team.put_status(running())
    pod = team.create_pod(job, "any-name", stage="train")
    gone = {"kind": "Pod", "name": f"tiny-{SPEC_HASH}-train-0-x2x2x", "uid": "gone"}
    other = {"kind": "Pod", "name": "another", "uid": "another"}
    about_job = {"kind": "PreferenceJob", "name": "tiny", "uid": job["metadata"]["uid"]}
    about_pod = {"kind": "Pod", "name": "any-name", "uid": pod["metadata"]["uid"]}
    for minute, (regarding, reason) in enumerate(
        [(about_pod, "Pulled"), (other, "Foreign"), (gone, "Preempted"), (about_job, "Trained")]
    ):
        moment = (made + timedelta(minutes=10 - minute)).isoformat(timespec="microseconds")
        team.create_event(regarding, reason=reason, eventTime=moment, note="it did")
    assert main(["events", "tiny"]) == 0
    _head, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[3] for line in lines] == ["Trained", "Preempted", "Pulled"]


def test_no_events_are_no_fault(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    team.create()
    assert main(["events", "tiny"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert f"there are no events of {team.namespace}/tiny" in err


def test_a_missing_right_is_named(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    team.create()
    rules = [
        {"apiGroups": ["preference.dev"], "resources": ["preferencejobs"], "verbs": ["get"]},
        {"apiGroups": ["", "batch"], "resources": ["pods", "jobs"], "verbs": ["list"]},
    ]
    kubeconfig = str(team.user(tmp_path, rules))
    assert main(["events", "tiny", "--kubeconfig", kubeconfig]) == 2
    assert "ada may not list events.events.k8s.io in namespace" in capsys.readouterr().err
