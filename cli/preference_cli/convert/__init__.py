"""Training commands and recipes of TRL and the alignment-handbook as PreferenceJobs."""

from preference_cli.convert.conversion import convert
from preference_cli.convert.findings import Conversion, Finding, Kind
from preference_cli.convert.report import render

__all__ = ["Conversion", "Finding", "Kind", "convert", "render"]
