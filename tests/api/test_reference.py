import pytest

from preference_api.crd import object_schema
from preference_api.reference import rendered
from preference_api.walk import fields


@pytest.mark.parametrize(
    "text",
    [
        "## spec.dataset.mixture[]\n\nSeveral datasets with weights",
        "| `method` | `DPO`, `ORPO` | required | The preference objective.<br>DPO: ",
        "| `beta` | number (> 0, ≤ 100) | `0.1` | Strength of the pull",
        "| `lossWeights` | list of number (≥ 0) (at least 1 entries, at most 4 entries) |  | ",
        "| `nodeSelector` | map of string (at most 16 entries) |  | Labels that the node has to "
        "carry.<br>keys have to be label keys",
        "| `startTime` | time |  | When it started. |",
        "- lossWeights needs one weight for each entry of loss\n",
    ],
)
def test_text(text: str) -> None:
    assert text in rendered()


def test_every_field_has_a_row() -> None:
    text = rendered()
    specified = [loc for loc, _ in fields(object_schema()) if len(loc) > 1]
    assert [loc for loc in specified if f"| `{loc[-1]}` |" not in text] == []
