import pytest

from preference_api.schema_faults import nearest


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("bta", "beta"),
        ("label_smoothing", "labelSmoothing"),
        ("LABEL-SMOOTHING", "labelSmoothing"),
        ("labelSmooting", "labelSmoothing"),
        ("zzz", None),
    ],
)
def test_nearest(word: str, meant: str | None) -> None:
    assert nearest(word, ["beta", "loss", "labelSmoothing"]) == meant
