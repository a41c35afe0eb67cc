import json

import yaml

from conversions import converted, findings
from preference_cli.convert import Conversion, Finding, Kind, render
from preference_cli.convert.report import render_json, render_report

FINDINGS = (
    Finding(Kind.MAPPED, "beta", "dpo.beta", "0.01"),
    Finding(Kind.IGNORED, "output_dir", "", "not needed"),
    Finding(Kind.TO_FILL, "", "output.uri", "a placeholder"),
    Finding(Kind.MAPPED, "use_peft", "model.lora", ""),
)


def test_what_needs_a_person_comes_first() -> None:
    assert render_report(Conversion({}, FINDINGS)) == (
        "To look at before applying (1):\n"
        "  output.uri: a placeholder\n"
        "Mapped (2):\n"
        "  beta -> dpo.beta: 0.01\n"
        "  use_peft -> model.lora\n"
        "Not needed (1):\n"
        "  output_dir: not needed\n"
    )


def test_json_holds_manifest_and_findings() -> None:
    found = json.loads(render_json(Conversion({"kind": "PreferenceJob"}, FINDINGS[:1])))
    assert found == {
        "manifest": {"kind": "PreferenceJob"},
        "findings": [
            {"kind": "Mapped", "source": "beta", "target": "dpo.beta", "note": "0.01"},
        ],
    }


def test_template_of_several_lines_is_a_block() -> None:
    template = "{% for m in messages %}\n  {{ m.content }}\n{% endfor %}"
    text = render(converted({"chat_template": template}))
    assert "chatTemplate: |-\n" in text
    assert yaml.safe_load(text)["spec"]["model"]["chatTemplate"] == template


def test_default_that_both_have_is_not_worth_a_line() -> None:
    assert findings(converted(), "weight_decay") == []
    assert findings(converted({"weight_decay": 0.0}), "weight_decay") != []


def test_long_values_are_shortened_in_notes() -> None:
    conversion = converted({"chat_template": "{{ x }}\n" * 100})
    (found,) = (found for found in conversion.findings if found.source == "chat_template")
    assert found.note.endswith("…")
    assert len(found.note) == 160
    assert "\n" not in found.note
