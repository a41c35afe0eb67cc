import pytest

from preference_api.identity import spec_hash
from preference_api.v1alpha1.status import Resolved
from preference_trainer.publish.lineage import lineage_rows
from report_builders import report_inputs


def test_identity_origin_and_cost():
    inputs = report_inputs()
    rows = dict(lineage_rows(inputs, private=True))
    assert rows == {
        "Run": "3fa9c1d27b604e85",
        "PreferenceJob": "team/tiny-dpo",
        "Repository": "team/models",
        "Commit": "5e1f00d",
        "Hash of the manifest's spec": spec_hash(inputs.document.spec),
        "Attempts": "1, never interrupted",
        "Training time": "2 min 5 s",
        "Throughput": "4.25 pairs a second",
    }
    own = {"PreferenceJob", "Repository"}
    assert dict(lineage_rows(inputs, private=False)) == {
        name: value for name, value in rows.items() if name not in own
    }


@pytest.mark.parametrize(
    ("attempts", "text"), [(2, "2, resumed once"), (1001, "1,001, resumed 1,000 times")]
)
def test_interruptions_are_told(attempts, text):
    assert dict(lineage_rows(report_inputs(attempts=attempts), private=True))["Attempts"] == text


def test_other_digests_are_told():
    resolved = Resolved(
        run_id="r", dataset_digest="d", model_digest="m", reference_digest="x", sft_digest="y"
    )
    rows = dict(
        lineage_rows(report_inputs(resolved=resolved, spec={"image": "trainer:1"}), private=True)
    )
    assert rows["Reference model digest"] == "x"
    assert rows["Demonstrations digest"] == "y"
    assert rows["Trainer image"] == "trainer:1"
