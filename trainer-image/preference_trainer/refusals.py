"""What a check refuses although every part of the spec is valid by itself."""

from preference_api.schema_faults import nearest
from preference_api.v1alpha1 import PreferenceJobSpec
from preference_api.v1alpha1.model import LoRA
from preference_api.v1alpha1.placement import Resources
from preference_trainer.dataset.lengths import TokenCounts
from preference_trainer.errors import ConfigurationError
from preference_trainer.model.shape import ALL_LINEAR, ModelShape, is_target
from preference_trainer.model.tokenizer import Tokenizer

_HEAD = "lm_head"
_TARGETS = "spec.model.lora.targetModules"


def require_one_device(resources: Resources) -> None:
    """Refuse more than one device.

    Raises:
        ConfigurationError: There are several GPUs or nodes.
    """
    asked = {"spec.resources.gpus": resources.gpus, "spec.resources.nodes": resources.nodes}
    several = [field for field, count in asked.items() if count > 1]
    if several:
        counts = " and ".join(f"{field} is {asked[field]}" for field in several)
        raise ConfigurationError(
            f"{counts}: this version trains on one device",
            remedy=f"Set {' and '.join(several)} to 1.",
            reason="Unsupported",
        )


def require_targets(lora: LoRA | None, shape: ModelShape) -> None:
    """Refuse adapters on modules that the model does not have, or that would never be trained.

    TRL 1.16 multiplies hidden states by `lm_head.weight` itself (`trl.trainer.utils`,
    `add_fused_lm_head`), so that an adapter on the output head gets no gradient.

    Args:
        lora: The adapters; None where every weight is trained.
        shape: Sizes of the model.

    Raises:
        ConfigurationError: There are such modules.
    """
    if lora is None or lora.target_modules == [ALL_LINEAR]:
        return
    for index, target in enumerate(lora.target_modules):
        _require_target(target, shape, field=f"{_TARGETS}[{index}]")


def _require_target(target: str, shape: ModelShape, *, field: str) -> None:
    if target == ALL_LINEAR:
        raise ConfigurationError(
            f"{field}: {ALL_LINEAR} stands beside other names",
            remedy=f"Name {ALL_LINEAR} alone, or the modules one by one.",
        )
    last = target.rpartition(".")[2]
    if last == _HEAD:
        raise ConfigurationError(
            f"{field}: an adapter on {_HEAD} would never be trained, because the losses read the "
            "weights of the output head themselves",
            remedy=f"Remove {target} from {_TARGETS}.",
            reason="Unsupported",
        )
    if not any(is_target(module, [target]) for module in shape.linear_widths):
        names = sorted({module.rpartition(".")[2] for module in shape.linear_widths})
        guess = nearest(last, names)
        raise ConfigurationError(
            f"{field}: {target} names no linear layer of the model, which has {', '.join(names)}",
            remedy=f"Did you mean {guess}?" if guess else f"Name some of these, or {ALL_LINEAR}.",
            reason="UnknownModule",
        )


def require_same_vocabulary(
    reference: Tokenizer, trained: Tokenizer, *, field: str, uri: str
) -> None:
    """Refuse a reference model that takes a token of the trained model for another one.

    Tokens that only the reference knows do no harm: the trained model's tokenizer gives all ids.

    Args:
        reference: Tokenizer of the reference model.
        trained: Tokenizer of the model that is trained.
        field: Field of the spec that names the reference model.
        uri: Where that lies.

    Raises:
        ConfigurationError: A token has another id there, or none.
    """
    ids, wanted = reference.get_vocab(), trained.get_vocab()
    differing = sorted((own, word) for word, own in wanted.items() if ids.get(word) != own)
    if differing:
        first, token = differing[0]
        raise ConfigurationError(
            f"{field}: the tokenizer of {uri} is not that of spec.model.uri: {len(differing)} of "
            f"{len(wanted)} tokens differ, the first is {token!r} with id {first} here and "
            f"{ids.get(token, 'none')} there",
            remedy="Use a reference model with the tokenizer of the model that is trained.",
            reason="TokenizerMismatch",
        )


def require_room(
    shape: ModelShape, tokens: TokenCounts, spec: PreferenceJobSpec, *, field: str
) -> None:
    """Refuse sequences that a model has no positions for, and tokens that it has no words for.

    Args:
        shape: Sizes of the model.
        tokens: What the tokenizer made of the dataset.
        spec: The spec.
        field: Field of the spec that names the model.

    Raises:
        ConfigurationError: There are some.
    """
    if shape.positions is not None and tokens.longest_kept > shape.positions:
        raise ConfigurationError(
            f"spec.dataset.maxLength is {spec.dataset.max_length}, a sequence has "
            f"{tokens.longest_kept} tokens, and the model of {field} knows {shape.positions} "
            "positions",
            remedy=f"Set spec.dataset.maxLength to {shape.positions} or less.",
            reason="TooManyPositions",
        )
    if tokens.largest_token >= shape.vocabulary:
        raise ConfigurationError(
            f"{field}: the tokenizer gives token {tokens.largest_token}, and the model's "
            f"embedding has {shape.vocabulary} rows",
            remedy="Use the tokenizer that the model was trained with.",
            reason="TokenizerMismatch",
        )
