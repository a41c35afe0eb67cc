from typing import Any

import pytest

from pairs import assistant, dialogue, user
from preference_api.v1alpha1.dataset import Columns, DatasetFormat, PromptTemplate
from preference_trainer.dataset.forms import detect
from preference_trainer.dataset.pairs import Fault, Pair
from preference_trainer.dataset.parse import parse
from preference_trainer.dataset.read import Row
from preference_trainer.errors import DataError

TOOL = {"type": "function", "function": {"name": "add", "parameters": {}}}
CALL = {"role": "assistant", "tool_calls": [{"function": {"name": "add", "arguments": {}}}]}
SYSTEM = {"role": "system", "content": "be kind"}


def parsed(values: dict[str, Any], *, chat: bool = True, **prompt: str) -> Pair | Fault:
    row = Row("s3://bucket/pairs.jsonl", 17, values)
    form = detect([row], wanted=DatasetFormat.AUTO, columns=Columns())
    return parse(row, form, prompt=PromptTemplate(**prompt), chat=chat)


def pair(prompt: Any, chosen: Any, rejected: Any, tools: Any = None) -> Pair:
    return Pair(
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        tools=tools,
        source="s3://bucket/pairs.jsonl",
        row=17,
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(
            {"prompt": "p", "chosen": " a", "rejected": " b"}, pair("p", " a", " b"), id="text"
        ),
        pytest.param(
            {"prompt": [user("p")], "chosen": [assistant("a")], "rejected": [assistant("b")]},
            pair([user("p")], [assistant("a")], [assistant("b")]),
            id="messages",
        ),
        pytest.param(
            {
                "prompt": "the string beside the lists is left alone",
                "chosen": [user("p"), assistant("a")],
                "rejected": [user("p"), assistant("b")],
            },
            pair([user("p")], [assistant("a")], [assistant("b")]),
            id="whole conversations",
        ),
        pytest.param(
            {
                "prompt": [user("p")],
                "chosen": [user("p"), assistant("a")],
                "rejected": [user("p"), assistant("b")],
            },
            pair([user("p")], [assistant("a")], [assistant("b")]),
            id="answers repeat the prompt",
        ),
        pytest.param(
            {"prompt": "p", "chosen": [assistant("a")], "rejected": [assistant("b")]},
            pair([user("p")], [assistant("a")], [assistant("b")]),
            id="prompt as text, answers as messages",
        ),
        pytest.param(
            {"prompt": [user("p")], "chosen": " a", "rejected": "b"},
            pair([user("p")], [assistant("a")], [assistant("b")]),
            id="prompt as messages, answers as text",
        ),
        pytest.param(
            {
                "chosen": [user("p"), CALL, {"role": "tool", "content": "3"}, assistant("3")],
                "rejected": [user("p"), assistant("4")],
                "tools": [TOOL],
            },
            pair(
                [user("p")],
                [CALL, {"role": "tool", "content": "3"}, assistant("3")],
                [assistant("4")],
                [TOOL],
            ),
            id="an answer that calls a tool",
        ),
        pytest.param(
            {
                "prompt": [user("p")],
                "chosen": [{"content": "a", "role": "assistant", "name": None}],
                "rejected": [assistant("b")],
                "tools": '[{"type": "function"}]',
            },
            pair([user("p")], [assistant("a")], [assistant("b")], [{"type": "function"}]),
            id="tools as JSON, a key with null",
        ),
        pytest.param(
            {"chosen": dialogue("p", "a"), "rejected": dialogue("p", "b")},
            pair([user("p")], [assistant("a")], [assistant("b")]),
            id="dialogues",
        ),
    ],
)
def test_rows_become_pairs(values: dict[str, Any], expected: Pair) -> None:
    assert parsed(values) == expected


def test_dialogues_stay_text_without_a_chat_template() -> None:
    values = {"chosen": dialogue("p", "a"), "rejected": dialogue("p", "b")}
    expected = pair("\n\nHuman: p\n\nAssistant:", " a", " b")
    assert parsed(values, chat=False) == expected


