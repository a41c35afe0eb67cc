"""A folder with a manifest, a fake trainer and a cache, and ways to call the command line there."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FAKE_TRAINER = Path(__file__).with_name("fake_trainer.py")
RUN_ID = "0123456789abcdef"
RESOLVED = {"runId": RUN_ID, "datasetDigest": "d" * 64, "modelDigest": "e" * 64}


def manifest(name: str = "tiny", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "preference.dev/v1alpha1",
        "kind": "PreferenceJob",
        "metadata": {"name": name},
        "spec": {
            "method": "DPO",
            "model": {"uri": "models/base"},
            "dataset": {"uri": "pairs.jsonl"},
            "output": {"uri": "out"},
            **spec,
        },
    }


def checked(*, reused: bool = False, **fields: Any) -> list[Any]:
    """The last step of a check that went well."""
    check = {
        "resolved": RESOLVED,
        "reused": reused,
        "pairs": 1200,
        "evaluationPairs": 133,
        "dropped": 7,
        "memoryBytes": 3 * 2**30,
        **fields,
    }
    return ["end", {"exitCode": 0, "reason": "Checked", "check": check}]


def trained(folder: Path, **fields: Any) -> list[Any]:
    """The last step of a training that went well."""
    run = (folder / "out" / "runs" / RUN_ID).as_uri()
    result = {
        "runId": RUN_ID,
        "modelUri": f"{run}/model",
        "reportUri": f"{run}/report.html",
        "metrics": {"accuracy": 0.71},
        "headline": "It prefers the chosen answer in 71 % of the held-out pairs, before in 52 %.",
        **fields,
    }
    return ["end", {"exitCode": 0, "reason": "Trained", "result": result}]


def failed(code: int, reason: str, message: str, remedy: str = "", **fields: Any) -> list[Any]:
    """The last step of a process that ends early."""
    said = {"exitCode": code, "reason": reason, "message": message, "remedy": remedy, **fields}
    return ["end", said]


@dataclass(frozen=True, slots=True)
class World:
    """Where a call takes place.

    folder: Working directory, with the manifest `job.yaml`.
    calls: Processes that were started.
    """

    folder: Path
    calls: "list[subprocess.Popen[str]]" = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "PREFERENCE_PYTHON": str(self.folder / "trainer-python"),
            "FAKE_TRAINER_PLAN": str(self.folder / "plan.json"),
        }

    def prepare(self) -> None:
        program = self.folder / "trainer-python"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE_TRAINER}" "$@"\n')
        program.chmod(0o755)
        self.write("job.yaml", manifest())
        self.plan(check=[checked()], train=[trained(self.folder)])

    def write(self, name: str, *documents: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump_all(documents))
        return path

    def plan(self, **verbs: list[list[Any]]) -> None:
        (self.folder / "plan.json").write_text(json.dumps(verbs))

    def seen(self, verb: str) -> dict[str, Any]:
        """What the trainer was told."""
        seen: dict[str, Any] = json.loads((self.folder / f"{verb}.seen.json").read_text())
        return seen

    def ran(self, verb: str) -> bool:
        return (self.folder / f"{verb}.seen.json").exists()

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        """The command line as a process of its own."""
        call = subprocess.Popen(
            [sys.executable, "-m", "preference_cli", *arguments],
            cwd=self.folder,
            env=os.environ | self.environment | options.pop("environment", {}),
            text=True,
            **options,
        )
        self.calls.append(call)
        return call

    def leave(self) -> None:
        """End what a failed test has left running; the trainers see it and end."""
        for call in self.calls:
            call.kill()
            call.wait()
