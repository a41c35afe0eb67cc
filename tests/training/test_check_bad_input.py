import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from checks import check, world
from models import edit
from pairs import assistant, json_lines, model, text_rows, tokenizer, user, write_rows
from preference_api.wire import ExitCode
from preference_trainer.errors import TrainerError

ROWS = text_rows(20)
FILE = "pairs.jsonl"


class Case(NamedTuple):
    """A way to break the world of a check, or its spec, and what the check has to say."""

    name: str
    code: ExitCode
    reason: str
    message: str
    remedy: str
    breaking: Callable[[Path], object] = lambda folder: None
    spec: dict[str, Any] = {}  # noqa: RUF012


def rows(*values: Any) -> Callable[[Path], object]:
    return lambda folder: write_rows(folder / FILE, values)


def data(content: bytes, name: str = FILE) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def renamed(**names: str) -> list[dict[str, Any]]:
    return [{names.get(name, name): value for name, value in row.items()} for row in ROWS]


def dataset(**fields: Any) -> dict[str, Any]:
    return {"dataset": {"uri": "$/pairs.jsonl", "maxLength": 256, **fields}}


def few_positions(long: dict[str, str]) -> Callable[[Path], object]:
    """A model with positions for the usual rows alone, beside a file of others."""
    return lambda folder: [
        edit(folder / "base/config.json", max_position_embeddings=100),
        write_rows(folder / "long.jsonl", [long]),
    ]


BAD = ExitCode.BAD_DATA
WRONG = ExitCode.BAD_CONFIGURATION
REFUSED = ExitCode.STORAGE_REFUSED
TALK = {"chosen": [user("p"), assistant("a")], "rejected": [user("p"), assistant("b")]}
LONG = {"prompt": "p", "chosen": "a" * 120, "rejected": "b"}
SAME = [{"prompt": f"p{n}", "chosen": "a", "rejected": "a"} for n in range(5)]

