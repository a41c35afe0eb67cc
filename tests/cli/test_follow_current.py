"""The example of an inference server that follows the current model, on API server and storage."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import jobs
import pointers
from preference_api.wire import RunDocument
from preference_trainer.storage import open_location
from s3_servers import S3Server
from team import Team

pytestmark = pytest.mark.cluster

EXAMPLE = Path(__file__).parents[2] / "examples/inference/follow-current.yaml"
OUTPUT = "s3://models/tone"
ANNOTATION = "preference.dev/current-run"


@dataclass(frozen=True)
class Applied:
    """The example in a namespace of its own."""

    team: Team
    objects: dict[str, Any]

    @property
    def deployment(self) -> Any:
        path = f"/apis/apps/v1/namespaces/{self.team.namespace}/deployments/tone"
        return self.team.plane.ask("GET", path)

    @property
    def annotations(self) -> dict[str, str]:
        metadata = self.deployment["spec"]["template"]["metadata"]
        found: dict[str, str] = metadata.get("annotations", {})
        return found

    def follow(self, folder: Path, run: str, *, deployment: str = "tone") -> str:
        """Run the script of the example with the token of its service account."""
        account = f"/api/v1/namespaces/{self.team.namespace}/serviceaccounts/tone-follower"
        answer = self.team.plane.ask("POST", f"{account}/token", {"spec": {}})
        (folder / "token").write_text(answer["status"]["token"])
        (folder / "namespace").write_text(self.team.namespace)
        (folder / "ca.crt").write_bytes(self.team.plane.certificate.read_bytes())
        (folder / "current.json").write_text(json.dumps({"runId": run}))
        (folder / "follow.py").write_text(self.objects["ConfigMap"]["data"]["follow.py"])
        done = subprocess.run(
            [sys.executable, folder / "follow.py", folder / "current.json", deployment],
            env=os.environ | {"ACCOUNT": str(folder), "SERVER": self.team.plane.url},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout or done.stderr


@pytest.fixture
def applied(team: Team) -> Applied:
    text = EXAMPLE.read_text().replace("namespace: team", f"namespace: {team.namespace}")
    team.plane.kubectl("apply", "--validate=strict", "-f", "-", stdin=text)
    return Applied(team, {each["kind"]: each for each in yaml.safe_load_all(text)})


def test_another_run_is_another_rollout_and_the_same_run_is_none(
    applied: Applied, tmp_path: Path
) -> None:
    generations = [applied.deployment["metadata"]["generation"]]
    for run in ("a", "a", "b"):
        assert applied.follow(tmp_path, run) == f"tone serves run {run}\n"
        assert applied.annotations[ANNOTATION] == run
        generations.append(applied.deployment["metadata"]["generation"])
    assert [number - generations[0] for number in generations] == [0, 1, 1, 2]


def test_applying_it_again_keeps_the_run(applied: Applied, tmp_path: Path) -> None:
    applied.follow(tmp_path, "a")
    text = EXAMPLE.read_text().replace("namespace: team", f"namespace: {applied.team.namespace}")
    for options in ([], ["--server-side", "--force-conflicts"]):
        applied.team.plane.kubectl("apply", *options, "-f", "-", stdin=text)
        assert applied.annotations[ANNOTATION] == "a"


def test_the_account_may_change_no_other_deployment(applied: Applied, tmp_path: Path) -> None:
    assert "403" in applied.follow(tmp_path, "a", deployment="other")


def test_what_the_pods_run_fetches_pointer_and_model(
    applied: Applied, tmp_path: Path, s3_versitygw: S3Server
) -> None:
    output = open_location(f"s3://{s3_versitygw.new_bucket()}/out", s3_versitygw.storage())
    pointers.finish(output, "a")
    pointer = output / "jobs/team/tone/current.json"
    pointer.write(json.dumps({"runId": "a"}).encode())
    follower = applied.objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    server = applied.objects["Deployment"]["spec"]["template"]["spec"]
    for pod, target in ((follower, tmp_path / "work"), (server, tmp_path / "model")):
        verb, source, _folder = pod["initContainers"][0]["args"]
        source = source.replace(OUTPUT, output.uri).replace("$(RUN)", "a")
        document, world = _document(applied, s3_versitygw), jobs.World(s3_versitygw, "unused")
        process = jobs.start(verb, document, world, tmp_path, source, str(target))
        end = jobs.ended(process, tmp_path)
        assert end.code == 0, end.output
    assert json.loads((tmp_path / "work/current.json").read_text())["runId"] == "a"
    assert (tmp_path / "model/model.safetensors").read_text() == "weights of a"


def _document(applied: Applied, server: S3Server) -> RunDocument:
    """The example's run document, with another storage."""
    document = RunDocument.model_validate_json(applied.objects["ConfigMap"]["data"]["run.json"])
    assert document.spec.output.uri == OUTPUT
    spec = document.spec.model_copy(update={"storage": server.storage()})
    return document.model_copy(update={"spec": spec})
