import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pairs import (
    chat_rows,
    dialogue_rows,
    hh_rlhf,
    json_lines,
    location,
    reading,
    text_rows,
    tokenizer,
    write_rows,
)
from preference_api.v1alpha1.dataset import Dataset, DatasetFormat
from preference_trainer.dataset.cache import publish, read_pairs
from preference_trainer.dataset.pairs import Fault
from preference_trainer.dataset.prepare import Prepared, prepare
from preference_trainer.errors import DataError, StoppedEarly

ROWS = text_rows(60)


@pytest.fixture(scope="module")
def words() -> Any:
    return tokenizer()


def prepared(
    folder: Path, words: Any, *, prompt: dict[str, Any] | None = None, **spec: Any
) -> Prepared:
    dataset = Dataset.model_validate({"maxLength": 512, **spec})
    chat = bool(words.chat_template)
    return prepare(dataset, words, reading(folder, chat=chat, **prompt or {}))


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Rows in the form that the name of the file stands for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json_lines(rows)
    match path.suffix:
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        case ".gz":
            path.write_bytes(gzip.compress(data))
        case ".zst":
            path.write_bytes(zstandard.compress(data))
        case _:
            path.write_bytes(data)


LAYOUTS = [
    {"pairs.jsonl": 60},
    {"elsewhere/pairs.jsonl.gz": 60},
    {"pairs.jsonl.zst": 60},
    {"pairs.parquet": 60},
    {"a.jsonl": 20, "b.parquet": 15, "c/d.jsonl.gz": 25},
]


