"""What a finished run shows people: one report page and one model card."""

from preference_trainer.publish.card import model_card
from preference_trainer.publish.inputs import ReportInputs
from preference_trainer.publish.report import render_report

__all__ = ["ReportInputs", "model_card", "render_report"]
