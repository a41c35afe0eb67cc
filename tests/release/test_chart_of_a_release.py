"""A release's chart names its images by digest, and is otherwise the chart."""

import pin_chart
import pytest
import yaml

import helm_chart

OPERATOR = f"registry.example/o/operator@sha256:{'1' * 64}"
TRAINER = f"registry.example/o/trainer@sha256:{'2' * 64}"
VALUES = """# About the image.
image:
  # Where.
  repository: here
  digest: ""  # none yet
other: {image: {repository: there}}
"""


def test_only_the_image_changes() -> None:
    assert pin_chart.pinned(VALUES, {"image": OPERATOR}) == VALUES.replace(
        "repository: here", 'repository: "registry.example/o/operator"'
    ).replace('digest: ""', f'digest: "sha256:{"1" * 64}"')


def test_the_chart_deploys_the_images_of_the_release() -> None:
    images = {"image": OPERATOR, "trainer.image": TRAINER}
    text = pin_chart.pinned(pin_chart.VALUES.read_text(), images)
    (deployment,) = (
        document
        for document in helm_chart.documents(yaml.safe_load(text))
        if document["kind"] == "Deployment"
    )
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    environment = {entry["name"]: entry.get("value") for entry in container["env"]}
    name, _, digest = container["image"].partition("@")
    assert (name.rpartition(":")[0], digest) == tuple(OPERATOR.split("@"))
    assert environment["PREFERENCE_OPERATOR_TRAINER_IMAGE"].endswith(TRAINER.split("@")[1])


REFUSED = {
    "no digest": ({"image": "registry.example/operator:1.0"}, ValueError, "image.*DIGEST"),
    "short digest": ({"image": "registry.example/operator@sha256:12"}, ValueError, "DIGEST"),
    "no such image": ({"nobody.image": OPERATOR}, KeyError, "nobody.image.repository"),
    "no digest to set": ({"other.image": OPERATOR}, KeyError, "other.image.digest"),
    "no image": ({"other": OPERATOR}, KeyError, "other.repository"),
}


@pytest.mark.parametrize(("images", "error", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_named_is_refused(
    images: dict[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        pin_chart.pinned(VALUES, images)
