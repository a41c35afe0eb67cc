"""Two trained models, compared on the held-out pairs that both were evaluated on."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from preference_api.v1alpha1.base import ApiModel
from preference_trainer.errors import DataError
from preference_trainer.evaluation.arrays import arrays_of
from preference_trainer.evaluation.examples import Example
from preference_trainer.evaluation.statistics import Comparison, compare


class RunComparison(ApiModel):
    """The first model less the second, on the pairs that both were evaluated on."""

    shared: int = Field(ge=1, description="Pairs that both were evaluated on.")
    first_only: int = Field(ge=0, description="Pairs that only the first was evaluated on.")
    second_only: int = Field(ge=0, description="Pairs that only the second was evaluated on.")
    by_reward: Comparison = Field(
        description="By the implicit reward, of both against the first one's base model."
    )
    by_average: Comparison = Field(description="By average log-probability, without any base.")


def compare_runs(
    first: Sequence[Example], second: Sequence[Example], *, confidence: float, seed: int
) -> RunComparison:
    """Compare two evaluations pair by pair.

    Both implicit rewards take the first one's base model, so that two models that started from
    different bases are measured with the same yardstick.

    Raises:
        DataError: They share no pair, or one has none.
        Diverged: A log-probability is not finite.
    """
    mine, theirs = _by_key(first), _by_key(second)
    shared = [key for key in mine if key in theirs]
    if not shared:
        raise DataError(
            "the two runs were evaluated on different pairs, so they cannot be compared",
            remedy="Evaluate both on the same held-out pairs: spec.dataset.evaluation.uri.",
            reason="NoSharedPairs",
        )
    ours = arrays_of([mine[key] for key in shared])
    rivals = arrays_of([theirs[key] for key in shared])
    against_our_base = replace(rivals, base=ours.base).by_reward
    return RunComparison(
        shared=len(shared),
        first_only=len(mine) - len(shared),
        second_only=len(theirs) - len(shared),
        by_reward=compare(
            ours.by_reward, against_our_base, ours.groups, confidence=confidence, seed=seed
        ),
        by_average=compare(
            ours.by_average[0], rivals.by_average[0], ours.groups, confidence=confidence, seed=seed
        ),
    )


def _by_key(examples: Sequence[Example]) -> dict[str, Example]:
    return {example.key: example for example in examples}