CASES = [
    Case("no dataset", REFUSED, "NotFound", "spec.dataset.uri: nothing lies at $/nowhere",
         "Correct spec.dataset.uri", spec=dataset(uri="$/nowhere")),
    Case("no rows", BAD, "NoRows", "$/pairs has no file of a known form, only a.csv",
         "Name an object or a prefix", lambda f: write_rows(f / "pairs/a.csv", ROWS),
         dataset(uri="$/pairs")),
    Case("empty dataset", BAD, "NoRows", "spec.dataset.uri: $/pairs.jsonl has no rows",
         "at least two pairs", data(b"\n\n")),
    Case("no held-out dataset", REFUSED, "NotFound", "spec.dataset.evaluation.uri: nothing lies",
         "Correct spec.dataset.evaluation.uri", spec=dataset(evaluation={"uri": "$/none"})),
    Case("a part of a mixture", REFUSED, "NotFound", "spec.dataset.mixture[1].uri: nothing lies at",
         "spec.dataset.mixture[1].uri", spec={"dataset": {"mixture": [{"uri": "$/pairs.jsonl"},
                                                                     {"uri": "$/none"}]}}),
    Case("broken JSON", BAD, "BadData", "$/pairs.jsonl, row 2: no valid JSON at column 12",
         "JSON Lines", data(b'{"a": 1}\n{"prompt": }\n')),
    Case("truncated gzip", BAD, "DamagedFile", "$/p.jsonl.gz is damaged after row",
         "upload it whole", data(gzip.compress(json_lines(ROWS))[:-20], "p.jsonl.gz"),
         dataset(uri="$/p.jsonl.gz")),
    Case("misspelt column", BAD, "MissingColumn",
         "$/pairs.jsonl: no column chosen; the columns are prompt, choosen, rejected",
         "Set spec.dataset.columns.chosen to the name of the column, perhaps choosen.",
         rows(*renamed(chosen="choosen"))),
    Case("prompt under another name", BAD, "MissingColumn",
         "no column prompt; the columns are question, chosen, rejected",
         "spec.dataset.columns.prompt to the name of the column, perhaps question",
         rows(*renamed(prompt="question"))),
    Case("column of a part", BAD, "MissingColumn", "no column good",
         "Set spec.dataset.mixture[0].columns.chosen",
         spec={"dataset": {"mixture": [{"uri": "$/pairs.jsonl", "columns": {"chosen": "good"}}]}}),
    Case("value of another kind", BAD, "BadData",
         "$/pairs.jsonl, row 3: column chosen is a number in place of text", "same kind of value",
         rows(*ROWS[:2], {**ROWS[2], "chosen": 5})),
    Case("other form", BAD, "BadData", "spec.dataset.format is Conversational, but",
         "Set spec.dataset.format to Preference or Auto", spec=dataset(format="Conversational")),
    Case("all identical", BAD, "NoPairs", "no usable pairs: 5 identical answers",
         "spec.dataset.columns", rows(*SAME)),
    Case("one prompt", BAD, "NoEvaluationPairs", "the 2 usable pairs have one prompt",
         "spec.dataset.evaluation.uri", rows({"prompt": "p", "chosen": "a", "rejected": "b"},
                                             {"prompt": "p", "chosen": "c", "rejected": "d"})),
    Case("all held out", BAD, "NoPairs", "no training pairs: 60 prompt is held out",
         "evaluation", spec=dataset(evaluation={"uri": "$/pairs.jsonl"})),
    Case("all too long", BAD, "NoPairs", "over maxLength", "maxLength", spec=dataset(maxLength=8)),
    Case("too long to go on", BAD, "Overlong", "$/pairs.jsonl, row 1",
         "spec.dataset.overlong to Drop", spec=dataset(maxLength=8, overlong="Fail")),
    Case("conversations without template", WRONG, "NoChatTemplate",
         "spec.model.uri: the tokenizer has no chat template, and $/pairs.jsonl, row 2",
         "Set spec.model.chatTemplate", rows(TALK, {**TALK, "chosen": [user("q"), assistant("a")],
                                                    "rejected": [user("q"), assistant("b")]})),
    Case("broken template", WRONG, "BadChatTemplate", "spec.model.chatTemplate, line 1",
         "Correct the template", rows(TALK, {"prompt": [user("q")], "chosen": "a",
                                             "rejected": "b"}),
         {"model": {"uri": "$/base", "chatTemplate": "{% if %}"}}),
    Case("template that refuses", BAD, "ChatTemplateRefused",
         "$/pairs.jsonl, row 2: the chat template refuses the conversation: no", "Correct the row",
         rows(TALK, {"prompt": [user("q")], "chosen": "a", "rejected": "b"}),
         {"model": {"uri": "$/base", "chatTemplate": "{{ raise_exception('no') }}"}}),
    Case("no model", REFUSED, "NotFound", "spec.model.uri: nothing lies at $/nowhere",
         "Correct spec.model.uri", spec={"model": {"uri": "$/nowhere"}}),
    Case("no reference model", REFUSED, "NotFound", "spec.dpo.referenceModel.uri: nothing lies at",
         "spec.dpo.referenceModel.uri", spec={"dpo": {"referenceModel": {"uri": "$/nowhere"}}}),
    Case("code", WRONG, "RemoteCode", "spec.model.uri: $/base/config.json has auto_map",
         "without auto_map", lambda f: edit(f / "base/config.json", auto_map={})),
    Case("several GPUs", WRONG, "Unsupported", "spec.resources.gpus is 8: this version trains on",
         "Set spec.resources.gpus to 1.", spec={"resources": {"gpus": 8}}),
    Case("several nodes", WRONG, "Unsupported",
         "spec.resources.gpus is 2 and spec.resources.nodes is 4: this version trains on one",
         "Set spec.resources.gpus and spec.resources.nodes to 1.",
         spec={"resources": {"gpus": 2, "nodes": 4}}),
    Case("adapters nowhere", WRONG, "UnknownModule",
         "spec.model.lora.targetModules[1]: qproj names no linear layer of the model, which has "
         "k_proj, q_proj, up_proj", "Did you mean q_proj?",
         spec={"model": {"uri": "$/base", "lora": {"targetModules": ["k_proj", "qproj"]}}}),
    Case("reference with other tokens", WRONG, "TokenizerMismatch",
         "spec.dpo.referenceModel.uri: the tokenizer of $/other is not that of spec.model.uri",
         "Use a reference model with the tokenizer",
         lambda f: tokenizer(["other words"]).save_pretrained(model(f / "other")),
         {"dpo": {"referenceModel": {"uri": "$/other"}}}),
    Case("reference with a broken tokenizer", WRONG, "BadTokenizer",
         "spec.dpo.referenceModel.uri: the tokenizer cannot be loaded", "save_pretrained",
         lambda f: (model(f / "other") / "tokenizer.json").write_text("{}"),
         {"dpo": {"referenceModel": {"uri": "$/other"}}}),
    Case("an adapter as reference", WRONG, "NoWeights",
         "spec.dpo.referenceModel.uri: $/other is an adapter, not a whole model", "Merge it first",
         lambda f: write_rows(f / "other/adapter_config.json", []),
         {"dpo": {"referenceModel": {"uri": "$/other"}}}),
    Case("reference with few positions", WRONG, "TooManyPositions",
         "the model of spec.dpo.referenceModel.uri knows 16 positions",
         "Set spec.dataset.maxLength to 16",
         lambda f: model(f / "other", max_position_embeddings=16),
         {"dpo": {"referenceModel": {"uri": "$/other"}}}),
    Case("too few positions", WRONG, "TooManyPositions",
         "the model of spec.model.uri knows 16 positions",
         "Set spec.dataset.maxLength to 16",
         lambda f: edit(f / "base/config.json", max_position_embeddings=16)),
    Case("too few positions for held-out pairs", WRONG, "TooManyPositions",
         "the model of spec.model.uri knows 100 positions", "Set spec.dataset.maxLength to 100",
         few_positions(LONG), dataset(evaluation={"uri": "$/long.jsonl"})),
    Case("too few positions for demonstrations", WRONG, "TooManyPositions",
         "the model of spec.model.uri knows 100 positions", "Set spec.dataset.maxLength to 100",
         few_positions({"prompt": "p", "completion": LONG["chosen"]}),
         {"sft": {"dataset": {"uri": "$/long.jsonl"}}}),
    Case("another model's tokenizer", WRONG, "TokenizerMismatch",
         "the model's embedding has 100 rows", "tokenizer that the model was trained with",
         lambda f: edit(f / "base/config.json", vocab_size=100)),
    Case("no demonstrations", BAD, "NoDemonstrations",
         "spec.sft.dataset has no usable rows: 1 empty", "spec.sft.dataset.columns",
         lambda f: write_rows(f / "sft.jsonl", [{"prompt": "p", "completion": ""}]),
         {"sft": {"dataset": {"uri": "$/sft.jsonl"}}}),
    Case("no output", REFUSED, "StorageRefused", "cannot be reached", "read and write",
         lambda f: (f / "output").write_text("a file")),
]  # fmt: skip


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_bad_input_is_refused_with_the_way_out(case: Case, tmp_path: Path) -> None:
    world(tmp_path)
    case.breaking(tmp_path)
    with pytest.raises(TrainerError) as caught:
        check(tmp_path, **case.spec)
    error = caught.value
    assert case.message.replace("$", tmp_path.as_uri()) in error.message
    assert case.remedy in error.remedy
    assert (error.exit_code, error.reason) == (case.code, case.reason)


def test_nothing_is_published_where_the_check_fails(tmp_path: Path) -> None:
    world(tmp_path, rows=SAME)
    with pytest.raises(TrainerError):
        check(tmp_path)
    assert not (tmp_path / "output").exists()
