"""A row becomes a pair of answers."""

import json
from typing import Any

from preference_api.v1alpha1.dataset import DatasetFormat, PromptTemplate
from preference_trainer.dataset import hh_rlhf
from preference_trainer.dataset.forms import Form
from preference_trainer.dataset.messages import read_messages, with_system
from preference_trainer.dataset.pairs import Content, Fault, Message, Pair, is_blank
from preference_trainer.dataset.read import Row, kind_of

_ANSWERING = ("assistant", "tool", "function", "ipython")


def parse(row: Row, form: Form, *, prompt: PromptTemplate, chat: bool) -> Pair | Fault:
    """The pair of a row, or why there is none.

    Args:
        row: The row.
        form: How rows of its dataset are read.
        prompt: How prompts are written out.
        chat: True where the tokenizer has a chat template: HH-RLHF's dialogues then become
            messages, otherwise they stay the text that they were published as.

    Raises:
        DataError: A value is of another kind than the form wants; names the row.
    """
    if any(_absent(row, column) for column in (form.chosen, form.rejected)):
        return Fault.EMPTY
    if form.format is DatasetFormat.HHRLHF:
        parsed = _dialogues(row, form, prompt, chat=chat)
    elif form.format is DatasetFormat.CONVERSATIONAL:
        parsed = _conversation(row, form, prompt)
    else:
        parsed = _texts(row, form, prompt)
    return parsed if isinstance(parsed, Fault) else _checked(parsed)


def prompt_text(text: str, prompt: PromptTemplate) -> str:
    """A plain-text prompt within its template."""
    return prompt.template.replace("{prompt}", text) if prompt.template else text


def text_of(row: Row, column: str) -> str:
    """A column's text.

    Raises:
        DataError: It is absent or something else.
    """
    value = row.values.get(column)
    if isinstance(value, str):
        return value
    raise row.fault(
        f"column {column} is {kind_of(value)} in place of text",
        remedy="Write the same kind of value in every row, or name the right column.",
    )


def tools_of(row: Row, column: str | None) -> list[Any] | None:
    """The tools of a conversation, from a list or from JSON of one; None where there are none.

    Raises:
        DataError: The column holds something else.
    """
    value = row.values.get(column) if column else None
    try:
        tools = json.loads(value) if isinstance(value, str) and value.strip() else value
    except json.JSONDecodeError as error:
        raise row.fault(
            f"column {column} is no valid JSON ({error.msg})", remedy="Write a JSON list of tools."
        ) from error
    if tools and not isinstance(tools, list):
        raise row.fault(
            f"column {column} is {kind_of(tools)} in place of a list of tools",
            remedy="Write a JSON list of tools.",
        )
    return tools or None


def _absent(row: Row, column: str) -> bool:
    if column not in row.values:
        raise row.fault(
            f"no column {column}; the columns are {', '.join(row.values)}",
            remedy="Write the same columns in every row.",
        )
    return row.values[column] in (None, "", [])


def _checked(pair: Pair) -> Pair | Fault:
    if is_blank(pair.prompt) or is_blank(pair.chosen) or is_blank(pair.rejected):
        return Fault.EMPTY
    return Fault.IDENTICAL if _plain(pair.chosen) == _plain(pair.rejected) else pair


def _plain(content: Content) -> Content:
    return content.strip() if isinstance(content, str) else content


def _texts(row: Row, form: Form, prompt: PromptTemplate) -> Pair:
    assert form.prompt is not None
    return Pair(
        prompt=prompt_text(text_of(row, form.prompt), prompt),
        chosen=text_of(row, form.chosen),
        rejected=text_of(row, form.rejected),
        source=row.source,
        row=row.number,
    )


def _dialogues(row: Row, form: Form, prompt: PromptTemplate, *, chat: bool) -> Pair | Fault:
    split = hh_rlhf.split_dialogues(text_of(row, form.chosen), text_of(row, form.rejected))
    if isinstance(split, Fault):
        return split
    if not chat:
        return Pair(**split._asdict(), source=row.source, row=row.number)
    return Pair(
        prompt=with_system(hh_rlhf.to_messages(split.prompt), prompt.system),
        chosen=[_answer(split.chosen)],
        rejected=[_answer(split.rejected)],
        source=row.source,
        row=row.number,
    )


def _conversation(row: Row, form: Form, prompt: PromptTemplate) -> Pair | Fault:
    chosen, rejected = (_answers(row, column) for column in (form.chosen, form.rejected))
    head = _head(row, form, chosen, rejected)
    chosen, rejected = (_after(head, answer) for answer in (chosen, rejected))
    if any(m["role"] not in _ANSWERING for m in chosen + rejected) or not head:
        return Fault.DIVERGED
    return Pair(
        prompt=with_system(head, prompt.system),
        chosen=chosen,
        rejected=rejected,
        tools=tools_of(row, form.tools),
        source=row.source,
        row=row.number,
    )


def _answers(row: Row, column: str) -> list[Message]:
    value = row.values[column]
    return [_answer(value)] if isinstance(value, str) else read_messages(row, column)


def _answer(text: str) -> Message:
    return {"role": "assistant", "content": text.strip()}


def _head(row: Row, form: Form, chosen: list[Message], rejected: list[Message]) -> list[Message]:
    """The messages before the answers.

    A list in the prompt column is the prompt. Otherwise the answers are whole conversations and
    their equal beginning is the prompt; a text in the prompt column, which UltraFeedback repeats
    there, counts only where the answers do not begin with a prompt of their own.
    """
    given = row.values.get(form.prompt) if form.prompt else None
    if isinstance(given, list):
        return read_messages(row, form.prompt or "")
    if isinstance(given, str) and chosen[0]["role"] in _ANSWERING:
        return [{"role": "user", "content": given}]
    return _common(chosen, rejected)


def _common(chosen: list[Message], rejected: list[Message]) -> list[Message]:
    length = 0
    shortest = min(len(chosen), len(rejected)) - 1
    while length < shortest and chosen[length] == rejected[length]:
        length += 1
    return chosen[:length]


def _after(head: list[Message], answer: list[Message]) -> list[Message]:
    return answer[len(head) :] if answer[: len(head)] == head else answer
