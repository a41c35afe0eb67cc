"""What the operator's account did on the cluster is what its rules allow: no more, and no less."""

import pytest

from audit_log import AuditEntry, service_account
from awaiting import until
from installed_operator import rules
from operator_process import ACCOUNT, NAMESPACE
from preference_operator.names import ChildStage, child_name
from workplace import Workplace

pytestmark = pytest.mark.node


def test_every_rule_is_used_and_nothing_is_refused(workplace: Workplace) -> None:
    be_removed_at_the_end(workplace)
    be_without_room(workplace)
    be_in_anothers_way(workplace)
    log = workplace.cluster.plane.audit.of(service_account(NAMESPACE, ACCOUNT))
    assert [entry for entry in log if entry.code in (401, 403)] == []
    assert {rule(entry) for entry in log if entry.resource} == rules()


def rule(entry: AuditEntry) -> tuple[str, str, str]:
    """What has to be allowed for a request."""
    parts = (entry.resource, entry.subresource)
    return entry.group, "/".join(filter(None, parts)), entry.verb


def be_removed_at_the_end(workplace: Workplace) -> None:
    """A time to live that is over: the object is deleted."""
    nowhere = {"uri": f"s3://{workplace.world.bucket}/nowhere.jsonl"}
    workplace.apply("brief", dataset=nowhere, ttlSecondsAfterFinished=0)
    workplace.kubectl("wait", "pj/brief", "--for=delete", "--timeout=60s")


def be_without_room(workplace: Workplace) -> None:
    """A Job without a pod: its events are read, and it is deleted where it is suspended."""
    path = f"/api/v1/namespaces/{workplace.namespace}/resourcequotas"
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    workplace.cluster.plane.ask("POST", path, quota)
    until(lambda: "hard" in workplace.cluster.plane.ask("GET", f"{path}/none")["status"])
    workplace.apply("crowded")
    told = workplace.wait_for_reason("crowded", "QuotaExceeded")["message"]
    assert "exceeded quota: none" in told
    workplace.jobs.edit("crowded", suspend=True)
    workplace.wait("crowded", "condition=Suspended")


def be_in_anothers_way(workplace: Workplace) -> None:
    """Somebody else's Job under the name of the child: it is looked at, and left alone."""
    workplace.apply("namesake", suspend=True)
    workplace.wait("namesake", "condition=Suspended")
    spec_hash = workplace.status("namesake")["run"]["specHash"]
    name = child_name("namesake", spec_hash, ChildStage.CHECK)
    image = workplace.cluster.trainer
    workplace.kubectl("create", "job", name, f"--image={image}")
    workplace.jobs.edit("namesake", suspend=False)
    told = workplace.wait_for_reason("namesake", "NameConflict")["message"]
    assert name in told
    assert workplace.kubectl("get", "job", name, "--no-headers")
