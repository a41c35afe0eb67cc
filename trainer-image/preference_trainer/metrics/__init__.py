"""What a trainer process counts about itself, told to Prometheus at `GET /metrics`."""

from preference_trainer.metrics.registry import CONTENT_TYPE, Metrics

__all__ = ["CONTENT_TYPE", "Metrics"]
