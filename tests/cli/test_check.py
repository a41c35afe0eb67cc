import json
from pathlib import Path
from typing import Any

import pytest

from cli_world import RUN_ID, World, checked, failed, manifest
from preference_cli.__main__ import main
from preference_cli.check_report import read_check_report
from preference_cli.check_wording import report_lines


def percentiles(*numbers: int) -> dict[str, int]:
    return dict(zip(("p50", "p90", "p95", "p99", "p100"), numbers, strict=True))


def report(**tokens: Any) -> dict[str, Any]:
    """A check report as the trainer writes it."""
    lengths = {
        "examples": 1207,
        "prompt": percentiles(50, 100, 120, 180, 900),
        "answers": percentiles(60, 110, 130, 200, 800),
        "longest": percentiles(120, 230, 260, 400, 1500),
        "over": 7,
        "dropped": 7,
        "cut": 0,
        "tokensLost": 12345,
        **tokens,
    }
    first = [{"file": "file:///data/a%20b.jsonl", "row": row} for row in (3, 9)]
    source = {"uri": "file:///data", "files": 2, "rows": 1340, "format": "HHRLHF"}
    return {
        "summary": {},
        "model": {"architecture": "LlamaForCausalLM", "parameters": 1234567},
        "dataset": {
            "sources": [{**source, "detected": True}],
            "findings": [
                {"kind": "duplicate", "count": 5, "examples": first},
                {"kind": "identical answers", "count": 2, "examples": first},
            ],
            "tokens": lengths,
            "lengthBias": {"longerWins": 0.58},
        },
        "memory": {
            "microBatch": 1,
            "sequenceLength": 1024,
            "weights": 2**30,
            "optimizer": 2**31,
            "reference": 0,
        },
    }


def written(folder: Path, content: Any) -> str:
    path = folder / "check.json"
    path.write_text(json.dumps(content))
    return path.as_uri()


def lines(folder: Path, **tokens: Any) -> list[str]:
    read = read_check_report(written(folder, report(**tokens)))
    assert read
    return report_lines(read, max_length=1024)


@pytest.mark.parametrize(
    "line",
    [
        "  model  LlamaForCausalLM, 1,234,567 parameters",
        "  pairs  1,340 rows in 2 files of /data, HHRLHF (told from the rows)",
        "  5  duplicate (rows of a b.jsonl: 3, 9, ...)",
        "  2  identical answers (rows of a b.jsonl: 3, 9)",
        "                               median     90 %     95 %     99 %  longest",
        "  prompt                           50      100      120      180      900",
        "  answer                           60      110      130      200      800",
        "  prompt and longer answer        120      230      260      400    1,500",
        "  always taking the longer answer is right in 58% of the pairs",
        "  optimizer  2 GiB",
        "  together   3 GiB for 1 pair at once, 1,024 tokens a sequence",
    ],
)
def test_shows_what_the_check_found(tmp_path: Path, line: str) -> None:
    assert line in lines(tmp_path)


def test_the_largest_part_of_the_memory_comes_first_and_none_is_left_out(tmp_path: Path) -> None:
    names = [line.split()[0] for line in lines(tmp_path)[-3:]]
    assert names == ["optimizer", "weights", "together"]


@pytest.mark.parametrize(
    ("tokens", "line"),
    [
        (
            {},
            "  maxLength 1024 is short for some pairs: 7 dropped, 12,345 tokens lost; "
            "400 fits 99 % of them, 1500 all",
        ),
        (
            {"cut": 4, "dropped": 3},
            "  maxLength 1024 is short for some pairs: 3 dropped, 4 cut, 12,345 tokens lost; "
            "400 fits 99 % of them, 1500 all",
        ),
        (
            {"over": 0, "longest": percentiles(1, 2, 3, 300, 800)},
            "  maxLength 1024 fits every pair; 300 fits 99 % of them, 800 all",
        ),
    ],
)
def test_recommends_a_max_length(tmp_path: Path, tokens: dict[str, Any], line: str) -> None:
    assert line in lines(tmp_path, **tokens)


def test_check_prints_the_report_and_trains_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write("job.yaml", manifest(dataset={"uri": "pairs.jsonl", "maxLength": 777}))
    world.plan(check=[checked(reportUri=written(world.folder, report()))])
    assert main(["check", "job.yaml"]) == 0
    out = capsys.readouterr().out
    assert "1,200 to train on" in out
    assert "maxLength 777 is short" in out
    assert f"details  {world.folder}/check.json" in out
    assert not world.ran("train")


@pytest.mark.parametrize(
    "uri", [None, "s3://bucket/check.json", "file:///nowhere/check.json", "broken"]
)
def test_a_report_that_cannot_be_read_leaves_the_summary(
    world: World, capsys: pytest.CaptureFixture[str], uri: str | None
) -> None:
    uri = written(world.folder, {"model": 3}) if uri == "broken" else uri
    world.plan(check=[checked(reportUri=uri)])
    assert main(["check", "job.yaml"]) == 0
    out = capsys.readouterr().out
    assert "1,200 to train on" in out
    assert "prompt and longer answer" not in out
    assert uri is None or uri.removeprefix("file://") in out


def test_check_says_that_a_run_would_train_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan(check=[checked(reused=True)])
    assert main(["check", "job.yaml"]) == 0
    assert f"Nothing to train: run {RUN_ID}" in capsys.readouterr().out


def test_check_has_the_trainers_exit_code(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.plan(check=[failed(4, "NotFound", "s3://b/pairs.jsonl does not exist")])
    assert main(["check", "job.yaml"]) == 4
    assert "does not exist" in capsys.readouterr().err


def test_json_gives_summary_and_where_the_report_is(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan(check=[checked(reportUri="s3://bucket/check.json")])
    assert main(["check", "job.yaml", "--output", "json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["exitCode"], result["reason"]) == (0, "Checked")
    assert result["check"]["reportUri"] == "s3://bucket/check.json"
    assert result["check"]["pairs"] == 1200
