import json

import pytest

from manifest_table import manifest
from preference_api.manifest import ManifestError, from_document, load_manifest, parse
from preference_api.v1alpha1.methods import Method

JOB = """
apiVersion: preference.dev/v1alpha1
kind: PreferenceJob
metadata: {name: NAME}
spec:
  method: DPO
  model: {uri: hf://org/base@main}
  dataset: {uri: s3://bucket/pairs.jsonl}
  training: {learningRate: 5e-7}
  output: {uri: s3://bucket/output}
"""
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: bucket}\n"


def job(name: str = "helpful") -> str:
    return JOB.replace("NAME", name)


def test_text_becomes_a_job() -> None:
    parsed = parse(job())
    assert parsed.metadata.name == "helpful"
    assert parsed.spec.method is Method.DPO
    assert parsed.spec.training.learning_rate == 5e-7


def test_json_is_as_good_as_yaml() -> None:
    assert parse(json.dumps(load_manifest(job())[0])) == parse(job())


@pytest.mark.parametrize("text", [f"{SECRET}---{job()}", f"{job()}---\n{SECRET}"])
def test_other_kinds_may_stand_beside(text: str) -> None:
    assert parse(text) == parse(job())


def test_object_from_the_api_server_is_read_again() -> None:
    stored = manifest({"metadata.uid": "0", "metadata.managedFields": [], "status": {"state": "x"}})
    assert from_document(stored).status is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "manifest: it is empty; write a PreferenceJob"),
        ("a: [", "manifest: this is not YAML: line 1, column 5"),
        (job() + "kind: X", "this is not YAML: line 11, column 1: key kind is set twice"),
        (job("one") + "---" + job("two"), "holds 2 documents of kind PreferenceJob: PreferenceJob "
         "one, PreferenceJob two; give one at a time"),
        (f"{SECRET}---\n{SECRET}---\na", "holds 0 documents of kind PreferenceJob: Secret bucket"),
        (SECRET, 'kind: "Secret" is not one of PreferenceJob'),
        ("text", 'manifest: "text" is not a mapping'),
        ("[1]", "manifest: [1] is not a mapping"),
        ("spec: {}", "apiVersion: missing; write apiVersion: preference.dev/v1alpha1"),
        ("spec: {}", "kind: missing; write kind: PreferenceJob"),
        (job().replace("v1alpha1", "v1"), "did you mean preference.dev/v1alpha1?"),
        (job("With.Dot"), "metadata.name"),
    ],
)  # fmt: skip
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        parse(text)
    assert message in str(refusal.value)


def test_every_fault_has_a_line() -> None:
    text = job().replace("5e-7", "'5e-7'").replace("DPO", "dpo").replace("dataset", "datset")
    with pytest.raises(ManifestError) as refusal:
        parse(text)
    assert str(refusal.value).splitlines() == [
        "spec.dataset: missing; add dataset: The pairs of answers.",
        "spec.datset: unknown field; did you mean dataset?",
        'spec.method: "dpo" is not one of DPO, ORPO; did you mean DPO?',
        'spec.training.learningRate: "5e-7" is not a number; remove the quotes',
    ]
    assert [fault.path for fault in refusal.value.faults] == [
        "spec.dataset",
        "spec.datset",
        "spec.method",
        "spec.training.learningRate",
    ]