@pytest.mark.parametrize(
    ("values", "prompt"),
    [
        ({"prompt": [user("p")], "chosen": "a", "rejected": "b"}, [SYSTEM, user("p")]),
        ({"prompt": [SYSTEM, user("p")], "chosen": "a", "rejected": "b"}, [SYSTEM, user("p")]),
        ({"chosen": dialogue("p", "a"), "rejected": dialogue("p", "b")}, [SYSTEM, user("p")]),
        ({"prompt": "p{x}", "chosen": "a", "rejected": "b"}, "Q: p{x}\nA:"),
    ],
)
def test_prompts_are_written_out(values: dict[str, Any], prompt: Any) -> None:
    found = parsed(values, system="be kind", template="Q: {prompt}\nA:")
    assert isinstance(found, Pair)
    assert found.prompt == prompt


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"prompt": "p", "chosen": " \n", "rejected": "b"}, Fault.EMPTY),
        ({"prompt": "", "chosen": "a", "rejected": "b"}, Fault.EMPTY),
        ({"prompt": "p", "chosen": None, "rejected": "b"}, Fault.EMPTY),
        ({"prompt": [user("p")], "chosen": [], "rejected": [assistant("b")]}, Fault.EMPTY),
        ({"prompt": [user("p")], "chosen": [assistant(" ")], "rejected": "b"}, Fault.EMPTY),
        ({"prompt": "p", "chosen": "a ", "rejected": "a"}, Fault.IDENTICAL),
        (
            {"chosen": [user("p"), assistant("a")], "rejected": [user("p"), assistant("a")]},
            Fault.IDENTICAL,
        ),
        (
            {"chosen": [user("p"), assistant("a")], "rejected": [user("q"), assistant("a")]},
            Fault.DIVERGED,
        ),
        (
            {
                "chosen": [user("p"), assistant("a")],
                "rejected": [user("p"), assistant("a"), user("q"), assistant("b")],
            },
            Fault.DIVERGED,
        ),
        (
            {
                "chosen": [user("p"), assistant("a"), user("q")],
                "rejected": [user("p"), assistant("b")],
            },
            Fault.DIVERGED,
        ),
        ({"chosen": [assistant("a")], "rejected": [assistant("b")]}, Fault.DIVERGED),
        ({"chosen": dialogue("p", "a"), "rejected": dialogue("p", "")}, Fault.EMPTY),
        ({"chosen": dialogue("p", "a"), "rejected": dialogue("p", "a ")}, Fault.IDENTICAL),
    ],
)
def test_rows_without_a_pair_say_why(values: dict[str, Any], fault: Fault) -> None:
    assert parsed(values) == fault


def test_an_answer_that_only_calls_a_tool_is_not_empty() -> None:
    values = {"prompt": [user("p")], "chosen": [CALL], "rejected": [assistant("b")]}
    assert isinstance(parsed(values), Pair)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"prompt": 3, "chosen": "a", "rejected": "b"}, "column prompt is a number in place of"),
        ({"prompt": "p", "chosen": {"a": 1}, "rejected": "b"}, "column chosen is an object in"),
        (
            {"prompt": [user("p")], "chosen": ["a"], "rejected": "b"},
            "chosen[0] is text in place of a message",
        ),
        (
            {"prompt": [user("p")], "chosen": [{"from": "gpt", "value": "a"}], "rejected": "b"},
            "chosen[0] has no role; its keys are from, value",
        ),
        (
            {
                "prompt": [{"role": "user", "content": [{"type": "image"}]}],
                "chosen": "a",
                "rejected": "b",
            },
            "the content of prompt[0] is a list in place of text",
        ),
        ({"prompt": [], "chosen": "a", "rejected": "b"}, "column prompt is an empty list"),
        (
            {"prompt": [user("p")], "chosen": "a", "rejected": "b", "tools": "[1"},
            "column tools is no valid JSON",
        ),
        (
            {"prompt": [user("p")], "chosen": "a", "rejected": "b", "tools": {"a": 1}},
            "column tools is an object in place of a list",
        ),
    ],
)
def test_values_of_another_kind_name_row_and_column(values: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        parsed(values)
    assert f"s3://bucket/pairs.jsonl, row 17: {message}" in caught.value.message


def test_a_column_that_one_row_lacks() -> None:
    head = Row("a.jsonl", 1, {"prompt": "p", "chosen": "a", "rejected": "b"})
    form = detect([head], wanted=DatasetFormat.AUTO, columns=Columns())
    row = Row("a.jsonl", 2, {"prompt": "p", "chosen": "a"})
    with pytest.raises(DataError, match=r"a\.jsonl, row 2: no column rejected"):
        parse(row, form, prompt=PromptTemplate(), chat=False)
