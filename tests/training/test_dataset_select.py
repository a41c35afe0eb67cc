from collections import Counter
from typing import Any

import numpy as np
import pytest

from pairs import text_rows
from preference_api.v1alpha1.dataset import Dataset
from preference_trainer.dataset.clean import LengthBias, length_bias
from preference_trainer.dataset.index import Index, Table
from preference_trainer.dataset.mixture import copies, parts_of
from preference_trainer.dataset.pairs import Fault, Pair
from preference_trainer.dataset.records import of_pair
from preference_trainer.dataset.report import Tally
from preference_trainer.dataset.select import Selection, select
from preference_trainer.dataset.split import hold_out, limit
from preference_trainer.errors import DataError

URI = "s3://bucket/pairs.jsonl"
OWN = {"uri": "s3://bucket/held-out.jsonl"}


def table_of(*rows: dict[str, Any]) -> Table:
    """A table of rows; `part` tells which dataset a row comes from."""
    index = Index()
    for number, row in enumerate(rows, start=1):
        texts = {name: row[name] for name in ("prompt", "chosen", "rejected")}
        pair = Pair(**texts, source=f"file-{row.get('part', 0)}", row=number)
        index.add(pair, of_pair(pair), part=row.get("part", 0))
    return index.table()


def row(prompt: str, chosen: str = "a", rejected: str = "b", part: int = 0) -> dict[str, Any]:
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected, "part": part}


def selected(table: Table, **dataset: Any) -> tuple[Selection, Tally]:
    spec = Dataset.model_validate({"uri": URI, **dataset})
    tally = Tally()
    return select(table, spec, parts_of(spec), tally), tally


MANY = table_of(*text_rows(2000))


def test_repeated_rows_are_left_out_and_named() -> None:
    rows = [row("p"), row("q"), row("p"), row("p"), row("q", "a", "c")]
    selection, tally = selected(table_of(*rows))
    assert np.flatnonzero(selection.used).tolist() == [0, 1, 4]
    (finding,) = tally.findings()
    assert (finding.kind, finding.count) == (Fault.DUPLICATE, 2)
    assert [(place.file, place.row) for place in finding.examples] == [("file-0", 3), ("file-0", 4)]


def test_both_sides_of_a_conflict_go() -> None:
    rows = [row("p", "a", "b"), row("q"), row("p", "b", "a"), row("r")]
    selection, tally = selected(table_of(*rows))
    assert np.flatnonzero(selection.used).tolist() == [1, 3]
    assert [(f.kind, f.count) for f in tally.findings()] == [(Fault.CONFLICTING, 2)]


def test_training_pairs_of_held_out_prompts_go() -> None:
    rows = [row("p"), row("q"), row("p", "x", "y", part=1), row("r", part=1), row("r", part=1)]
    selection, tally = selected(table_of(*rows), evaluation=OWN)
    assert selection.held_out.tolist() == [False, False, True, True, False]
    assert selection.copies.tolist() == [0, 1, 0, 0, 0]
    counts = {finding.kind: finding.count for finding in tally.findings()}
    assert counts == {Fault.OVERLAP: 1, Fault.DUPLICATE: 1}


def test_each_row_is_left_out_for_one_reason() -> None:
    rows = [row("p"), row("p"), row("q"), row("p", "x", part=1)]
    _selection, tally = selected(table_of(*rows), evaluation=OWN)
    counts = {finding.kind: finding.count for finding in tally.findings()}
    assert counts == {Fault.DUPLICATE: 1, Fault.OVERLAP: 1}


def test_a_pair_on_both_sides_is_no_duplicate() -> None:
    selection, _tally = selected(table_of(row("p"), row("q"), row("p", part=1)), evaluation=OWN)
    assert selection.held_out.tolist() == [False, False, True]


@pytest.mark.parametrize(("evaluation", "share"), [({}, 0.1), ({"fraction": 0.3}, 0.3)])
def test_about_the_fraction_of_the_prompts_is_held_out(
    evaluation: dict[str, Any], share: float
) -> None:
    held_out = selected(MANY, evaluation=evaluation)[0].held_out
    assert float(np.mean(held_out)) == pytest.approx(share, abs=0.03)


