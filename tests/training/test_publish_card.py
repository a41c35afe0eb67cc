import pytest
import yaml
from huggingface_hub import ModelCard

from preference_trainer.publish import model_card
from report_builders import check_report, example, report_inputs

LORA = {"model": {"uri": "hf://org/tiny@0123abcd", "lora": {}}}


def _header(**spec):
    return yaml.safe_load(model_card(report_inputs(spec=spec)).split("---\n")[1])


def test_the_hub_reads_the_header():
    card = ModelCard(model_card(report_inputs(spec={**LORA, "sft": {}})))
    assert card.data.library_name == "peft"
    assert card.data.pipeline_tag == "text-generation"
    assert card.data.base_model == "org/tiny"
    assert card.data.tags == ["preference", "dpo", "sft", "lora", "trl"]
    assert card.data.model_name == "tiny-dpo"


def test_the_hub_reads_the_results_with_their_intervals():
    inputs = report_inputs()
    results = ModelCard(model_card(inputs)).data.eval_results
    accuracy = inputs.metrics.accuracy
    assert results[0].metric_type == "accuracy"
    assert results[0].metric_value == pytest.approx(accuracy.value, abs=1e-4)
    assert results[0].metric_args == {
        "confidence": 0.95,
        "lower": pytest.approx(accuracy.lower, abs=1e-4),
        "upper": pytest.approx(accuracy.upper, abs=1e-4),
    }
    assert [one.metric_type for one in results] == ["accuracy"] * 3 + ["gain", "margin"]
    assert {one.dataset_type for one in results} == {"train.jsonl"}


@pytest.mark.parametrize(
    ("spec", "key", "value"),
    [
        ({}, "library_name", "transformers"),
        ({}, "base_model_relation", "finetune"),
        (LORA, "base_model_relation", "adapter"),
        ({"model": {"uri": "s3://b/gpt2"}}, "base_model", None),
        ({"model": {"uri": "s3://b/gpt2"}}, "base_model_relation", None),
        ({}, "datasets", None),
        ({"dataset": {"uri": "hf://datasets/org/set@1"}}, "datasets", ["org/set"]),
        ({"method": "ORPO"}, "tags", ["preference", "orpo", "trl"]),
        ({}, "license", None),
    ],
)
def test_the_header_names_what_is_known_and_nothing_else(spec, key, value):
    assert _header(**spec).get(key) == value


def test_the_name_may_be_chosen():
    spec = {"output": {"uri": "s3://b/p", "name": "Tiny.Aligned"}}
    card = model_card(report_inputs(spec=spec))
    assert "\n# Tiny.Aligned\n" in card
    assert yaml.safe_load(card.split("---\n")[1])["model-index"][0]["name"] == "Tiny.Aligned"


@pytest.mark.parametrize(
    ("spec", "loader"),
    [({}, "AutoModelForCausalLM.from_pretrained"), (LORA, "AutoPeftModelForCausalLM")],
)
def test_how_to_load_it(spec, loader):
    code = model_card(report_inputs(spec=spec)).split("```python\n")[1].split("```")[0]
    compile(code, "card", "exec")
    assert loader in code


def test_a_card_names_no_bucket_and_no_local_path():
    spec = {
        "model": {"uri": "file:///home/someone/secret/base"},
        "dataset": {
            "uri": "/home/someone/secret/pairs.jsonl",
            "evaluation": {"uri": "s3://internal-bucket/held.jsonl"},
        },
        "output": {"uri": "s3://internal-bucket/out"},
    }
    card = model_card(report_inputs(spec=spec))
    assert "base" in card
    assert "pairs.jsonl" in card
    assert not [word for word in ("someone", "secret", "internal-bucket", "://") if word in card]


def test_headline_settings_counts_figures_and_versions():
    findings = [{"kind": "over maxLength", "count": 7}]
    inputs = report_inputs(check=check_report(findings=findings))
    card = model_card(inputs)
    for line in (
        inputs.headline,
        "| β | 0.1 |",
        "| Trained on | 540 pairs |",
        "| over maxLength | 7 |",
        f"| Dataset digest | {'d' * 64} |",
        "On 60 held-out pairs, with 95 % intervals.",
        "| trl | 1.16.0 |",
        "| Run | 3fa9c1d27b604e85 |",
        "| Commit | 5e1f00d |",
    ):
        assert f"\n{line}\n" in card


def test_foreign_words_stay_inside_their_cell():
    versions = {"a|b\n# heading": "<script>[x](y)`"}
    card = model_card(report_inputs(versions=versions))
    assert "| a\\|b # heading | &lt;script>\\[x](y)\\` |" in card
    assert "<script>" not in card


def test_the_same_inputs_give_the_same_card():
    inputs = report_inputs(versions={"b": "1", "a": "2"})
    assert model_card(inputs) == model_card(report_inputs(versions={"a": "2", "b": "1"}))


def test_one_pair():
    assert "On 1 held-out pair, with" in model_card(report_inputs(examples=[example()]))
