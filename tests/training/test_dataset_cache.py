from pathlib import Path

import pytest

from pairs import chat_rows, location, pairs_of, text_rows
from preference_trainer.dataset.cache import (
    DEMONSTRATIONS,
    EVALUATION,
    GROUP_ROWS,
    TRAINING,
    RecordFile,
    cache_place,
    lies_whole,
    publish,
    read_demonstrations,
    read_pairs,
)
from preference_trainer.dataset.pairs import Pair, chosen_demonstration
from preference_trainer.dataset.records import of_demonstration, of_pair
from preference_trainer.storage import Damaged, Location, NotFound

TEXTS = pairs_of(text_rows(20), chat=False)
CHATS = pairs_of(chat_rows(5), chat=True)


def written(folder: Path, name: str, pairs: list[Pair], copies: int = 1) -> RecordFile:
    folder.mkdir(parents=True, exist_ok=True)
    with RecordFile(folder / name) as file:
        for pair in pairs:
            file.add(of_pair(pair), copies)
    return file


def content(pairs: list[Pair]) -> list[object]:
    return [(pair.prompt, pair.chosen, pair.rejected, pair.tools) for pair in pairs]


def test_published_pairs_come_back(place: Location, tmp_path: Path) -> None:
    folder = tmp_path / "pairs to publish"
    written(folder, TRAINING, [*TEXTS, *CHATS], copies=2)
    written(folder, EVALUATION, CHATS)
    cached = cache_place(place, "abc")
    publish(folder, cached, about={"pairs": 50})
    training, held_out = read_pairs(cached)
    assert content(training) == [item for item in content([*TEXTS, *CHATS]) for _copy in range(2)]
    assert content(held_out) == content(CHATS)
    assert (held_out[1].source, held_out[1].row) == ((cached / EVALUATION).uri, 2)


def test_what_is_published_stays(tmp_path: Path) -> None:
    cached = location(tmp_path / "cache")
    for name, pairs in (("first", TEXTS), ("second", CHATS)):
        written(tmp_path / name, TRAINING, pairs)
        written(tmp_path / name, EVALUATION, pairs)
        publish(tmp_path / name, cached, about={})
    assert content(read_pairs(cached)[0]) == content(TEXTS)


def published(folder: Path) -> Location:
    """Pairs of text, and the report of a run beside them; local files in `cache`."""
    for name in (TRAINING, EVALUATION):
        written(folder / "pairs", name, TEXTS)
    cached = location(folder / "cache")
    publish(folder / "pairs", cached, about={})
    (cached / "check-abc.json").write(b"{}")
    return cached


def test_a_damaged_file_is_refused_once_and_written_again(tmp_path: Path) -> None:
    cached = published(tmp_path)
    path = tmp_path / "cache" / TRAINING
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Damaged, match=TRAINING):
        read_pairs(cached)
    assert not lies_whole(cached)
    publish(tmp_path / "pairs", cached, about={})
    assert content(read_pairs(cached)[0]) == content(TEXTS)


@pytest.mark.parametrize(
    ("name", "left"),
    [(TRAINING, None), (EVALUATION, b"short"), ("manifest.json", None), ("manifest.json", b"{")],
)
def test_what_is_gone_in_part_is_written_again(
    name: str, left: bytes | None, tmp_path: Path
) -> None:
    cached = published(tmp_path)
    assert lies_whole(cached)
    (cached / name).delete()
    if left is not None:
        (cached / name).write(left)
    assert not lies_whole(cached)
    publish(tmp_path / "pairs", cached, about={})
    assert lies_whole(cached)
    assert content(read_pairs(cached)[0]) == content(TEXTS)
    assert (cached / "check-abc.json").stat() is not None


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_pairs(location(tmp_path))


def test_demonstrations_come_back(tmp_path: Path) -> None:
    shown = list(map(chosen_demonstration, CHATS))
    (tmp_path / "shown").mkdir()
    with RecordFile(tmp_path / "shown" / DEMONSTRATIONS) as file:
        for item in shown:
            file.add(of_demonstration(item))
    publish(tmp_path / "shown", location(tmp_path / "cache"), about={})
    found = read_demonstrations(location(tmp_path / "cache"))
    assert [(item.prompt, item.completion) for item in found] == [
        (item.prompt, item.completion) for item in shown
    ]


def test_the_bytes_follow_from_the_content(tmp_path: Path) -> None:
    moved = [Pair(prompt=p.prompt, chosen=p.chosen, rejected=p.rejected) for p in TEXTS]
    first = written(tmp_path / "first", TRAINING, TEXTS)
    second = written(tmp_path / "second", TRAINING, moved)
    assert first.digest == second.digest
    files = [(tmp_path / name / TRAINING).read_bytes() for name in ("first", "second")]
    assert files[0] == files[1]


def test_the_digest_covers_every_group_of_rows(tmp_path: Path) -> None:
    many = TEXTS[:1] * (GROUP_ROWS + 2)
    digests = {
        written(tmp_path / "whole", TRAINING, many).digest,
        written(tmp_path / "one at a time", TRAINING, TEXTS[:1], copies=len(many)).digest,
        written(tmp_path / "other end", TRAINING, [*many[:-1], TEXTS[1]]).digest,
        written(tmp_path / "other start", TRAINING, [TEXTS[1], *many[1:]]).digest,
    }
    assert len(digests) == 3


def test_no_pairs_make_an_empty_file(tmp_path: Path) -> None:
    written(tmp_path / "pairs", TRAINING, [])
    written(tmp_path / "pairs", EVALUATION, [])
    publish(tmp_path / "pairs", location(tmp_path / "cache"), about={})
    assert read_pairs(location(tmp_path / "cache")) == ([], [])
