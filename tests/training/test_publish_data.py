import pytest

from preference_trainer.publish.data import (
    MOST_WARNINGS,
    data_rows,
    dataset_uris,
    dropped_rows,
    warnings,
)
from report_builders import report_inputs

MIXTURE = {
    "mixture": [{"uri": "hf://datasets/org/one@1"}, {"uri": "file:///home/me/two.jsonl"}],
    "evaluation": {"uri": "s3://bucket/held/out.jsonl"},
}


def test_every_dataset_counts_the_held_out_last():
    assert dataset_uris(report_inputs(spec={"dataset": MIXTURE})) == (
        "hf://datasets/org/one@1",
        "file:///home/me/two.jsonl",
        "s3://bucket/held/out.jsonl",
    )


@pytest.mark.parametrize(
    ("private", "base", "datasets"),
    [
        (
            True,
            "pvc://models/tiny",
            "hf://datasets/org/one@1, two.jsonl, s3://bucket/held/out.jsonl",
        ),
        (False, "tiny", "org/one, two.jsonl, out.jsonl"),
    ],
)
def test_names_of_model_and_data(private, base, datasets):
    inputs = report_inputs(spec={"dataset": MIXTURE, "model": {"uri": "pvc://models/tiny"}})
    rows = dict(data_rows(inputs, private=private))
    assert rows["Base model"] == base
    assert rows["Dataset"] == datasets
    assert rows["Dataset digest"] == "d" * 64
    assert rows["Trained on"] == "540 pairs"
    assert rows["Held out"] == "60 pairs of 60 prompts"


def test_a_check_report_without_numbers_leaves_them_out():
    assert "Trained on" not in dict(data_rows(report_inputs(check={}), private=True))


def test_the_base_model_is_named_with_the_commit_that_check_found():
    inputs = report_inputs(check={"model": {"uri": "hf://org/tiny@fedcba98"}})
    assert dict(data_rows(inputs, private=True))["Base model"] == "hf://org/tiny@fedcba98"


FINDINGS = [
    {"kind": "over maxLength", "count": 1200, "examples": [{"file": "a", "row": 1}]},
    {"kind": "duplicate", "count": 2, "examples": []},
]


@pytest.mark.parametrize(
    ("check", "rows"),
    [
        ({"dataset": {"findings": FINDINGS}}, (("over maxLength", "1,200"), ("duplicate", "2"))),
        ({"dataset": {"findings": []}}, ()),
        ({"dataset": {}}, ()),
        ({"dataset": None}, ()),
        ({}, ()),
    ],
)
def test_rows_that_were_left_out(check, rows):
    assert dropped_rows(check) == rows


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (["a", "b"], ("a", "b")),
        (["row 3 of file:///home/me/secret/a.jsonl, twice"], ("row 3 of a.jsonl, twice",)),
        (["row 3 of s3://bucket/a.jsonl"], ("row 3 of s3://bucket/a.jsonl",)),
        (["a"] * 1000, ("a",) * MOST_WARNINGS),
    ],
    ids=["words", "local", "bucket", "many"],
)
def test_findings_in_words(found, shown):
    assert warnings({"summary": {"warnings": found}}) == shown


def test_a_check_report_without_findings():
    assert warnings({}) == ()
