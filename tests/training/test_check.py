import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from checks import check, document, report_of, world
from pairs import chat_rows, dialogue_rows, location, model, text_rows, write_rows
from preference_api.identity import run_id
from preference_api.v1alpha1.status import Stage
from preference_api.wire import RUN_VARIABLE, TERMINATION_VARIABLE, TerminationMessage
from preference_trainer.check import run_check
from preference_trainer.dataset.cache import cache_place, read_demonstrations, read_pairs
from preference_trainer.metrics import Metrics
from preference_trainer.progress import ProgressBoard
from preference_trainer.stopping import StopRequest


def test_a_check_leaves_pairs_and_report(tmp_path: Path) -> None:
    summary = check(world(tmp_path))
    resolved = summary.resolved
    assert resolved.run_id == run_id(document(tmp_path).spec, resolved)
    assert (summary.pairs + summary.evaluation_pairs, summary.dropped) == (60, 0)
    training, held_out = read_pairs(
        cache_place(location(tmp_path / "output"), resolved.dataset_digest)
    )
    assert (len(training), len(held_out)) == (summary.pairs, summary.evaluation_pairs)
    report = report_of(summary, tmp_path)
    assert report.summary == summary
    assert report.dataset.digest == resolved.dataset_digest
    assert report.memory.total == summary.memory_bytes
    assert report.dataset.epoch_tokens == summary.tokens
    assert (report.model.architecture, report.model.chat_template) == ("LlamaForCausalLM", False)


def test_the_same_again_is_the_same_run(tmp_path: Path) -> None:
    first, second = check(world(tmp_path)), check(tmp_path)
    assert first == second


@pytest.mark.parametrize(
    "fields",
    [
        {"dataset": {"uri": "$/moved.jsonl.gz", "maxLength": 256}},
        {"resources": {"gpus": 0}, "suspend": True},
        {"dataset": {"uri": "$/pairs.jsonl", "maxLength": 256, "format": "Preference"}},
    ],
)
def test_what_decides_nothing_changes_no_run(fields: dict[str, Any], tmp_path: Path) -> None:
    world(tmp_path)
    write_rows(tmp_path / "moved.jsonl.gz", text_rows(60))
    assert check(tmp_path).resolved == check(tmp_path, **fields).resolved


def test_the_same_model_elsewhere_is_the_same_run(tmp_path: Path) -> None:
    world(tmp_path)
    model(tmp_path / "copy")
    assert check(tmp_path).resolved == check(tmp_path, model={"uri": "$/copy"}).resolved


@pytest.mark.parametrize(
    "targets", [["all-linear"], ["q_proj", "up_proj"], ["self_attn.k_proj"]], ids=str
)
def test_adapters_on_modules_of_the_model(targets: list[str], tmp_path: Path) -> None:
    lora = {"targetModules": targets}
    assert check(world(tmp_path), model={"uri": "$/base", "lora": lora}).pairs


@pytest.mark.parametrize(
    "fields",
    [
        {"dpo": {"beta": 0.2}},
        {"dataset": {"uri": "$/pairs.jsonl", "maxLength": 25}},
        {"dataset": {"uri": "$/other.jsonl", "maxLength": 256}},
        {"model": {"uri": "$/other"}},
        {"dpo": {"referenceModel": {"uri": "$/other"}}},
        {"sft": {"dataset": {"uri": "$/sft.jsonl"}}},
    ],
)
def test_what_decides_changes_the_run(fields: dict[str, Any], tmp_path: Path) -> None:
    world(tmp_path)
    model(tmp_path / "other", rope_theta=5)
    write_rows(tmp_path / "other.jsonl", text_rows(60, seed=1))
    write_rows(tmp_path / "sft.jsonl", [{"prompt": "p", "completion": "a"}])
    assert check(tmp_path).resolved.run_id != check(tmp_path, **fields).resolved.run_id


def test_a_finished_run_is_reused(tmp_path: Path) -> None:
    summary = check(world(tmp_path))
    assert not summary.reused
    result = tmp_path / f"output/runs/{summary.resolved.run_id}/result.json"
    result.parent.mkdir(parents=True)
    result.write_text("{}")
    assert check(tmp_path).reused


def test_own_demonstrations_are_cached(tmp_path: Path) -> None:
    world(tmp_path)
    rows = [{"prompt": row["prompt"], "completion": row["chosen"]} for row in text_rows(60)]
    write_rows(tmp_path / "sft.jsonl", rows)
    summary = check(tmp_path, sft={"dataset": {"uri": "$/sft.jsonl"}})
    digest = summary.resolved.sft_digest
    assert digest is not None
    shown = read_demonstrations(cache_place(location(tmp_path / "output"), digest))
    assert len(shown) == summary.pairs  # those of held-out prompts are left out
    report = report_of(summary, tmp_path).demonstrations
    assert report is not None
    assert (report.demonstrations, report.dropped) == (summary.pairs, summary.evaluation_pairs)


def test_warnings_reach_the_summary(tmp_path: Path) -> None:
    rows = text_rows(60)
    summary = check(world(tmp_path, rows=[*rows, rows[0]]))
    assert summary.dropped == 1
    assert any("1 row was left out: duplicate" in warning for warning in summary.warnings)


def test_a_chat_model_takes_conversations(tmp_path: Path) -> None:
    summary = check(world(tmp_path, rows=chat_rows(60), chat=True))
    report = report_of(summary, tmp_path)
    assert report.model.chat_template
    assert report.dataset.tokens.no_end == 0


def test_a_template_of_the_spec_makes_a_chat_model(tmp_path: Path) -> None:
    world(tmp_path, rows=chat_rows(60))
    template = "{% for m in messages %}{{ m.content }}</s>{% endfor %}"
    summary = check(tmp_path, model={"uri": "$/base", "chatTemplate": template})
    assert summary.pairs + summary.evaluation_pairs == 60


def test_progress_is_shown(tmp_path: Path) -> None:
    board = ProgressBoard()
    (tmp_path / "work").mkdir()
    run = document(world(tmp_path))
    run_check(
        run,
        workdir=tmp_path / "work",
        board=board,
        metrics=Metrics(job="job"),
        stop=StopRequest(),
    )
    assert (board.progress.stage, board.progress.step) == (Stage.CHECK, 60)
    assert board.progress.percent == 100


_PROCESS = """
import sys
from preference_trainer.__main__ import main
code = main(["check"])
assert "torch" not in sys.modules, "torch was imported"
sys.exit(code)
"""


@pytest.mark.parametrize("chat", [False, True])
def test_a_check_never_imports_torch(chat: bool, tmp_path: Path) -> None:
    world(tmp_path, rows=dialogue_rows(60), chat=chat)
    variables = {
        RUN_VARIABLE: document(tmp_path).model_dump_json(by_alias=True, exclude_none=True),
        TERMINATION_VARIABLE: str(tmp_path / "termination.json"),
    }
    done = subprocess.run(
        [sys.executable, "-c", _PROCESS],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    message = TerminationMessage.model_validate(
        json.loads((tmp_path / "termination.json").read_text())
    )
    assert message.check is not None
    assert message.check.pairs + message.check.evaluation_pairs == 60
