import pytest

from preference_trainer.errors import DataError
from preference_trainer.evaluation import Verdict, compare_runs
from report_builders import example, random_examples

SETTINGS = {"confidence": 0.95, "seed": 0}


def _moved(examples, **deltas):
    """The same pairs as another run saw them."""
    return [
        one.model_copy(update={key: getattr(one, key) + by for key, by in deltas.items()})
        for one in examples
    ]


def test_a_model_against_itself():
    examples = random_examples(40)
    found = compare_runs(examples, examples, **SETTINGS)
    assert (found.shared, found.first_only, found.second_only) == (40, 0, 0)
    assert found.by_reward.difference.value == found.by_average.difference.value == 0.0
    assert found.by_reward.verdict is Verdict.NOT_DISTINGUISHABLE


def test_the_better_model_wins_and_the_order_of_pairs_does_not_matter():
    weak = random_examples(120, shift=0.0)
    strong = _moved(weak, policy_chosen=8.0)
    found = compare_runs(strong, weak[::-1], **SETTINGS)
    assert found.by_reward.verdict is found.by_average.verdict is Verdict.BETTER
    assert compare_runs(weak, strong, **SETTINGS).by_reward.verdict is Verdict.WORSE


def test_only_shared_pairs_count():
    examples = random_examples(30)
    found = compare_runs(examples[:20], examples[5:], **SETTINGS)
    assert (found.shared, found.first_only, found.second_only) == (15, 5, 10)
    assert found.by_reward.pairs == found.by_average.pairs == 15


def test_both_rewards_take_the_first_base_model():
    """The second run's own base would make its reward 0; by the first one's it is right."""
    first = example(policy_chosen=-10.0, base_chosen=-10.0)
    second = example(policy_chosen=-9.0, base_chosen=-9.0)
    found = compare_runs([first], [second], **SETTINGS).by_reward
    assert found.difference.value == 0.5 - 1.0


def test_runs_without_a_shared_pair_are_refused():
    with pytest.raises(DataError, match="evaluated on different pairs") as caught:
        compare_runs([example(1)], [example(2)], **SETTINGS)
    assert caught.value.reason == "NoSharedPairs"
