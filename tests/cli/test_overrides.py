from typing import Any

import pytest

from preference_cli.errors import CommandError
from preference_cli.overrides import apply_override, parse_override

MANIFEST: dict[str, Any] = {
    "metadata": {"name": "tiny"},
    "spec": {
        "method": "DPO",
        "training": {"epochs": 1, "seed": 7},
        "dataset": {"mixture": [{"uri": "a"}, {"uri": "b"}]},
        "dpo": {"loss": ["sigmoid", "sft"]},
    },
}


def changed(text: str) -> Any:
    return apply_override(MANIFEST, parse_override(text))


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("training.seed=8", ("training", "seed"), 8),
        ("spec.training.seed=8", ("training", "seed"), 8),
        ("training.learningRate=5e-7", ("training", "learningRate"), 5e-7),
        ("output.name=1e5x", ("output", "name"), "1e5x"),
        ('retrain.nonce="7"', ("retrain", "nonce"), "7"),
        ("suspend=true", ("suspend",), True),
        ("dataset.mixture.1.weight=0.5", ("dataset", "mixture", 1, "weight"), 0.5),
        ("dpo.loss.1=ipo", ("dpo", "loss", 1), "ipo"),
        ("dpo.loss=[hinge, sft]", ("dpo", "loss"), ["hinge", "sft"]),
        ('model.lora={"rank": 4}', ("model", "lora"), {"rank": 4}),
        ("model.lora.rank=4", ("model", "lora", "rank"), 4),
        ("dataset.prompt.template=a=b {prompt}", ("dataset", "prompt", "template"), "a=b {prompt}"),
        (
            "resources.nodeSelector.kubernetes.io/arch=arm64",
            ("resources", "nodeSelector", "kubernetes.io/arch"),
            "arm64",
        ),
    ],
)
def test_sets_the_field_under_spec(text: str, path: tuple[Any, ...], value: Any) -> None:
    node = changed(text)["spec"]
    for step in path:
        node = node[step]
    assert node == value
    assert type(node) is type(value)


def test_sets_metadata_where_the_path_says_so() -> None:
    assert changed("metadata.name=other")["metadata"] == {"name": "other"}


def test_leaves_everything_else_and_the_original_as_they_are() -> None:
    result = changed("training.seed=8")
    assert result["spec"]["training"] == {"epochs": 1, "seed": 8}
    assert result["spec"]["dataset"] == MANIFEST["spec"]["dataset"]
    assert MANIFEST["spec"]["training"] == {"epochs": 1, "seed": 7}


def test_replaces_what_is_no_mapping_in_the_manifest() -> None:
    manifest = {"spec": {"dataset": "pairs.jsonl", "model": None}}
    result = apply_override(manifest, parse_override("dataset.uri=b"))
    assert result["spec"]["dataset"] == {"uri": "b"}
    result = apply_override(manifest, parse_override("model.lora.rank=4"))
    assert result["spec"]["model"] == {"lora": {"rank": 4}}


@pytest.mark.parametrize("text", ["training.epochs=null", "training.epochs=", "training.epochs=~"])
def test_null_removes_a_field(text: str) -> None:
    assert changed(text)["spec"]["training"] == {"seed": 7}


def test_null_removes_an_entry_of_a_list() -> None:
    assert changed("dataset.mixture.0=null")["spec"]["dataset"]["mixture"] == [{"uri": "b"}]


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("training.step=3", "no field spec.training.step", "did you mean spec.training.steps?"),
        ("trainng.steps=3", "no field spec.trainng", "did you mean spec.training?"),
        ("training.learning_rate=1", "spec.training.learning_rate", "spec.training.learningRate?"),
        ("orpo.qqq=1", "no field spec.orpo.qqq", "spec.orpo has lambda"),
        ("dataset.mixture.2.uri=c", "spec.dataset.mixture has no entry 2", "the whole list"),
        ("dataset.mixture.x.uri=c", "spec.dataset.mixture has no entry x", "the whole list"),
        ("training.seed.low=1", "spec.training.seed is a single value", ""),
        ("training.seed", "not path=value", "--set training.steps=3"),
        ("=3", "not path=value", "--set training.steps=3"),
        ("training..seed=3", "not path=value", "--set training.steps=3"),
        ("dpo.loss=[a", "not YAML", "quotes"),
    ],
)
def test_refuses_what_the_kind_does_not_have(text: str, message: str, remedy: str) -> None:
    with pytest.raises(CommandError) as caught:
        changed(text)
    assert message in caught.value.message
    assert remedy in caught.value.remedy
