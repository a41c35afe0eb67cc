import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preference_trainer.errors import DataError
from preference_trainer.evaluation import (
    decode_examples,
    encode_examples,
    encode_samples,
    prompt_group,
)
from report_builders import example, sample

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(texts=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=5), score=st.floats())
def test_examples_come_back_as_they_were(texts, score):
    examples = tuple(
        example(n, prompt=prompt, chosen=chosen, rejected=rejected, policy_chosen=score)
        for n, (prompt, chosen, rejected) in enumerate(texts, start=1)
    )
    read = decode_examples(encode_examples(examples), name="examples.jsonl.gz")
    assert [repr(one) for one in read] == [repr(one) for one in examples]


def test_the_same_examples_give_the_same_bytes():
    examples = [example(n) for n in range(1, 20)]
    packed = encode_examples(examples)
    assert packed == encode_examples(iter(examples))
    assert packed[4:8] == bytes(4), "the gzip header holds a time"


def test_the_form_on_disk():
    line = gzip.decompress(encode_examples([example(7)])).decode()
    assert line.endswith("\n")
    assert json.loads(line) == {
        "schemaVersion": 1,
        "source": "pairs.jsonl",
        "row": 7,
        "prompt": "prompt 7",
        "chosen": "a good answer",
        "rejected": "a bad answer",
        "promptTokens": 3,
        "chosenTokens": 4,
        "rejectedTokens": 4,
        "policyChosen": -9.0,
        "policyRejected": -10.0,
        "baseChosen": -10.0,
        "baseRejected": -10.0,
        "group": prompt_group("prompt 7"),
    }


def _line(**changes):
    fields = json.loads(example().model_dump_json(by_alias=True))
    return json.dumps({**fields, **changes}).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no gzip", "e.gz is no complete gzip file"),
        (encode_examples([example()])[:-9], "e.gz is no complete gzip file"),
        (gzip.compress(_line() + b"\n" + _line(row=0)), "e.gz, line 2: row"),
        (gzip.compress(_line(schemaVersion=2)), "e.gz, line 1: schemaVersion"),
        (gzip.compress(_line(chosenTokens=0)), "e.gz, line 1: chosenTokens"),
        (gzip.compress(b"{}"), "e.gz, line 1: source"),
        (gzip.compress(b"{"), "e.gz, line 1: the whole line"),
    ],
)
def test_damage_is_named(data, message):
    with pytest.raises(DataError, match=message) as caught:
        decode_examples(data, name="e.gz")
    assert "Evaluate that run again" in caught.value.remedy


def test_samples_are_json_lines():
    lines = encode_samples([sample(1), sample(2, base_answer=None, ended=False)]).splitlines()
    read = [json.loads(line) for line in lines]
    assert [one["prompt"] for one in read] == ["prompt 1", "prompt 2"]
    assert read[1]["baseAnswer"] is None
    assert read[1]["ended"] is False


def test_a_pair_is_known_by_its_texts_and_a_group_by_its_prompt():
    assert example(1).key == example(1, source="other.jsonl", row=9, policy_chosen=-1.0).key
    others = [example(1, prompt="p"), example(1, chosen="c"), example(1, rejected="r")]
    assert len({one.key for one in [example(1), *others]}) == 4
    assert prompt_group("p") == prompt_group("p") != prompt_group("p ")
