from pathlib import Path

import pytest

from preference_trainer.processors import limit_threads, processor_limit

GROUPS = {
    "none": ({}, None),
    "version 2": ({"cpu.max": "150000 100000\n"}, 2),
    "version 2, half of one": ({"cpu.max": "50000 100000\n"}, 1),
    "version 2, unlimited": ({"cpu.max": "max 100000\n"}, None),
    "version 1": ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
    "version 1, unlimited": (
        {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
        None,
    ),
    "garbage": ({"cpu.max": "much"}, None),
}


def group(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("name", GROUPS)
def test_limit(tmp_path: Path, name: str) -> None:
    files, limit = GROUPS[name]
    assert processor_limit(group(tmp_path, files)) == limit


@pytest.mark.parametrize(
    ("quota", "before", "after"),
    [
        ("100000", {}, {"OMP_NUM_THREADS": "1"}),
        ("100000", {"OMP_NUM_THREADS": "3"}, {"OMP_NUM_THREADS": "3"}),
        ("max", {}, {}),
        ("99000000", {}, {}),
    ],
)
def test_threads(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quota: str,
    before: dict[str, str],
    after: dict[str, str],
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    limit_threads(before, group=group(tmp_path, {"cpu.max": f"{quota} 100000"}))
    assert before == after
