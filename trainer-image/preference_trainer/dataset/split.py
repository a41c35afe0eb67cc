"""Which pairs are held out, and which of the others are trained on."""

import numpy as np

from preference_api.v1alpha1.dataset import Dataset
from preference_trainer.dataset.draws import shuffled, uniform
from preference_trainer.dataset.index import Keys, Mask, Numbers
from preference_trainer.errors import DataError

DEFAULT_FRACTION = 0.1
_HELD_OUT, _LIMITED = 2, 3


def hold_out(prompts: Keys, fraction: float) -> Mask:
    """Rows to hold out: those of about so large a share of the prompts.

    The hash of a prompt alone decides, so that a prompt stays on its side whatever is added to the
    dataset or taken from it. At least one prompt is held out and at least one is not: where the
    share gives none, the prompt that is nearest to the border changes sides.

    Args:
        prompts: Hash of each row's prompt.
        fraction: Share of the prompts.

    Raises:
        DataError: All rows have the same prompt.
    """
    if len(np.unique(prompts)) < 2:
        raise DataError(
            f"the {len(prompts)} usable pairs have one prompt; none can be held out",
            remedy="Add pairs with other prompts, or name held-out pairs in "
            "spec.dataset.evaluation.uri.",
            reason="NoEvaluationPairs",
        )
    draws = uniform(prompts, _HELD_OUT)
    border = min(max(fraction, np.nextafter(draws.min(), 1.0)), draws.max())
    mask: Mask = draws < border
    return mask


def limit(copies: Numbers, pairs: Keys, most: int | None) -> Numbers:
    """How often each pair is taken where at most so many are wanted in all.

    Args:
        copies: How often each pair would be taken.
        pairs: Hashes of the pairs; those with the smallest are taken first.
        most: The limit, None for none.
    """
    if most is None:
        return copies
    order = np.argsort(shuffled(pairs, _LIMITED), kind="stable")
    before = np.cumsum(copies[order]) - copies[order]
    taken = np.zeros_like(copies)
    taken[order] = np.clip(most - before, 0, copies[order])
    return taken


def fraction_of(dataset: Dataset) -> float | None:
    """Share of the prompts to hold out; None where the evaluation has a dataset of its own."""
    if dataset.evaluation.uri is not None:
        return None
    return dataset.evaluation.fraction or DEFAULT_FRACTION
