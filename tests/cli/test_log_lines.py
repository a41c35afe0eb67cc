from pathlib import Path

import pytest

from preference_cli.log_lines import LogReader, last_lines, readable


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('{"time":"t","level":"info","event":"Step","step":3,"loss":0.5}', "Step step=3 loss=0.5"),
        ('{"event":"Done"}', "Done"),
        ('{"no":"event"}', '{"no":"event"}'),
        ("Traceback (most recent call last):", "Traceback (most recent call last):"),
        ("[1, 2]", "[1, 2]"),
        ("  indented  ", "  indented"),
    ],
)
def test_json_lines_become_readable(line: str, text: str) -> None:
    assert readable(line) == text


def test_the_reader_gives_complete_lines_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntw")
    with LogReader(path) as reader, path.open("ab", buffering=0) as log:
        assert reader.new_lines() == ["one"]
        assert reader.new_lines() == []
        log.write(b"o\n\xff\nrest")
        assert reader.new_lines() == ["two", "\ufffd"]


def test_the_last_lines_are_read_from_the_end_of_a_long_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"line {number}\n" for number in range(100_000)) + "\ncut")
    assert last_lines(path, 2) == ["line 99999", "cut"]


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "log", 3) == []
