from typing import Any

import pytest

from conversions import converted, field, findings, kinds, targets
from preference_api.v1alpha1.methods import Method
from preference_cli.convert import Kind
from preference_cli.errors import CommandError

COPY = "@refs/convert/parquet"
PAIRS = f"hf://datasets/org/pairs{COPY}"
MIXER = {"dataset_name": None, "dataset_mixer": {"a/b": 0.5, "c/d": 1.0}}
SPLITS = {"dataset_splits": ["train_prefs", "test_prefs"]}


def mixture(*entries: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"dataset_name": None, "dataset_mixture": {"datasets": list(entries), **options}}


def listed(*entries: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"dataset_name": None, "datasets": list(entries), **options}


@pytest.mark.parametrize(
    ("settings", "path", "value"),
    [
        ({}, "dataset.uri", f"{PAIRS}/default/train"),
        ({"dataset_config": "cfg"}, "dataset.uri", f"{PAIRS}/cfg/train"),
        ({"dataset_train_split": "train_prefs"}, "dataset.uri", f"{PAIRS}/default/train_prefs"),
        ({"dataset_train_split": "train[:10%]"}, "dataset.uri", f"{PAIRS}/default/train"),
        ({"dataset_name": "s3://b-1/pairs"}, "dataset.uri", "s3://b-1/pairs"),
        ({"dataset_name": "x/y.jsonl"}, "dataset.uri", "s3://your-bucket/datasets/y.jsonl"),
        ({}, "dataset.evaluation", None),
        ({"eval_strategy": "steps"}, "dataset.evaluation.uri", f"{PAIRS}/default/test"),
        ({"evaluation_strategy": "epoch"}, "dataset.evaluation.uri", f"{PAIRS}/default/test"),
        ({"dataset_test_split": "t"}, "dataset.evaluation.uri", f"{PAIRS}/default/t"),
        ({}, "dataset.maxLength", None),
        ({"max_length": 2048}, "dataset.maxLength", 2048),
        ({}, "dataset.overlong", "Cut"),
        ({"truncation_mode": "keep_end"}, "dataset.overlong", "Cut"),
        ({"dataset_name": None, "datasets": [{"path": "a/b"}]}, "dataset.mixture", None),
        (
            listed({"path": "a/b", "split": "s"}),
            "dataset.uri",
            f"hf://datasets/a/b{COPY}/default/s",
        ),
        (
            listed({"path": "json", "data_files": "p/q.jsonl"}),
            "dataset.uri",
            "s3://your-bucket/datasets/q.jsonl",
        ),
        (listed({"path": "a/b"}, test_split_size=0.05), "dataset.evaluation.fraction", 0.05),
        (mixture({"id": "a/b"}, test_split_size=0.1), "dataset.evaluation.fraction", 0.1),
        (mixture({"id": "a/b"}, test_split_size=2000), "dataset.evaluation", None),
    ],
)
def test_field(settings: dict[str, Any], path: str, value: Any) -> None:
    assert field(converted(settings), path) == value


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        (MIXER, [("a/b", "default/train", 0.5), ("c/d", "default/train", None)]),
        (
            {**MIXER, "dataset_mixer": {"a/b": 0.5, "c/d": 0}},
            [("a/b", "default/train", 0.5)],
        ),
        (
            {**MIXER, "dataset_configs": ["v", "w"]},
            [("a/b", "v/train", 0.5), ("c/d", "w/train", None)],
        ),
        (
            {"dataset_name": None, "dataset_mixer": {"a/b": 0.5}, **SPLITS},
            [("a/b", "default/train_prefs", 0.5)],
        ),
        (
            mixture(
                {"id": "a/b", "config": "x", "split": "s", "weight": 0.25},
                {"id": "c/d", "columns": ["chosen", "rejected"]},
            ),
            [("a/b", "x/s", 0.25), ("c/d", "default/train", None)],
        ),
        (
            listed({"path": "a/b", "fraction": 0.6}, {"path": "c/d", "name": "x", "fraction": 0.3}),
            [("a/b", "default/train", None), ("c/d", "x/train", 0.5)],
        ),
    ],
)
def test_mixture(settings: dict[str, Any], parts: list[tuple[str, str, float | None]]) -> None:
    found = field(converted(settings), "dataset.mixture")
    expected = [(f"hf://datasets/{name}{COPY}/{folder}", weight) for name, folder, weight in parts]
    assert [(part["uri"], part.get("weight")) for part in found] == expected


