from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cluster_jobs import job
from preference_api.manifest import from_document
from preference_cli.__main__ import main
from preference_cli.cluster.retrain import new_nonce, outcome
from preference_cli.errors import CommandError
from team import Team, failed, running, succeeded

NOW = datetime(2026, 11, 24, 13, 6, 12, 345678, tzinfo=UTC)
RUN = {"number": 1, "specHash": "a"}


@pytest.mark.parametrize(
    ("reason", "nonce"),
    [
        (None, "20261124T130612.345Z"),
        ("new labels", "20261124T130612.345Z-new-labels"),
        ("  Größe: 7 B! ", "20261124T130612.345Z-Groe-7-B"),
        ("v1.2_a", "20261124T130612.345Z-v1.2_a"),
        ("x" * 200, f"20261124T130612.345Z-{'x' * 43}"),
        (f"{'x' * 42} y", f"20261124T130612.345Z-{'x' * 42}"),
    ],
)
def test_a_nonce_tells_when_and_why_in_the_letters_of_its_field(
    reason: str | None, nonce: str
) -> None:
    assert new_nonce(NOW, reason=reason) == nonce


def test_a_reason_without_a_letter_that_fits_is_refused() -> None:
    with pytest.raises(CommandError, match="has nothing that a nonce may hold"):
        new_nonce(NOW, reason="再")


@pytest.mark.parametrize(
    ("status", "spec", "words"),
    [
        (None, {}, "has not begun yet"),
        ({}, {}, "has not begun yet"),
        (succeeded(observedGeneration=0), {}, "has not begun yet"),
        (succeeded(), {}, "is checked and then trained"),
        (failed(), {}, "is checked and then trained"),
        (running(), {}, "is stopped, and the new run begins (concurrency: Replace)"),
        (running(), {"retrain": {"concurrency": "Replace"}}, "(concurrency: Replace)"),
        (running(), {"retrain": {"concurrency": "Forbid"}}, "goes on to its end first"),
        (
            running(run={**RUN, "stage": "Check"}),
            {"retrain": {"concurrency": "Forbid"}},
            "the check under way is stopped",
        ),
        (succeeded(), {"suspend": True}, "begins once it is resumed"),
    ],
)
def test_it_says_what_follows(
    status: Mapping[str, Any] | None, spec: Mapping[str, Any], words: str
) -> None:
    assert words in outcome(job(status, **spec))


@pytest.mark.cluster
def test_it_sets_a_new_nonce_each_time_and_nothing_else(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    team.create()
    team.put_status(succeeded())
    before, nonces = team.read(), set()
    for number, follows in ((1, "it is checked"), (2, "the run before it")):
        assert main(["retrain", "tiny", "--reason", "new labels"]) == 0
        after = team.read()
        nonce = after["spec"]["retrain"].pop("nonce")
        assert f"tiny asks for another run, {nonce}; {follows}" in capsys.readouterr().out
        assert after["spec"] == before["spec"]
        assert after["status"] == before["status"]
        assert after["metadata"]["generation"] == before["metadata"]["generation"] + number
        nonces.add(nonce)
    assert len(nonces) == 2


@pytest.mark.cluster
def test_what_it_sets_is_another_run(team: Team) -> None:
    from preference_api.identity import spec_hash

    hashes = {spec_hash(_spec(team.create()))}
    for _ in range(2):
        assert main(["retrain", "tiny"]) == 0
        hashes.add(spec_hash(_spec(team.read())))
    assert len(hashes) == 3


def _spec(wire: Mapping[str, Any]) -> Any:
    manifest = {name: wire[name] for name in ("apiVersion", "kind", "metadata", "spec")}
    return from_document(manifest, local=True).spec


@pytest.mark.cluster
def test_a_gitops_tool_may_set_it_back(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    team.create(metadata={"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}})
    assert main(["retrain", "tiny"]) == 0
    nonce = team.read()["spec"]["retrain"]["nonce"]
    err = capsys.readouterr().err
    assert "Flux keeps this object as Git says" in err
    assert f"commit spec.retrain.nonce: {nonce} as well" in err


@pytest.mark.cluster
def test_whoever_may_only_read_is_told_the_right_that_is_missing(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    team.create()
    rules = [{"apiGroups": ["preference.dev"], "resources": ["preferencejobs"], "verbs": ["get"]}]
    kubeconfig = str(team.user(tmp_path, rules))
    assert main(["retrain", "tiny", "--kubeconfig", kubeconfig]) == 2
    assert "ada may not patch preferencejobs.preference.dev" in capsys.readouterr().err
    assert "nonce" not in team.read()["spec"].get("retrain", {})
