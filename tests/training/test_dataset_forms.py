from typing import Any

import pytest

from pairs import assistant, chat_rows, dialogue_rows, text_rows
from preference_api.v1alpha1.dataset import Columns, DatasetFormat
from preference_trainer.dataset.forms import Form, detect
from preference_trainer.dataset.read import Row
from preference_trainer.errors import DataError

AUTO = DatasetFormat.AUTO


def form_of(rows: list[dict[str, Any]], *, wanted: DatasetFormat = AUTO, **columns: str) -> Form:
    head = [Row("s3://bucket/pairs.jsonl", number, row) for number, row in enumerate(rows, start=1)]
    return detect(head, wanted=wanted, columns=Columns(**columns))


def without(rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != column} for row in rows]


def renamed(rows: list[dict[str, Any]], **names: str) -> list[dict[str, Any]]:
    return [{names.get(name, name): value for name, value in row.items()} for row in rows]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        pytest.param(text_rows(3), DatasetFormat.PREFERENCE, id="text"),
        pytest.param(dialogue_rows(3), DatasetFormat.HHRLHF, id="dialogues"),
        pytest.param(chat_rows(3), DatasetFormat.CONVERSATIONAL, id="UltraFeedback"),
        pytest.param(without(chat_rows(3), "prompt"), DatasetFormat.CONVERSATIONAL, id="implicit"),
        pytest.param(
            [{"prompt": [assistant("a")], "chosen": "b", "rejected": "c"}],
            DatasetFormat.CONVERSATIONAL,
            id="prompt as messages, answers as text",
        ),
        pytest.param(
            [*[{"chosen": None, "rejected": None}] * 3, *dialogue_rows(1)],
            DatasetFormat.HHRLHF,
            id="first rows are null",
        ),
        pytest.param(
            [{"prompt": "p", **row} for row in dialogue_rows(3)],
            DatasetFormat.PREFERENCE,
            id="dialogues with a prompt of their own",
        ),
    ],
)
def test_auto_tells_the_form(rows: list[dict[str, Any]], told: DatasetFormat) -> None:
    form = form_of(rows)
    assert form.format is told
    assert form.detected


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (text_rows(3), DatasetFormat.PREFERENCE),
        (text_rows(3), DatasetFormat.HHRLHF),
        (dialogue_rows(3), DatasetFormat.HHRLHF),
        (chat_rows(3), DatasetFormat.CONVERSATIONAL),
    ],
)
def test_a_named_form_holds(rows: list[dict[str, Any]], wanted: DatasetFormat) -> None:
    form = form_of(rows, wanted=wanted)
    assert form.format is wanted
    assert not form.detected


def test_columns_are_found_under_the_names_given() -> None:
    rows = renamed(text_rows(3), prompt="question", chosen="good", rejected="bad")
    form = form_of(rows, prompt="question", chosen="good", rejected="bad")
    assert (form.prompt, form.chosen, form.rejected) == ("question", "good", "bad")
    assert form.format is DatasetFormat.PREFERENCE


def test_score_columns_are_found() -> None:
    rows = [{**row, "score_chosen": 1, "score_rejected": 2} for row in text_rows(2)]
    assert form_of(rows).scores == ("score_chosen", "score_rejected")
    assert form_of(text_rows(2)).scores is None


@pytest.mark.parametrize(
    ("rows", "columns", "message", "remedy"),
    [
        pytest.param(
            renamed(text_rows(2), chosen="choosen"),
            {},
            "no column chosen; the columns are prompt, choosen, rejected",
            "spec.dataset.columns.chosen to the name of the column, perhaps choosen",
            id="misspelt",
        ),
        pytest.param(
            renamed(text_rows(2), rejected="negative"),
            {},
            "no column rejected",
            "spec.dataset.columns.rejected to the name of the column, perhaps negative",
            id="another usual name",
        ),
        pytest.param(
            renamed(text_rows(2), chosen="x"),
            {},
            "no column chosen",
            "Set spec.dataset.columns.chosen.",
            id="nothing near",
        ),
        pytest.param(
            text_rows(2),
            {"chosen": "better"},
            "no column better",
            "spec.dataset.columns.chosen",
            id="named and absent",
        ),
        pytest.param(
            text_rows(2), {"prompt": "promt"}, "no column promt", "perhaps prompt", id="prompt"
        ),
        pytest.param(
            renamed(text_rows(2), prompt="question"),
            {},
            "no column prompt; the columns are question, chosen, rejected",
            "perhaps question. Where both answers are whole dialogues",
            id="a prompt under another name is never taken for an implicit one",
        ),
        pytest.param(
            without(text_rows(2), "prompt"),
            {},
            "no column prompt",
            "set format: HHRLHF",
            id="text without a prompt",
        ),
    ],
)
def test_missing_columns_are_named_with_the_way_out(
    rows: list[dict[str, Any]], columns: dict[str, str], message: str, remedy: str
) -> None:
    with pytest.raises(DataError) as caught:
        form_of(rows, **columns)
    assert message in caught.value.message
    assert remedy in caught.value.remedy
    assert caught.value.reason == "MissingColumn"


@pytest.mark.parametrize(
    ("rows", "wanted", "remedy"),
    [
        (chat_rows(2), DatasetFormat.PREFERENCE, "Set spec.dataset.format to Conversational"),
        (chat_rows(2), DatasetFormat.HHRLHF, "Set spec.dataset.format to Conversational"),
        (text_rows(2), DatasetFormat.CONVERSATIONAL, "Set spec.dataset.format to Preference"),
        (dialogue_rows(2), DatasetFormat.CONVERSATIONAL, "Set spec.dataset.format to HHRLHF"),
    ],
)
def test_a_form_that_the_values_do_not_have(
    rows: list[dict[str, Any]], wanted: DatasetFormat, remedy: str
) -> None:
    with pytest.raises(DataError, match=r"pairs\.jsonl, row 1") as caught:
        form_of(rows, wanted=wanted)
    assert remedy in caught.value.remedy


def test_dialogues_as_plain_preference_need_a_prompt() -> None:
    with pytest.raises(DataError, match="no column prompt"):
        form_of(dialogue_rows(2), wanted=DatasetFormat.PREFERENCE)
