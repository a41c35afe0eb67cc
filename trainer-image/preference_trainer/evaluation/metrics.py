"""The figures of an evaluation, as they are stored."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from preference_api.v1alpha1 import status
from preference_api.v1alpha1.base import ApiModel
from preference_trainer.evaluation.statistics import Comparison, Estimate

_DIGITS = 4


class BeforeAndAfter(ApiModel):
    """One figure of the trained model and of the model before training."""

    policy: Estimate = Field(description="The trained model.")
    base: Estimate = Field(description="The model before training.")


class Margin(ApiModel):
    """Implicit reward of the chosen answer less that of the rejected, in nats, not times beta."""

    mean: Estimate = Field(description="Mean.")
    median: float = Field(description="Median.")
    p10: float = Field(description="A tenth of the pairs lies below.")
    per_token: Estimate = Field(description="Mean, each answer's reward divided by its tokens.")


class Drift(ApiModel):
    """Log-probability of the trained model less that of the base model, in nats a token."""

    chosen: Estimate = Field(description="Mean over the chosen answers.")
    rejected: Estimate = Field(description="Mean over the rejected answers.")


class LengthRule(StrEnum):
    """A rule that looks at nothing but the number of tokens."""

    LONGER = "Longer"
    SHORTER = "Shorter"


class LengthBaseline(ApiModel):
    """The better of the two length rules, and whether the model beats it."""

    rule: LengthRule = Field(description="Which answer the rule prefers.")
    accuracy: Estimate = Field(description="Accuracy of the rule; equal lengths are ties.")
    comparison: Comparison = Field(description="The model, by the implicit reward, less the rule.")


class StratumName(StrEnum):
    """A part of the pairs by tokens of chosen less tokens of rejected: terciles, and negatives."""

    LOWEST = "Lowest"
    MIDDLE = "Middle"
    HIGHEST = "Highest"
    CHOSEN_SHORTER = "ChosenShorter"


class Stratum(ApiModel):
    """Accuracy by the implicit reward on a part of the pairs."""

    name: StratumName = Field(description="Which part.")
    pairs: int = Field(ge=1, description="Pairs in it.")
    least: int = Field(description="Least tokens of chosen less tokens of rejected.")
    most: int = Field(description="Most tokens of chosen less tokens of rejected.")
    accuracy: Estimate = Field(description="Accuracy.")


class SampleStatistics(ApiModel):
    """What the generated answers look like."""

    count: int = Field(ge=1, description="Answers.")
    mean_tokens: float = Field(ge=0, description="Mean tokens of an answer.")
    ended: float = Field(ge=0, le=1, description="Share that ended before the token limit.")
    distinct2: float = Field(
        ge=0, le=1, description="Distinct pairs of neighbouring words over all of them."
    )


class EvaluationMetrics(ApiModel):
    """Every figure of an evaluation; `docs/evaluation.md` says what each means."""

    schema_version: Literal[1] = Field(1, description="Version of this form.")
    confidence: float = Field(description="Confidence of every interval, two-sided.")
    seed: int = Field(description="Seed of the bootstrap.")
    pairs: int = Field(ge=1, description="Held-out pairs.")
    prompts: int = Field(ge=1, description="Different prompts among them.")
    ties: int = Field(ge=0, description="Pairs with equal implicit rewards, counted one half.")
    accuracy: Estimate = Field(description="By the implicit reward.")
    by_average: BeforeAndAfter = Field(description="Accuracy by average log-probability.")
    by_sum: BeforeAndAfter = Field(description="Accuracy by summed log-probability.")
    gain: Comparison = Field(description="Policy less base, by average log-probability.")
    margin: Margin = Field(description="Implicit reward margins.")
    drift: Drift = Field(description="How much likelier the answers have become.")
    brier: Estimate | None = Field(None, description="Brier score of sigmoid(beta times margin).")
    length_baseline: LengthBaseline = Field(description="What length alone would reach.")
    strata: tuple[Stratum, ...] = Field(description="Accuracy by difference in length.")
    samples: SampleStatistics | None = Field(None, description="Of the generated answers.")

    def summary(self) -> status.Metrics:
        """The three figures of a PreferenceJob's status, as exact as people read them."""
        return status.Metrics(
            accuracy=round(self.accuracy.value, _DIGITS),
            margin=round(self.margin.mean.value, _DIGITS),
            gain=round(self.gain.difference.value, _DIGITS),
        )
