"""What users get wrong: each with its exit code, a message that names the place, and no output."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import yaml

import jobs
from jobs import World
from preference_api.wire import RUN_VARIABLE, TERMINATION_VARIABLE, ExitCode, RunDocument
from preference_trainer.__main__ import main
from s3_servers import S3Server


class Case(NamedTuple):
    """A fault put into a good world, and what has to be said about it."""

    code: int
    words: tuple[str, ...]
    fields: Mapping[str, Any] = MappingProxyType({})
    breaks: Callable[[World], None] = lambda world: None
    command: str = "check"


def put(key: str, data: bytes) -> Callable[[World], None]:
    return lambda world: world.server.put(world.bucket, key, data)


def rows(*values: Any) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def remove(key: str) -> Callable[[World], None]:
    return lambda world: world.server.delete(world.bucket, key)


def with_auto_map(world: World) -> None:
    config = world.json("base/config.json") | {"auto_map": {"AutoModel": "code.Model"}}
    world.server.put(world.bucket, "base/config.json", json.dumps(config).encode())


def pickled_only(world: World) -> None:
    world.server.delete(world.bucket, "base/model.safetensors")
    world.server.put(world.bucket, "base/pytorch_model.bin", b"\x80")


PAIR = {"prompt": "the cat", "chosen": " sees", "rejected": " runs"}
GOOD = gzip.compress("".join(json.dumps(row) + "\n" for row in jobs.dialogues()).encode())
LONG = [{**PAIR, "prompt": f"the cat {n} " * 40} for n in range(9)]
PAIRS = "pairs.jsonl.gz"

CASES = {
    "missing object": Case(4, (PAIRS,), breaks=remove(PAIRS)),
    "missing model": Case(4, ("spec.model.uri",), {"model": {"uri": "s3://{bucket}/nothing"}}),
    "wrong bucket": Case(
        4, ("no-such-bucket",), {"dataset": {"uri": "s3://no-such-bucket/x.jsonl"}}
    ),
    "truncated gzip": Case(3, (PAIRS, "ends too early"), breaks=put(PAIRS, GOOD[:-20])),
    "broken JSON": Case(
        3, (PAIRS, "row 3"), breaks=put(PAIRS, rows(PAIR, PAIR) + b'{"prompt": \n')
    ),
    "wrong columns": Case(
        3,
        ("chosen", "question, winner, loser"),
        breaks=put(PAIRS, rows(dict.fromkeys(("question", "winner", "loser"), "x"))),
    ),
    "empty dataset": Case(3, (PAIRS,), breaks=put(PAIRS, b"")),
    "identical pairs": Case(
        3,
        ("identical",),
        breaks=put(
            PAIRS,
            rows(*[{**PAIR, "prompt": f"the cat {n}", "rejected": " sees"} for n in range(9)]),
        ),
    ),
    "prompts over the limit": Case(
        3, ("maxLength",), {"dataset": {"maxLength": 16}}, breaks=put(PAIRS, rows(*LONG))
    ),
    "over the limit, Fail": Case(
        3,
        ("row 1", "maxLength"),
        {"dataset": {"maxLength": 16, "overlong": "Fail"}},
        breaks=put(PAIRS, rows(*LONG)),
    ),
    "pickled weights": Case(2, ("pytorch_model.bin",), breaks=pickled_only),
    "own code": Case(2, ("auto_map",), breaks=with_auto_map),
    "no GPU": Case(2, ("spec.resources.gpus",), {"resources": {"gpus": 1}}, command="train"),
    "quantised without GPU": Case(
        2,
        ("spec.model.quantization",),
        {"model": {"lora": {}, "quantization": "NF4"}},
        command="train",
    ),
    "broken weights": Case(
        2, ("no whole safetensors file",), breaks=put("base/model.safetensors", b"\0" * 64)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_fault_is_named_and_nothing_is_written(
    s3_moto: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    world = World.made(s3_moto)
    fields = json.loads(json.dumps(dict(case.fields)).replace("{bucket}", world.bucket))
    case.breaks(world)
    document = world.document(**fields)
    if case.command == "train":
        document = jobs.check(document)
    message = said(document, tmp_path, monkeypatch, case.command)
    assert message["exitCode"] == case.code, message
    assert all(word in message["message"] for word in case.words), message["message"]
    assert message["remedy"]
    assert not any("model/" in key or "result.json" in key for key in world.keys("output"))
    if case.command == "check":
        assert world.keys("output") == []


def said(
    document: RunDocument, folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> dict[str, Any]:
    monkeypatch.setenv(RUN_VARIABLE, document.model_dump_json(by_alias=True))
    monkeypatch.setenv(TERMINATION_VARIABLE, str(folder / "termination.json"))
    code = main([command])
    message: dict[str, Any] = json.loads((folder / "termination.json").read_text())
    assert code == message["exitCode"]
    return message


def test_wrong_credentials(
    s3_versitygw: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World.made(s3_versitygw)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    message = said(world.document(), tmp_path, monkeypatch, "check")
    assert message["exitCode"] == ExitCode.STORAGE_REFUSED
    assert "credentials" in message["message"] + message["remedy"]
    assert "wrong" not in message["message"]


def test_full_disk(
    s3_moto: S3Server, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World.made(s3_moto)
    document = jobs.check(world.document(model={"uri": f"s3://{world.bucket}/base"}))
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    (small_disk / "filler").write_bytes(b"\0" * 900_000)
    message = said(document, tmp_path, monkeypatch, "train")
    assert (message["exitCode"], message["reason"]) == (ExitCode.STORAGE_UNAVAILABLE, "DiskFull")
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


MANIFESTS = {
    "unknown field": ({"dpo": {"bta": 0.1}}, "spec.dpo.bta", "beta"),
    "wrong type": ({"dpo": {"beta": "0.1"}}, "spec.dpo.beta", "number"),
    "block of the other method": ({"orpo": {"lambda": 0.1}}, "spec", "orpo belongs to method ORPO"),
}


@pytest.mark.parametrize(("change", "path", "words"), MANIFESTS.values(), ids=MANIFESTS.keys())
def test_manifest_is_refused_before_anything_starts(
    tmp_path: Path, change: dict[str, Any], path: str, words: str
) -> None:
    spec = {
        "method": "DPO",
        "model": {"uri": "s3://bucket/base"},
        "dataset": {"uri": "s3://bucket/pairs.jsonl"},
        "output": {"uri": "s3://bucket/output"},
        **change,
    }
    manifest = {
        "apiVersion": "preference.dev/v1alpha1",
        "kind": "PreferenceJob",
        "metadata": {"name": "job"},
        "spec": spec,
    }
    file = tmp_path / "job.yaml"
    file.write_text(yaml.safe_dump(manifest))
    ended = subprocess.run(
        [sys.executable, "-m", "preference_cli", "run", str(file)], capture_output=True, text=True
    )
    assert ended.returncode == ExitCode.BAD_CONFIGURATION
    assert path in ended.stderr
    assert words in ended.stderr
