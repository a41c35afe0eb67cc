"""The manifest as YAML, and the findings for people and for programs."""

import json
from collections.abc import Iterator

import yaml

from preference_cli.convert.findings import Conversion, Finding, Kind

_HEADINGS = {
    Kind.TO_FILL: "To look at before applying",
    Kind.UNMAPPED: "Not mapped",
    Kind.CHANGED: "Mapped with a change",
    Kind.MAPPED: "Mapped",
    Kind.IGNORED: "Not needed",
}


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def render(conversion: Conversion) -> str:
    """The manifest as YAML, without comments."""
    manifest = dict(conversion.manifest)
    return yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)


def render_json(conversion: Conversion) -> str:
    """Manifest and findings as one JSON object."""
    findings = [
        {
            "kind": found.kind.value,
            "source": found.source,
            "target": found.target,
            "note": found.note,
        }
        for found in conversion.findings
    ]
    whole = {"manifest": conversion.manifest, "findings": findings}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def render_report(conversion: Conversion) -> str:
    """The findings by kind, what needs a person first."""
    return "\n".join(_lines(conversion)) + "\n"


def _lines(conversion: Conversion) -> Iterator[str]:
    for kind, heading in _HEADINGS.items():
        found = [finding for finding in conversion.findings if finding.kind is kind]
        if found:
            yield f"{heading} ({len(found)}):"
            yield from (f"  {_line(finding)}" for finding in found)


def _line(finding: Finding) -> str:
    arrow = " -> " if finding.source and finding.target else ""
    note = f": {finding.note}" if finding.note else ""
    return f"{finding.source}{arrow}{finding.target}{note}"
