"""Argo CD's health check and actions: upstream's own form of tests, and what has to hold beyond."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa import lua51

import argo_cd
import argo_testdata
from argo_cd import FOLDER
from lives import LIVES, Life
from operator_builders import preference_job
from preference_api.crd import object_schema
from preference_api.faults import find_faults
from preference_api.generated import GeneratedFile
from preference_operator.objects import read_job
from situations import Situation, situation

Body = dict[str, Any]

HEALTH = yaml.safe_load((FOLDER / "health_test.yaml").read_text())
ACTIONS = yaml.safe_load((FOLDER / "actions/action_test.yaml").read_text())
NONCE = object_schema()["properties"]["spec"]["properties"]["retrain"]["properties"]["nonce"]


def read(path: str) -> Body:
    body: Body = yaml.safe_load((FOLDER / path).read_text())
    return body


def path_of(file: GeneratedFile) -> str:
    return str(file.path.relative_to(FOLDER))


@pytest.mark.parametrize("file", argo_testdata.FILES, ids=path_of)
def test_data_are_what_the_operator_writes(file: GeneratedFile) -> None:
    written = file.path.read_text(encoding="utf-8")
    assert written == file.render(), "run python tests/argo_testdata.py --write"


def test_all_data_are_used_and_all_files_are_where_argo_cd_looks_for_them() -> None:
    tests = [*HEALTH["tests"], *ACTIONS["discoveryTests"], *ACTIONS["actionTests"]]
    paths = [one[key] for one in tests for key in ("inputPath", "expectedOutputPath") if key in one]
    used = {f"actions/{path}" for path in paths[len(HEALTH["tests"]) :]}
    used |= set(paths[: len(HEALTH["tests"])])
    scripts = {"health.lua", "actions/discovery.lua"}
    scripts |= {f"actions/{name}/action.lua" for name in ("suspend", "resume", "retrain")}
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    assert there == used | scripts | {"health_test.yaml", "actions/action_test.yaml"}
    assert FOLDER.parts[-3:] == ("resource_customizations", "preference.dev", "PreferenceJob")


@pytest.mark.parametrize("test", HEALTH["tests"], ids=lambda test: Path(test["inputPath"]).stem)
def test_health(test: Body) -> None:
    health = argo_cd.health(read(test["inputPath"]))
    assert {"status": health.status, "message": health.message} == test["healthStatus"]


@pytest.mark.parametrize(
    ("moment", "status"),
    [("new", "Progressing"), ("training", "Healthy"), ("failed", "Degraded")],
)
def test_the_weakened_check_of_the_documentation(moment: str, status: str) -> None:
    line = 'local status = "Progressing"'
    assert f"`{line}`" in (argo_cd.ROOT / "docs/gitops.md").read_text(encoding="utf-8")
    script = (FOLDER / "health.lua").read_text(encoding="utf-8")
    weakened = script.replace(line, 'local status = "Healthy"')
    assert argo_cd.run(weakened, read(f"testdata/{moment}.yaml"))["status"] == status


@pytest.mark.parametrize(
    "test", ACTIONS["discoveryTests"], ids=lambda test: Path(test["inputPath"]).stem
)
def test_discovery(test: Body) -> None:
    found = argo_cd.actions(read(f"actions/{test['inputPath']}"))
    assert found == {one.pop("name"): one for one in map(dict, test["result"])}


@pytest.mark.parametrize(
    "test", ACTIONS["actionTests"], ids=lambda test: Path(test["expectedOutputPath"]).stem
)
def test_action(test: Body) -> None:
    after = argo_cd.act(test["action"], read(f"actions/{test['inputPath']}"))
    assert after == read(f"actions/{test['expectedOutputPath']}")


@pytest.mark.parametrize("name", LIVES)
def test_at_every_moment_the_actions_that_lead_somewhere_are_offered(name: str) -> None:
    life = Life()
    list(LIVES[name](life))
    for version in life.api.versions:
        suspended = version["spec"].get("suspend", False)
        ended = situation(version) in (Situation.FINISHED, Situation.FAILED)
        wanted = {"suspend": not suspended and not ended, "resume": suspended, "retrain": ended}
        offered = {name: not one["disabled"] for name, one in argo_cd.actions(version).items()}
        assert offered == wanted, version["status"]


@pytest.mark.parametrize("retrain", [None, {"nonce": "earlier", "historyLimit": 3}])
def test_a_nonce_asks_for_another_run_each_time_and_changes_nothing_else(
    retrain: Body | None,
) -> None:
    life = argo_testdata.finished()
    life.edit(**({} if retrain is None else {"retrain": retrain}))
    hashes = [read_job(life.body).spec_hash]
    for _time in range(3):
        wanted = argo_cd.act("retrain", life.body)
        nonce = wanted["spec"]["retrain"]["nonce"]
        rest = {**wanted["spec"], "retrain": {**wanted["spec"]["retrain"], "nonce": None}}
        assert rest == {**life.body["spec"], "retrain": {**(retrain or {}), "nonce": None}}
        assert wanted["metadata"] == life.body["metadata"]
        assert re.fullmatch(NONCE["pattern"], nonce)
        life.edit(retrain=wanted["spec"]["retrain"])
        hashes.append(read_job(life.body).spec_hash)
    assert len(set(hashes)) == len(hashes)


def test_two_clicks_on_one_state_ask_for_one_run() -> None:
    body = argo_testdata.finished().body
    assert argo_cd.act("retrain", body) == argo_cd.act("retrain", body)


def test_an_object_made_again_gets_a_nonce_of_its_own() -> None:
    bodies = [
        preference_job(uid=f"0b1f6c1e-0000-4000-8000-00000000000{number}") for number in (1, 2)
    ]
    nonces = {argo_cd.act("retrain", body)["spec"]["retrain"]["nonce"] for body in bodies}
    assert len(nonces) == 2


def test_a_nonce_is_taken_after_any_number_of_edits() -> None:
    body = argo_cd.act("retrain", preference_job(generation=10**13))
    assert body["spec"]["retrain"]["nonce"].endswith("-10000000000000")
    assert len(body["spec"]["retrain"]["nonce"]) <= NONCE["maxLength"]


@pytest.mark.parametrize("moment", argo_testdata.MOMENTS, ids=lambda moment: moment.__name__)
@pytest.mark.parametrize("action", ["suspend", "resume", "retrain"])
def test_the_kind_takes_what_an_action_makes(action: str, moment: Any) -> None:
    wanted = argo_cd.act(action, argo_testdata.stored(moment()))
    assert wanted["status"] == moment().body["status"]
    if moment is not argo_testdata.invalid:
        assert [str(fault) for fault in find_faults({**wanted, "status": {}})] == []


@pytest.mark.parametrize("script", ["return ('x'):upper()", "return math.huge", "return os.date()"])
def test_scripts_get_no_more_than_argo_cd_gives_them(script: str) -> None:
    with pytest.raises(lua51.LuaError, match=r"attempt to (index|call)"):
        argo_cd.run(script, {})


def test_scripts_get_the_time_as_argo_cd_gives_it() -> None:
    assert isinstance(argo_cd.run("return require('os').time()", {}), int)