def test_a_prompt_stays_on_its_side() -> None:
    rows = text_rows(500)
    answers = [{**item, "chosen": "another"} for item in rows]
    before = selected(table_of(*rows))[0].held_out
    after = selected(table_of(*text_rows(300, seed=5), *answers, *rows))[0].held_out
    assert after[300:800].tolist() == before.tolist()
    assert after[800:].tolist() == before.tolist()


@pytest.mark.parametrize("fraction", [1e-9, 1 - 1e-9])
def test_neither_side_is_ever_empty(fraction: float) -> None:
    mask = hold_out(table_of(*(row(p) for p in "pqrst")).prompt, fraction)
    assert mask.sum() == (1 if fraction < 0.5 else 4)


def test_one_prompt_cannot_be_split() -> None:
    with pytest.raises(DataError, match="the 2 usable pairs have one prompt") as caught:
        selected(table_of(row("p", "a", "b"), row("p", "c", "d")))
    assert "spec.dataset.evaluation.uri" in caught.value.remedy


@pytest.mark.parametrize(
    ("rows", "dataset", "message"),
    [
        ([row("p", "a", "b"), row("p", "b", "a")], {}, "no usable pairs: 2 conflicting preference"),
        ([row("p"), row("q")], {"evaluation": OWN}, "no held-out pairs: none left out"),
        ([row("p"), row("p", part=1)], {"evaluation": OWN}, "no training pairs: 1 prompt is held"),
    ],
)
def test_nothing_left_is_refused_with_the_counts(
    rows: list[dict[str, Any]], dataset: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        selected(table_of(*rows), **dataset)
    assert message in caught.value.message
    assert caught.value.reason == "NoPairs"


@pytest.mark.parametrize(
    ("weight", "least", "most", "mean"),
    [(1.0, 1, 1, 1.0), (0.5, 0, 1, 0.5), (2.0, 2, 2, 2.0), (2.5, 2, 3, 2.5)],
)
def test_weights_take_pairs_whole_and_in_part(
    weight: float, least: int, most: int, mean: float
) -> None:
    taken = copies(MANY.pair, weight)
    assert (taken.min(), taken.max()) == (least, most)
    assert taken.mean() == pytest.approx(mean, abs=0.05)
    assert taken.tolist() == copies(MANY.pair, weight).tolist()


def test_a_mixture_weighs_each_part_for_training_only() -> None:
    rows = [*text_rows(400), *({**item, "part": 1} for item in text_rows(400, seed=1))]
    mixture = [{"uri": URI, "weight": 3}, {"uri": URI, "weight": 0.25}]
    selection, _tally = selected(table_of(*rows), uri=None, mixture=mixture)
    training = ~selection.held_out
    assert set(selection.copies[:400][training[:400]]) == {3}
    assert np.mean(selection.copies[400:][training[400:]]) == pytest.approx(0.25, abs=0.08)
    assert set(selection.copies[selection.held_out]) == {0}
    assert selection.not_sampled == int(np.sum(training & (selection.copies == 0)))


@pytest.mark.parametrize(("most", "taken"), [(5, 5), (2000, 1100), (None, 1100)])
def test_at_most_so_many_are_taken(most: int | None, taken: int) -> None:
    wanted = np.repeat([2, 1, 0], [100, 900, 1000])
    found = limit(wanted, MANY.pair, most)
    assert found.sum() == taken
    assert np.all(found <= wanted)


def test_a_smaller_limit_takes_some_of_the_same() -> None:
    ones = np.ones(2000, np.int64)
    few, more = limit(ones, MANY.pair, 50), limit(ones, MANY.pair, 100)
    assert np.all(few <= more)


def test_split_weight_and_limit_choose_independently() -> None:
    masks = (
        hold_out(MANY.pair, 0.5),
        copies(MANY.pair, 0.5) > 0,
        limit(np.ones(2000, np.int64), MANY.pair, 1000) > 0,
    )
    corners = Counter(zip(*(mask.tolist() for mask in masks), strict=True))
    assert len(corners) == 8
    assert min(corners.values()) > 180


def test_length_bias() -> None:
    rows = [row("p", "aaa", "b"), row("q", "a", "bb"), row("r", "c", "d"), row("s", "aaa", "b")]
    assert length_bias(table_of(*rows), np.ones(4, bool)) == LengthBias(
        chosen_longer=0.5, longer_wins=0.625, chosen_characters=2.0, rejected_characters=1.25
    )
