"""Where the chart lies."""

from pathlib import Path

CHART = Path(__file__).parent / "preference-operator"
