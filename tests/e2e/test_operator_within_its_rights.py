"""What the operator's account did on the cluster is what its rules allow: no more, and no less."""

import pytest

from audit_log import AuditEntry
from awaiting import until
from helm_chart import NAMESPACE, RELEASE, USER
from installed_operator import InstalledOperator, Rule
from preference_api.children import ChildStage, child_name
from team_space import TeamSpace

pytestmark = pytest.mark.node


def test_every_rule_is_used_and_nothing_is_refused(
    team_space: TeamSpace, operator: InstalledOperator
) -> None:
    be_removed_at_the_end(team_space)
    be_without_room(team_space)
    be_in_anothers_way(team_space)
    be_without_the_lease(team_space, operator)
    log, rules = team_space.cluster.plane.audit.of(USER), operator.rules
    assert [entry for entry in log if entry.code in (401, 403)] == []
    assert {rule(entry, rules) for entry in log if entry.resource} == rules


def rule(entry: AuditEntry, rules: set[Rule]) -> Rule:
    """What has to be allowed for a request: by the object's name where a rule has one."""
    parts = (entry.resource, entry.subresource)
    request = (entry.group, "/".join(filter(None, parts)), entry.verb)
    named = (*request, entry.name)
    return named if named in rules else (*request, "")


def be_removed_at_the_end(team_space: TeamSpace) -> None:
    """A time to live that is over: the object is deleted."""
    nowhere = {"uri": f"s3://{team_space.world.bucket}/nowhere.jsonl"}
    team_space.apply("brief", dataset=nowhere, ttlSecondsAfterFinished=0)
    team_space.kubectl("wait", "pj/brief", "--for=delete", "--timeout=60s")


def be_without_room(team_space: TeamSpace) -> None:
    """A Job without a pod: its events are read, and it is deleted where it is suspended."""
    path = f"/api/v1/namespaces/{team_space.namespace}/resourcequotas"
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    team_space.cluster.plane.ask("POST", path, quota)
    until(lambda: "hard" in team_space.cluster.plane.ask("GET", f"{path}/none")["status"])
    team_space.apply("crowded")
    told = team_space.wait_for_reason("crowded", "QuotaExceeded")["message"]
    assert "exceeded quota: none" in told
    team_space.jobs.edit("crowded", suspend=True)
    team_space.wait("crowded", "condition=Suspended")


def be_in_anothers_way(team_space: TeamSpace) -> None:
    """Somebody else's Job under the name of the child: it is looked at, and left alone."""
    team_space.apply("namesake", suspend=True)
    team_space.wait("namesake", "condition=Suspended")
    spec_hash = team_space.status("namesake")["run"]["specHash"]
    name = child_name("namesake", spec_hash, ChildStage.CHECK)
    image = team_space.cluster.trainer
    team_space.kubectl("create", "job", name, f"--image={image}")
    team_space.jobs.edit("namesake", suspend=False)
    told = team_space.wait_for_reason("namesake", "NameConflict")["message"]
    assert name in told
    assert team_space.kubectl("get", "job", name, "--no-headers")


def be_without_the_lease(team_space: TeamSpace, operator: InstalledOperator) -> None:
    """The Lease that the chart ships is gone: it is made again."""
    plane = team_space.cluster.plane
    path = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{RELEASE}"
    plane.ask("DELETE", path)
    until(lambda: plane.request("GET", path)[0] == 200)
    until(lambda: operator.leader != "")