def test_mixer_holds_out_the_test_split_of_its_only_dataset() -> None:
    conversion = converted({"dataset_name": None, "dataset_mixer": {"a/b": 1.0}, **SPLITS})
    assert field(conversion, "dataset.uri") == f"hf://datasets/a/b{COPY}/default/train_prefs"
    assert field(conversion, "dataset.evaluation.uri").endswith("/default/test_prefs")


def test_test_splits_of_several_datasets_are_told() -> None:
    conversion = converted({**MIXER, **SPLITS})
    assert field(conversion, "dataset.evaluation") is None
    assert any("names 2" in found.note for found in findings(conversion, "dataset_mixer"))


@pytest.mark.parametrize(
    ("settings", "setting", "kind", "says"),
    [
        ({}, "dataset_name", Kind.TO_FILL, "check that default/train is there"),
        ({}, "dataset_name", Kind.CHANGED, "a tenth of the prompts is held out"),
        ({"dataset_train_split": "train[:9]"}, "dataset_train_split", Kind.UNMAPPED, "maxPairs"),
        ({"dataset_train_split": "test"}, "dataset_train_split", Kind.TO_FILL, "is trained on"),
        ({"max_length": None}, "max_length", Kind.TO_FILL, "no limit"),
        ({"truncation_mode": "keep_end"}, "truncation_mode", Kind.UNMAPPED, "beginning"),
        ({"max_prompt_length": 512}, "max_prompt_length", Kind.UNMAPPED, "maxLength"),
        ({"max_completion_length": 512}, "max_completion_length", Kind.UNMAPPED, "maxLength"),
        (mixture({"id": "a/b", "columns": ["x"]}), "dataset_mixture", Kind.IGNORED, "columns"),
        (mixture({"id": "a/b"}, seed=0), "dataset_mixture", Kind.IGNORED, "training.seed"),
        (mixture({"id": "a/b", "new": 1}), "dataset_mixture", Kind.UNMAPPED, "new of a dataset"),
        (mixture({"id": "a/b"}, test_split_size=9), "dataset_mixture", Kind.TO_FILL, "9 rows"),
        (listed({"path": "a/b", "data_dir": "x"}), "datasets", Kind.UNMAPPED, "data_dir"),
        (listed({"path": "a/b", "fraction": 0.5}), "datasets", Kind.TO_FILL, "share"),
        (MIXER, "auto_insert_empty_system_msg", Kind.UNMAPPED, "on by default"),
    ],
)
def test_finding(settings: dict[str, Any], setting: str, kind: Kind, says: str) -> None:
    found = findings(converted(settings), setting)
    assert any(finding.kind is kind and says in finding.note for finding in found), found


@pytest.mark.parametrize(
    ("settings", "path", "value"),
    [
        ({}, "dataset.maxLength", 512),
        ({}, "training.optimizer", "RMSprop"),
        ({}, "training.learningRate", 5e-5),
        ({}, "training.gradientCheckpointing", False),
        ({}, "model.dtype", "Float32"),
        ({"bf16": True}, "model.dtype", None),
    ],
)
def test_a_mixer_brings_the_defaults_of_its_time(
    settings: dict[str, Any], path: str, value: Any
) -> None:
    assert field(converted({**MIXER, **settings}), path) == value


def test_a_mixer_for_orpo_keeps_the_optimizer_of_trl() -> None:
    assert field(converted(MIXER, method=Method.ORPO), "training.optimizer") is None


def test_own_bucket_needs_no_look() -> None:
    conversion = converted({"dataset_name": "s3://b-1/pairs"})
    assert "dataset" not in targets(conversion, Kind.TO_FILL)
    assert Kind.MAPPED in kinds(conversion, "dataset_name")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"dataset_name": None}, "names no dataset"),
        (mixture(), "names no dataset to train on"),
        ({**MIXER, "dataset_splits": ["test"]}, "names no dataset to train on"),
        ({"dataset_name": None, "datasets": "a/b"}, "is not a list"),
        ({"dataset_name": None, "dataset_mixer": "a/b"}, "is not JSON"),
        ({**MIXER, "dataset_mixer": {"a/b": "x"}}, "dataset_mixer: a/b 'x' is not a number"),
        (mixture({"split": "train"}), "dataset_mixture: a dataset has no name"),
        (mixture({"id": "a/b", "weight": "x"}), "a/b: weight 'x' is not a number"),
        (mixture({"id": "a/b"}, test_split_size="x"), "test_split_size 'x' is not a number"),
        ({"dataset_name": None, "dataset_mixture": {"datasets": "a/b"}}, "is not a list"),
        (listed({"split": "train"}), "datasets: a dataset has no name"),
        (listed({"path": "a/b", "fraction": 0}), "names no dataset to train on"),
    ],
)
def test_source_without_pairs_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        converted(settings)
