"""Examples as arrays, and the ways to judge which answer of a pair a model prefers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from preference_trainer.errors import DataError, Diverged
from preference_trainer.evaluation.examples import Example
from preference_trainer.evaluation.statistics import Floats, Groups


@dataclass(frozen=True, slots=True, eq=False)
class PairArrays:
    """Held-out pairs as arrays; the columns of two-column arrays are chosen and rejected.

    Args:
        policy: Shape (n, 2): summed log-probabilities of the trained model, nats.
        base: Shape (n, 2): the same of the model before training.
        tokens: Shape (n, 2): lengths of the answers.
        groups: Shape (n,): number of the prompt.
    """

    policy: Floats
    base: Floats
    tokens: Floats
    groups: Groups

    @property
    def margin(self) -> Floats:
        """Shape (n,): implicit reward of chosen less that of rejected, nats, not times beta.

        The implicit reward is the log-ratio of policy and base: https://arxiv.org/abs/2305.18290,
        equation 5.
        """
        return _gap(self.policy - self.base)

    @property
    def by_reward(self) -> Floats:
        """Shape (n,): judgement of each pair by the implicit reward."""
        return correct(self.margin)

    @property
    def by_average(self) -> tuple[Floats, Floats]:
        """Shape (n,) each: judgements by average log-probability, of policy and of base."""
        policy, base = self.average_gap
        return correct(policy), correct(base)

    @property
    def average_gap(self) -> tuple[Floats, Floats]:
        """Shape (n,) each: average log-probability of chosen less rejected, policy and base."""
        return _gap(self.policy / self.tokens), _gap(self.base / self.tokens)

    @property
    def by_sum(self) -> tuple[Floats, Floats]:
        """Shape (n,) each: judgements by summed log-probability, of policy and of base."""
        return correct(_gap(self.policy)), correct(_gap(self.base))

    @property
    def drift(self) -> Floats:
        """Shape (n, 2): how much likelier each answer has become, nats a token."""
        return (self.policy - self.base) / self.tokens

    @property
    def longer_by(self) -> Floats:
        """Shape (n,): tokens of chosen less tokens of rejected."""
        return _gap(self.tokens)


def arrays_of(examples: Sequence[Example]) -> PairArrays:
    """The examples as arrays, in their order.

    Raises:
        DataError: There is no example.
        Diverged: A log-probability is not finite.
    """
    if not examples:
        raise DataError(
            "no pair is held out, so nothing can be measured",
            remedy="Raise spec.dataset.evaluation.fraction or name held-out pairs by uri.",
        )
    policy = np.array([(e.policy_chosen, e.policy_rejected) for e in examples], dtype=np.float64)
    base = np.array([(e.base_chosen, e.base_rejected) for e in examples], dtype=np.float64)
    _refuse_non_finite(examples, np.concatenate([policy, base], axis=1))
    tokens = np.array([(e.chosen_tokens, e.rejected_tokens) for e in examples], dtype=np.float64)
    groups = np.unique([e.group for e in examples], return_inverse=True)[1].astype(np.int64)
    return PairArrays(policy=policy, base=base, tokens=tokens, groups=groups)


def correct(margins: Floats) -> Floats:
    """Judgement of each pair by the sign of its margin: 1 right, 0 wrong, 0.5 a tie."""
    return (np.sign(margins) + 1) / 2


def _gap(columns: Floats) -> Floats:
    return np.asarray(columns[:, 0] - columns[:, 1], dtype=np.float64)


def _refuse_non_finite(examples: Sequence[Example], values: Floats) -> None:
    faulty = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(faulty):
        first = examples[faulty[0]]
        raise Diverged(
            f"log-probability of row {first.row} of {first.source} is not finite "
            f"({len(faulty)} of {len(examples)} held-out pairs are so)",
            remedy="Lower spec.training.learningRate, or set spec.model.dtype to BFloat16 or "
            "Float32 where it is Float16.",
        )
