"""One question in two forms is one question, whatever the spec puts around either."""

from pathlib import Path
from typing import Any

import pytest

from pairs import (
    assistant,
    chat_rows,
    dialogue,
    dialogue_rows,
    location,
    pairs_of,
    reading,
    text_rows,
    tokenizer,
    user,
    write_rows,
)
from preference_api.v1alpha1.dataset import Dataset, Overlong, PromptTemplate
from preference_api.v1alpha1.methods import SFTDataset
from preference_trainer.dataset.cache import publish, read_pairs
from preference_trainer.dataset.demonstrations import prepare_demonstrations
from preference_trainer.dataset.lengths import Limit
from preference_trainer.dataset.pairs import Content, Demonstration, Fault
from preference_trainer.dataset.prepare import Prepared, prepare
from preference_trainer.dataset.questions import question
from preference_trainer.dataset.records import Record, of_demonstration, of_pair, prompt_text

SYSTEM = {"system": "be kind"}
TEMPLATE = {"template": "Q: {prompt}\nA:"}
TOLD = {"role": "system", "content": "be kind"}
FORMS = [SYSTEM, TEMPLATE, SYSTEM | TEMPLATE]
TALK = dialogue("p", "a", "q") + "\n\nAssistant:"
ROWS = text_rows(60)
ASKED = [{name: dialogue(row["prompt"], name) for name in ("chosen", "rejected")} for row in ROWS]


def record(prompt: Content) -> Record:
    answer: Content = "a" if isinstance(prompt, str) else [assistant("a")]
    return of_demonstration(Demonstration(prompt=prompt, completion=answer))


@pytest.mark.parametrize(
    ("prompt", "fields", "expected"),
    [
        ([TOLD, user("p")], SYSTEM, [user("p")]),
        ([{**TOLD, "content": "be brief"}, user("p")], SYSTEM, None),
        ([TOLD, user("p")], TEMPLATE, None),
        ("Q: p\nA:", TEMPLATE, [user("p")]),
        ("p p or p", {"template": "{prompt} {prompt} or {prompt}"}, [user("p")]),
        ("not within it", TEMPLATE, None),
        ("Q:\nA:", TEMPLATE, None),
        (f"Q: {TALK}\nA:", TEMPLATE, [user("p"), assistant("a"), user("q")]),
        (TALK, {"template": "\n\nHuman: {prompt}\n\nAssistant:"}, None),
        ("Q: p\nA:", SYSTEM, None),
    ],
)
def test_a_question_is_what_the_spec_added_nothing_to(
    prompt: Content, fields: dict[str, str], expected: Content | None
) -> None:
    same = prompt if expected is None else expected
    found = question(record(prompt), PromptTemplate(**fields))
    assert found == prompt_text(record(same))


@pytest.mark.parametrize("rows", [text_rows(5), dialogue_rows(5), chat_rows(5)])
@pytest.mark.parametrize("chat", [True, False])
def test_where_the_spec_adds_nothing_it_is_the_prompt(
    rows: list[dict[str, Any]], chat: bool
) -> None:
    for item in map(of_pair, pairs_of(rows, chat=chat)):
        assert question(item, PromptTemplate()) == prompt_text(item)


def prepared(folder: Path, prompt: dict[str, str], **spec: Any) -> Prepared:
    dataset = Dataset.model_validate({"maxLength": 512, **spec})
    return prepare(dataset, tokenizer(chat=True), reading(folder, chat=True, **prompt))


def asked(prompt: Content) -> str:
    """The row's own question within a written prompt."""
    text = prompt if isinstance(prompt, str) else str(prompt[-1]["content"])
    return text.removeprefix("Q: ").removesuffix("\nA:")


@pytest.mark.parametrize("prompt", FORMS)
def test_held_out_pairs_of_another_form_are_not_trained_on(
    prompt: dict[str, str], tmp_path: Path
) -> None:
    uri = write_rows(tmp_path / "pairs.jsonl", ROWS).as_uri()
    own = write_rows(tmp_path / "held-out.jsonl", ASKED[:5]).as_uri()
    report = prepared(tmp_path / "work", prompt, uri=uri, evaluation={"uri": own}).report
    assert (report.pairs, report.evaluation_pairs) == (55, 5)
    assert {f.kind: f.count for f in report.findings} == {Fault.OVERLAP: 5}


@pytest.mark.parametrize("prompt", FORMS)
def test_no_question_of_a_mixture_is_on_both_sides(prompt: dict[str, str], tmp_path: Path) -> None:
    uris = [
        write_rows(tmp_path / name, rows).as_uri()
        for name, rows in (("texts.jsonl", ROWS), ("dialogues.jsonl", ASKED))
    ]
    mixture = [{"uri": uri, "weight": 1} for uri in uris]
    found = prepared(tmp_path / "work", prompt, mixture=mixture, evaluation={"fraction": 0.3})
    publish(found.folder, location(tmp_path / "cache"), about={})
    sides = [{asked(p.prompt) for p in pairs} for pairs in read_pairs(location(tmp_path / "cache"))]
    assert len(sides[1]) > 10
    assert not sides[0] & sides[1]
    assert found.report.pairs + found.report.evaluation_pairs + found.report.dropped == 120


@pytest.mark.parametrize("prompt", FORMS)
def test_demonstrations_of_held_out_dialogues_are_not_shown(
    prompt: dict[str, str], tmp_path: Path
) -> None:
    uri = write_rows(tmp_path / "pairs.jsonl", ASKED).as_uri()
    pairs = prepared(tmp_path / "work", prompt, uri=uri)
    shown = [{"prompt": r["prompt"], "completion": r["chosen"]} for r in ROWS]
    found = prepare_demonstrations(
        SFTDataset(uri=write_rows(tmp_path / "sft.jsonl", shown).as_uri()),
        tokenizer(chat=True),
        reading(tmp_path / "shown", chat=True, **prompt),
        Limit(max_length=512, overlong=Overlong.DROP),
        pairs.held_out_prompts,
    )
    assert found.report.demonstrations == pairs.report.pairs
    assert {f.kind: f.count for f in found.report.findings} == {
        Fault.OVERLAP: pairs.report.evaluation_pairs
    }
