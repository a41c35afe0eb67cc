import gzip
import json
from collections import Counter

import pytest

from pairs import assistant, dialogue, hh_rlhf, user
from preference_api.v1alpha1.dataset import Columns, DatasetFormat, PromptTemplate
from preference_trainer.dataset.forms import detect
from preference_trainer.dataset.hh_rlhf import Dialogue, split_dialogues, to_messages
from preference_trainer.dataset.pairs import Fault
from preference_trainer.dataset.parse import parse
from preference_trainer.dataset.read import Row

HEAD = dialogue("who are you?", "a cat", "really?")


def test_answers_that_begin_alike_keep_their_beginning() -> None:
    split = split_dialogues(HEAD + "\n\nAssistant: I see.", HEAD + "\n\nAssistant: I do not.")
    assert split == Dialogue(HEAD + "\n\nAssistant:", " I see.", " I do not.")


def test_markers_within_a_paragraph_are_text() -> None:
    text = HEAD + "\n\nAssistant: You say Human: hello.\nAssistant: no."
    split = split_dialogues(text, HEAD + "\n\nAssistant: Bye.")
    assert isinstance(split, Dialogue)
    assert split.chosen == " You say Human: hello.\nAssistant: no."


@pytest.mark.parametrize(
    ("chosen", "rejected", "fault"),
    [
        ("\n\nHuman: hello", HEAD + "\n\nAssistant: x", Fault.NO_ASSISTANT_TURN),
        (dialogue("a", "b", "c", "d"), dialogue("a", "b", "x", "d"), Fault.DIVERGED),
        (dialogue("a", "b"), dialogue("a", "b", "c", "d"), Fault.DIVERGED),
        ("\n\nAssistant: b", "\n\nAssistant: c", Fault.NOT_ALTERNATING),
        (f"so{dialogue('a', 'b')}", f"so{dialogue('a', 'c')}", Fault.NOT_ALTERNATING),
        (
            dialogue("a", "b") + "\n\nAssistant: c",
            dialogue("a", "b") + "\n\nAssistant: d",
            Fault.NOT_ALTERNATING,
        ),
        (dialogue("a", "b", "c"), dialogue("a", "b"), Fault.NOT_ALTERNATING),
    ],
)
def test_what_is_no_shared_dialogue_is_named(chosen: str, rejected: str, fault: Fault) -> None:
    assert split_dialogues(chosen, rejected) == fault


def test_turns_become_messages() -> None:
    assert to_messages(HEAD + "\n\nAssistant:") == [
        user("who are you?"),
        assistant("a cat"),
        user("really?"),
    ]


def rows() -> list[Row]:
    with gzip.open(hh_rlhf(), "rt", encoding="utf-8") as file:
        return [Row("hh", number, json.loads(line)) for number, line in enumerate(file, start=1)]


def test_every_published_row_is_reassembled_or_named() -> None:
    faults: Counter[str] = Counter()
    for row in rows():
        split = split_dialogues(row.values["chosen"], row.values["rejected"])
        if isinstance(split, Fault):
            faults[split] += 1
            continue
        assert split.prompt + split.chosen == row.values["chosen"]
        assert split.prompt + split.rejected == row.values["rejected"]
        assert [message["role"] for message in to_messages(split.prompt)][-1] == "user"
    assert set(faults) <= {Fault.DIVERGED, Fault.NOT_ALTERNATING}
    assert sum(faults.values()) < 0.01 * len(rows())


@pytest.mark.parametrize("chat", [False, True])
def test_counts_of_the_published_rows(chat: bool) -> None:
    published = rows()
    form = detect(published[:100], wanted=DatasetFormat.AUTO, columns=Columns())
    assert form.format is DatasetFormat.HHRLHF
    parsed = [parse(row, form, prompt=PromptTemplate(), chat=chat) for row in published]
    faults = Counter(item for item in parsed if isinstance(item, Fault))
    assert dict(faults) == _COUNTS[len(published)]


_COUNTS = {
    # rows of the file: rows left out by kind
    1866: {Fault.EMPTY: 2, Fault.DIVERGED: 2, Fault.NOT_ALTERNATING: 3},
    1097: {Fault.EMPTY: 2, Fault.DIVERGED: 1},
}
