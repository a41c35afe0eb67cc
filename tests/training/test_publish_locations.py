import pytest

from preference_trainer.publish.locations import hub_name, last_part, shown


@pytest.mark.parametrize(
    ("uri", "in_report", "in_card", "on_hub"),
    [
        ("s3://bucket/team/model", "s3://bucket/team/model", "model", None),
        ("s3://bucket/team/model/", "s3://bucket/team/model/", "model", None),
        ("pvc://claim/model", "pvc://claim/model", "model", None),
        ("hf://org/name@0123", "hf://org/name@0123", "org/name", "org/name"),
        ("hf://gpt2", "hf://gpt2", "gpt2", "gpt2"),
        ("hf://datasets/org/set@1/train", "hf://datasets/org/set@1/train", "org/set", "org/set"),
        ("file:///home/me/secret/model", "model", "model", None),
        ("/home/me/secret/model", "model", "model", None),
        ("../secret/model", "model", "model", None),
        (r"C:\Users\me\model", "model", "model", None),
        ("model", "model", "model", None),
    ],
)
def test_what_of_a_location_is_shown(uri, in_report, in_card, on_hub):
    assert (shown(uri), last_part(uri), hub_name(uri)) == (in_report, in_card, on_hub)