@pytest.mark.parametrize("rows", [ROWS, chat_rows(60)], ids=["text", "conversations"])
def test_the_digest_does_not_see_how_rows_are_stored(
    rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    words, digests = tokenizer(chat=True), set()
    for number, layout in enumerate(LAYOUTS):
        folder, start = tmp_path / f"data-{number}", 0
        for name, count in layout.items():
            write(folder / name, rows[start : start + count])
            start += count
        found = prepared(tmp_path / str(number), words, uri=folder.as_uri())
        digests.add(found.report.digest)
    assert len(digests) == 1


def test_the_digest_sees_what_is_trained_on(words: Any, tmp_path: Path) -> None:
    uri = write_rows(tmp_path / "pairs.jsonl", ROWS).as_uri()
    reverse = write_rows(tmp_path / "reverse.jsonl", ROWS[::-1]).as_uri()
    own = write_rows(tmp_path / "own.jsonl", text_rows(5, seed=8)).as_uri()
    others = write_rows(tmp_path / "others.jsonl", text_rows(5, seed=9)).as_uri()
    specs: list[dict[str, Any]] = [
        {"uri": uri},
        {"uri": reverse},
        {"uri": uri, "maxPairs": 30},
        {"uri": uri, "evaluation": {"fraction": 0.5}},
        {"uri": uri, "maxLength": 25},
        {"mixture": [{"uri": uri, "weight": 2}]},
        {"uri": uri, "evaluation": {"uri": own}},
        {"uri": uri, "evaluation": {"uri": others}},
    ]
    found = [prepared(tmp_path / str(i), words, **spec).report for i, spec in enumerate(specs)]
    assert len({report.digest for report in found}) == len(specs)


def test_what_is_counted_is_what_is_cached(words: Any, tmp_path: Path) -> None:
    faulty = [ROWS[0], {**ROWS[1], "chosen": ""}, {**ROWS[2], "rejected": ROWS[2]["chosen"]}]
    uri = write_rows(tmp_path / "pairs.jsonl", [*ROWS, *faulty]).as_uri()
    found = prepared(tmp_path / "work", words, uri=uri)
    publish(found.folder, location(tmp_path / "cache"), about={})
    training, held_out = read_pairs(location(tmp_path / "cache"))
    report = found.report
    assert (report.pairs, report.evaluation_pairs) == (len(training), len(held_out))
    assert report.rows == 63 == report.pairs + report.evaluation_pairs + report.dropped
    assert {f.kind: f.count for f in report.findings} == {
        Fault.DUPLICATE: 1,
        Fault.EMPTY: 1,
        Fault.IDENTICAL: 1,
    }
    assert {f.kind: f.examples[0].row for f in report.findings} == {
        Fault.DUPLICATE: 61,
        Fault.EMPTY: 62,
        Fault.IDENTICAL: 63,
    }
    assert not {str(pair.prompt) for pair in training} & {str(pair.prompt) for pair in held_out}


def test_a_mixture_of_forms_becomes_one_dataset(tmp_path: Path) -> None:
    text = write_rows(tmp_path / "text.jsonl", ROWS).as_uri()
    chat = write_rows(tmp_path / "chat.jsonl.gz", chat_rows(60, seed=2)).as_uri()
    mixture = [{"uri": text, "weight": 2}, {"uri": chat, "weight": 0.5}]
    report = prepared(tmp_path / "work", tokenizer(chat=True), mixture=mixture).report
    forms = [(source.format, source.rows) for source in report.sources]
    assert forms == [(DatasetFormat.PREFERENCE, 60), (DatasetFormat.CONVERSATIONAL, 60)]
    assert report.pairs + report.evaluation_pairs > 120
    assert report.not_sampled > 0
    assert report.dropped == 0


def test_an_epoch_counts_repetitions(words: Any, tmp_path: Path) -> None:
    uri = write_rows(tmp_path / "pairs.jsonl", ROWS).as_uri()
    mixtures = [[{"uri": uri, "weight": weight}] for weight in (1, 3)]
    once, thrice = (
        prepared(tmp_path / str(number), words, mixture=mixture).report
        for number, mixture in enumerate(mixtures)
    )
    assert thrice.epoch_tokens == 3 * once.epoch_tokens
    assert thrice.pairs == 3 * once.pairs


def test_batches_make_no_difference(
    words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = write_rows(tmp_path / "pairs.jsonl", ROWS).as_uri()
    whole = prepared(tmp_path / "whole", words, uri=uri).report
    for module, name in (("spool", "BATCH"), ("tokens", "BATCH"), ("cache", "GROUP_ROWS")):
        monkeypatch.setattr(f"preference_trainer.dataset.{module}.{name}", 7)
    assert prepared(tmp_path / "parts", words, uri=uri).report == whole


@pytest.mark.parametrize(
    ("names", "noted"),
    [(["train.jsonl", "test.jsonl"], ["test.jsonl"]), (["test.jsonl"], []), (["latest.jsonl"], [])],
)
def test_files_named_like_held_out_ones(
    names: list[str], noted: list[str], words: Any, tmp_path: Path
) -> None:
    for seed, name in enumerate(names):
        write_rows(tmp_path / "data" / name, text_rows(20, seed=seed))
    (source,) = prepared(tmp_path / "work", words, uri=(tmp_path / "data").as_uri()).report.sources
    assert [Path(uri).name for uri in source.held_out_by_name] == noted


def test_own_held_out_pairs_are_never_trained_on(words: Any, tmp_path: Path) -> None:
    uri = write_rows(tmp_path / "pairs.jsonl", ROWS).as_uri()
    own = write_rows(tmp_path / "held-out.jsonl", text_rows(5) + text_rows(5, seed=9)).as_uri()
    report = prepared(tmp_path / "work", words, uri=uri, evaluation={"uri": own}).report
    assert (report.pairs, report.evaluation_pairs) == (55, 10)
    assert {f.kind: f.count for f in report.findings} == {Fault.OVERLAP: 5}


def test_both_readings_of_dialogues_hold_out_the_same_rows(tmp_path: Path) -> None:
    uri = write_rows(tmp_path / "pairs.jsonl", dialogue_rows(200)).as_uri()
    found = [
        prepared(tmp_path / f"{chat}", tokenizer(chat=chat), uri=uri) for chat in (True, False)
    ]
    held_out = [item.held_out_prompts.tolist() for item in found]
    assert held_out[0] == held_out[1]
    assert found[0].report.digest != found[1].report.digest


@pytest.mark.parametrize(
    ("overlong", "dropped"), [("Drop", 1), ("Cut", 0), ("Fail", None)], ids=["Drop", "Cut", "Fail"]
)
def test_pairs_over_the_limit(
    overlong: str, dropped: int | None, words: Any, tmp_path: Path
) -> None:
    long = {"prompt": "a long one", "chosen": " the cat" * 80, "rejected": " no"}
    uri = write_rows(tmp_path / "pairs.jsonl", [*ROWS, long]).as_uri()
    spec = {"uri": uri, "maxLength": 100, "overlong": overlong}
    if dropped is None:
        with pytest.raises(DataError, match=r"pairs\.jsonl, row 61"):
            prepared(tmp_path / "work", words, **spec)
        return
    report = prepared(tmp_path / "work", words, **spec).report
    over = report.tokens.over + report.evaluation_tokens.over
    assert (report.dropped, over) == (dropped, 1)
    assert report.pairs + report.evaluation_pairs == 61 - dropped


def test_nothing_within_the_limit_is_refused(words: Any, tmp_path: Path) -> None:
    uri = write_rows(tmp_path / "pairs.jsonl", ROWS).as_uri()
    with pytest.raises(DataError, match=r"no training pairs: 5. over maxLength"):
        prepared(tmp_path / "work", words, uri=uri, maxLength=8)


def test_scores_and_repeated_prompts_are_noted(words: Any, tmp_path: Path) -> None:
    rows = [{**row, "score_chosen": n, "score_rejected": 10} for n, row in enumerate(ROWS)]
    again = {"prompt": ROWS[0]["prompt"], "chosen": "x", "rejected": "y"}
    echo = {"prompt": "say", "chosen": "say yes", "rejected": "say no"}
    uri = write_rows(tmp_path / "pairs.jsonl", [*rows, again, echo]).as_uri()
    report = prepared(tmp_path / "work", words, uri=uri).report
    assert (report.scores.rows, report.scores.chosen_lower) == (60, 10)
    assert report.repeated_prompts == 1
    assert report.answers_with_prompt == 1


def test_samples_show_what_the_model_sees(tmp_path: Path) -> None:
    uri = write_rows(tmp_path / "pairs.jsonl", chat_rows(60)).as_uri()
    report = prepared(tmp_path / "work", tokenizer(chat=True), uri=uri).report
    assert len(report.samples) == 3
    assert report.samples[0].prompt.endswith("<|im_end|>\n<|im_start|>assistant\n")
    assert report.samples[0].chosen.endswith("<|im_end|>\n")


def test_a_request_to_stop_ends_the_reading(words: Any, tmp_path: Path) -> None:
    uri = write_rows(tmp_path / "pairs.jsonl", ROWS).as_uri()
    how = reading(tmp_path / "work")
    how.stop._event.set()
    with pytest.raises(StoppedEarly, match="reading the dataset"):
        prepare(Dataset(uri=uri), words, how)


def test_published_pairs_of_hh_rlhf(tmp_path: Path) -> None:
    report = prepared(tmp_path, tokenizer(chat=True), uri=hh_rlhf().as_uri(), maxLength=8192).report
    (source,) = report.sources
    assert (source.format, source.detected) == (DatasetFormat.HHRLHF, True)
    assert report.pairs + report.evaluation_pairs + report.dropped == source.rows
    assert report.dropped < 0.02 * source.rows
    assert 0.4 < report.length_bias.longer_wins < 0.5
