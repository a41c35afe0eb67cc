import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pairs import chat_rows, json_lines, location, text_rows, write_rows
from preference_api.wire import ExitCode
from preference_trainer.dataset.read import Row, data_files, read_rows
from preference_trainer.errors import DataError
from preference_trainer.storage import Location, NotFound

FIELD = "spec.dataset.uri"
ROWS = text_rows(5)


def rows_at(place: Location, tmp_path: Path) -> list[Row]:
    return list(read_rows(data_files(place, field=FIELD), workdir=tmp_path))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("pairs.jsonl", json_lines(ROWS)),
        ("pairs.json", json_lines(ROWS).replace(b"\n", b"\r\n\r\n")),
        ("pairs.jsonl.gz", gzip.compress(json_lines(ROWS))),
        ("pairs.jsonl.zst", zstandard.compress(json_lines(ROWS))),
        ("pairs.jsonl", gzip.compress(json_lines(ROWS))),
    ],
)
def test_one_object_of_each_form(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    found = rows_at(location(tmp_path / name), tmp_path)
    assert [row.values for row in found] == ROWS
    assert {row.source for row in found} == {(tmp_path / name).as_uri()}


def test_rows_are_numbered_by_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(b"\n\n" + json_lines(ROWS[:1]) + b"\n" + json_lines(ROWS[1:2]))
    assert [row.number for row in rows_at(location(path), tmp_path)] == [3, 5]


def test_parquet_drops_the_keys_that_it_made_up(tmp_path: Path) -> None:
    rows = chat_rows(3)
    rows[1]["chosen"][0]["name"] = "Ann"
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "pairs.parquet", row_group_size=2)
    found = rows_at(location(tmp_path / "pairs.parquet"), tmp_path)
    assert [row.values for row in found] == rows
    assert [row.number for row in found] == [1, 2, 3]


def test_a_prefix_is_read_in_the_order_of_its_names(place: Location, tmp_path: Path) -> None:
    for name in ("b.jsonl", "a/2.jsonl", "a/1.jsonl"):
        (place / name).write(json_lines([{"name": name}]))
    for name in (".hidden.jsonl", "_tmp/x.jsonl", "README.md", "manifest.json", "empty.jsonl"):
        (place / name).write(b"" if name.startswith("empty") else b"{}")
    found = [row.values["name"] for row in rows_at(place, tmp_path)]
    assert found == ["a/1.jsonl", "a/2.jsonl", "b.jsonl"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": }\n', "a.jsonl, row 2: no valid JSON at column 7"),
        ("a.jsonl", b'{"a": 1}\n[1]\n', "a.jsonl, row 2: a list in place of an object"),
        ("a.json", b'[\n{"a": 1}\n]', "a.json, row 1: no valid JSON"),
        ("a.jsonl", b'{"a": "\xff"}\n', "a.jsonl, row 1: no valid UTF-8"),
        ("a.jsonl", b'{"a": "\\ud800"}\n', "a.jsonl, row 1: no valid UTF-8"),
        ("a.jsonl", b"[" * 200_000, "a.jsonl, row 1: nested too deeply"),
        ("a.jsonl.gz", gzip.compress(json_lines(ROWS))[:-9], "a.jsonl.gz is damaged after row"),
        ("a.jsonl.zst", zstandard.compress(json_lines(ROWS))[:-9], "a.jsonl.zst is damaged after"),
        ("a.parquet", b"PAR1 and nothing else", "a.parquet is no whole Parquet file"),
    ],
)
def test_broken_files_name_file_and_row(
    name: str, data: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError) as caught:
        rows_at(location(tmp_path), tmp_path)
    assert message in caught.value.message
    assert caught.value.exit_code == ExitCode.BAD_DATA


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["pairs.csv", "README.md"], "has no file of a known form, only README.md, pairs.csv"),
        (list("abcdefg"), "only a, b, c, d, e, ..."),
    ],
)
def test_a_prefix_without_rows_says_what_it_holds(
    names: list[str], message: str, tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / name).write_text("x")
    with pytest.raises(DataError, match=FIELD) as caught:
        data_files(location(tmp_path), field=FIELD)
    assert message in caught.value.message
    assert caught.value.reason == "NoRows"


def test_nothing_at_all_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=rf"{FIELD}: nothing lies at"):
        data_files(location(tmp_path / "nowhere"), field=FIELD)


def test_an_object_of_another_form_is_refused(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "pairs.txt", ROWS)
    with pytest.raises(DataError, match=r"no file of a known form, only pairs\.txt"):
        data_files(location(path), field=FIELD)


def test_many_rows_pass_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(json_lines(ROWS) + b"broken")
    passing = read_rows(data_files(location(path), field=FIELD), workdir=tmp_path)
    assert [next(passing).values for _row in ROWS] == [json.loads(json.dumps(row)) for row in ROWS]
    with pytest.raises(DataError, match="row 6"):
        next(passing)
