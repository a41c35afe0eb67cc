from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairs import assistant, location, reading, text_rows, tokenizer, user, write_rows
from preference_api.v1alpha1.dataset import Overlong, PromptTemplate
from preference_api.v1alpha1.methods import SFTColumns, SFTDataset
from preference_trainer.dataset.cache import publish, read_demonstrations
from preference_trainer.dataset.demonstrations import (
    PreparedDemonstrations,
    detect_demonstrations,
    parse_demonstration,
    prepare_demonstrations,
)
from preference_trainer.dataset.lengths import Limit
from preference_trainer.dataset.pairs import Demonstration, Fault
from preference_trainer.dataset.read import Row
from preference_trainer.dataset.records import key, of_demonstration, prompt_text
from preference_trainer.errors import ConfigurationError, DataError

NOTHING = np.array([], np.uint64)
SYSTEM = {"role": "system", "content": "be kind"}


def parsed(values: dict[str, Any], *, system: str | None = None, **columns: str) -> Any:
    row = Row("sft.jsonl", 7, values)
    form = detect_demonstrations([row], SFTColumns(**columns))
    prompt = PromptTemplate(system=system, template="Q: {prompt}" if system else None)
    return parse_demonstration(row, form, prompt=prompt)


def shown(prompt: Any, completion: Any) -> Demonstration:
    return Demonstration(prompt=prompt, completion=completion, source="sft.jsonl", row=7)


@pytest.mark.parametrize(
    ("values", "columns", "expected"),
    [
        ({"prompt": "p", "completion": " a"}, {}, shown("p", " a")),
        ({"q": "p", "a": "b"}, {"prompt": "q", "completion": "a"}, shown("p", "b")),
        ({"messages": [user("p"), assistant("a")]}, {}, shown([user("p")], [assistant("a")])),
        (
            {"talk": [user("p"), assistant("a")]},
            {"messages": "talk"},
            shown([user("p")], [assistant("a")]),
        ),
        (
            {"prompt": [user("p")], "completion": "a"},
            {},
            shown([user("p")], [assistant("a")]),
        ),
        (
            {"prompt": [user("p")], "completion": [assistant("a")]},
            {},
            shown([user("p")], [assistant("a")]),
        ),
        (
            {"messages": [user("x"), assistant("y")], "prompt": "p", "completion": "a"},
            {"prompt": "prompt"},
            shown("p", "a"),
        ),
    ],
)
def test_rows_become_demonstrations(
    values: dict[str, Any], columns: dict[str, str], expected: Demonstration
) -> None:
    assert parsed(values, **columns) == expected


def test_prompts_are_written_out_as_those_of_the_pairs() -> None:
    talk = parsed({"messages": [user("p"), assistant("a")]}, system="be kind")
    assert talk.prompt == [SYSTEM, user("p")]
    assert parsed({"prompt": "p", "completion": "a"}, system="be kind").prompt == "Q: p"


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"prompt": "p", "completion": " "}, Fault.EMPTY),
        ({"messages": [assistant("a")]}, Fault.EMPTY),
        ({"messages": [user("p"), assistant("a"), user("q")]}, Fault.NO_ASSISTANT_TURN),
    ],
)
def test_rows_without_a_demonstration_say_why(values: dict[str, Any], fault: Fault) -> None:
    assert parsed(values) == fault


@pytest.mark.parametrize(
    ("values", "columns", "message", "remedy"),
    [
        ({"prompt": "p", "answer": "a"}, {}, "no column completion", "perhaps answer"),
        ({"a": 1}, {}, "no column prompt", "spec.sft.dataset.columns.prompt"),
        ({"a": 1}, {"messages": "b"}, "no column b", "spec.sft.dataset.columns.messages"),
    ],
)
def test_missing_columns(
    values: dict[str, Any], columns: dict[str, str], message: str, remedy: str
) -> None:
    with pytest.raises(DataError) as caught:
        parsed(values, **columns)
    assert message in caught.value.message
    assert remedy in caught.value.remedy


def prepared(
    tmp_path: Path,
    rows: list[dict[str, Any]],
    *,
    max_length: int = 256,
    overlong: Overlong = Overlong.DROP,
    held_out: Any = NOTHING,
) -> PreparedDemonstrations:
    path = write_rows(tmp_path / "sft.jsonl.gz", rows)
    return prepare_demonstrations(
        SFTDataset(uri=path.as_uri()),
        tokenizer(),
        reading(tmp_path / "work"),
        Limit(max_length=max_length, overlong=overlong),
        held_out,
    )


def demonstrations(count: int) -> list[dict[str, Any]]:
    return [{"prompt": r["prompt"], "completion": r["chosen"]} for r in text_rows(count)]


def test_what_is_counted_is_what_is_cached(tmp_path: Path) -> None:
    rows = demonstrations(20)
    held_out = prompt_text(of_demonstration(Demonstration(prompt=rows[3]["prompt"], completion="")))
    found = prepared(
        tmp_path,
        [*rows, rows[0], {"prompt": "p", "completion": ""}],
        held_out=np.array([key(held_out)], np.uint64),
    )
    publish(found.folder, location(tmp_path / "cache"), about={})
    kept = read_demonstrations(location(tmp_path / "cache"))
    expected = [row["prompt"] for number, row in enumerate(rows) if number != 3]
    assert [item.prompt for item in kept] == expected
    report = found.report
    assert (report.rows, report.demonstrations, report.dropped) == (22, 19, 3)
    assert {f.kind: f.examples[0].row for f in report.findings} == {
        Fault.OVERLAP: 4,
        Fault.DUPLICATE: 21,
        Fault.EMPTY: 22,
    }


def test_demonstrations_over_the_limit_are_left_out(tmp_path: Path) -> None:
    long = {"prompt": "p", "completion": "z" * 300}
    report = prepared(tmp_path, [*demonstrations(3), long]).report
    assert {f.kind: f.count for f in report.findings} == {Fault.OVERLONG: 1}


@pytest.mark.parametrize(
    ("overlong", "message"),
    [
        (Overlong.FAIL, r"2 of 2 rows are longer: .*sft\.jsonl\.gz, row 1; "),
        (Overlong.DROP, "spec.sft.dataset has no usable rows: 2 over maxLength"),
    ],
)
def test_nothing_left_is_refused(overlong: Overlong, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        prepared(tmp_path, demonstrations(2), max_length=8, overlong=overlong)


def test_conversations_need_a_template(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"sft\.jsonl\.gz, row 1 is a conversation"):
        prepared(tmp_path, [{"messages": [user("p"), assistant("a")]}])


def test_an_empty_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"spec\.sft\.dataset\.uri: .* has no rows"):
        prepared(tmp_path, [])
