import pytest

from pairs import assistant, user
from preference_trainer.dataset.pairs import Demonstration, Pair
from preference_trainer.dataset.records import (
    ContentDigest,
    from_batch,
    key,
    of_demonstration,
    of_pair,
    prompt_text,
    to_batch,
    to_demonstration,
    to_pair,
)

TEXT = Pair(prompt="p", chosen=" a", rejected=" b", source="x", row=1)
CHAT = Pair(
    prompt=[user("p")],
    chosen=[assistant("ä 🙂")],
    rejected=[assistant("b")],
    tools=[{"zebra": 1, "apple": [None, 2.5]}],
    source="x",
    row=1,
)
SHOWN = Demonstration(prompt=[user("p")], completion=[assistant("a")], source="x", row=1)


@pytest.mark.parametrize("pair", [TEXT, CHAT])
def test_pairs_come_back(pair: Pair) -> None:
    (record,) = from_batch(to_batch([of_pair(pair)]))
    assert to_pair(record, source="x", row=1) == pair


def test_demonstrations_come_back() -> None:
    (record,) = from_batch(to_batch([of_demonstration(SHOWN)]))
    assert to_demonstration(record, source="x", row=1) == SHOWN


def test_tools_keep_the_order_of_their_keys() -> None:
    tools = to_pair(of_pair(CHAT)).tools
    assert tools is not None
    assert list(tools[0]) == ["zebra", "apple"]


@pytest.mark.parametrize(
    ("prompt", "same"),
    [
        ("p", True),
        ([user("p")], True),
        ([{"role": "system", "content": "s"}, user("p")], False),
        ("p ", False),
    ],
)
def test_a_text_and_its_message_are_one_prompt(prompt: object, same: bool) -> None:
    answers = ("a", "b") if isinstance(prompt, str) else ([assistant("a")], [assistant("b")])
    pair = Pair(prompt=prompt, chosen=answers[0], rejected=answers[1])  # type: ignore[arg-type]
    assert (prompt_text(of_pair(pair)) == prompt_text(of_pair(TEXT))) is same


def test_a_dialogue_as_text_and_as_messages_is_one_prompt() -> None:
    text = Pair(prompt="\n\nHuman: p\n\nAssistant:", chosen=" a", rejected=" b")
    assert prompt_text(of_pair(text)) == prompt_text(of_pair(CHAT))


def test_keys_tell_where_texts_end() -> None:
    assert key("ab", "c") != key("a", "bc")


def digest_of(*pairs: Pair) -> str:
    digest = ContentDigest()
    digest.update(map(of_pair, pairs))
    return digest.hexdigest()


def test_the_digest_sees_content_and_order_but_no_place() -> None:
    moved = Pair(prompt="p", chosen=" a", rejected=" b", source="elsewhere", row=99)
    swapped = Pair(prompt="p", chosen=" b", rejected=" a")
    assert digest_of(TEXT) == digest_of(moved)
    others = {digest_of(swapped), digest_of(CHAT), digest_of(TEXT, CHAT), digest_of(CHAT, TEXT)}
    assert len({digest_of(TEXT), *others}) == 5
