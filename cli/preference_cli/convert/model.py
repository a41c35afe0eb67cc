"""The model: where it lies, its number format, adapters and quantisation."""

import math
import re
from collections.abc import Iterator
from typing import Any

from preference_api.v1alpha1.model import DType, Quantization
from preference_cli.convert import values
from preference_cli.convert.findings import Kind
from preference_cli.convert.locations import model_location
from preference_cli.convert.rows import Outcome, Row, Rule, Unmapped, outcome
from preference_cli.convert.settings import Settings
from preference_cli.errors import CommandError

_PEFT_MODULES = ["q_proj", "v_proj"]
"""PEFT's choice for Llama, Mistral, Mixtral, Qwen and Gemma, where none are named."""
_MODULE = re.compile(r"[A-Za-z0-9_.-]+")
_LORA = ("lora_r", "lora_alpha", "lora_dropout", "lora_target_modules", "use_rslora")
_BITS = ("load_in_4bit", "load_in_8bit", "bnb_4bit_quant_type")
_FORMAT = ("dtype", "bf16", "fp16")


def _where(settings: Settings) -> Iterator[Outcome]:
    names = ("model_name_or_path", "model_revision")
    name = settings.text("model_name_or_path")
    if name is None:
        raise CommandError(
            "the source names no model",
            remedy="add model_name_or_path to it, or give the command line that names it",
        )
    location = model_location(name, settings.text("model_revision") or "main")
    used = tuple(found for found in names if settings.has(found))
    yield outcome(settings, used, target="model.uri", value=location.uri)
    for kind, note in location.remarks:
        yield outcome(settings, used, kind=kind, target="model.uri", note=note)
    if "lora" in name.lower():
        note = "if this holds an adapter only, merge it into its base model first"
        yield outcome(settings, used, kind=Kind.TO_FILL, target="model.uri", note=note)


def _arithmetic(settings: Settings) -> str:
    """The format of products under autocast: as TRL and transformers decide it."""
    if settings.flag("fp16"):
        return "float16"
    named = settings.read("bf16", values.boolean)
    return "bfloat16" if named is None or named else "float32"


def _format(settings: Settings) -> Iterator[Outcome]:
    weights, products = settings.text("dtype") or "float32", _arithmetic(settings)
    table = _DTYPES | (_ADAPTER_DTYPES if settings.flag("use_peft") else {})
    found = table.get((weights, products)) or table.get((weights, ""))
    if found is None:
        raise CommandError(
            f"dtype: there is no {weights}", remedy="use float32, bfloat16 or float16"
        )
    kind, value, note = found
    named = tuple(name for name in _FORMAT if settings.has(name)) or _FORMAT[:2]
    yield outcome(settings, named, kind=kind, target="model.dtype", value=value.value, note=note)


_Choice = tuple[Kind, DType, str]
_DTYPES: dict[tuple[str, str], _Choice] = {
    ("float32", "bfloat16"): (Kind.MAPPED, DType.AUTO, "float32 weights, bfloat16 products"),
    ("float32", "float32"): (Kind.MAPPED, DType.FLOAT32, ""),
    ("float32", "float16"): (
        Kind.UNMAPPED,
        DType.AUTO,
        "products in float16 are not offered: Auto takes bfloat16 where the device has it, else "
        "float32",
    ),
    ("bfloat16", ""): (Kind.MAPPED, DType.BFLOAT16, ""),
    ("float16", ""): (Kind.MAPPED, DType.FLOAT16, ""),
    ("auto", ""): (
        Kind.CHANGED,
        DType.AUTO,
        "TRL takes the format of the model's files, Auto does not look at it: set BFloat16 to "
        "train bfloat16 weights",
    ),
}
_ADAPTER_DTYPES: dict[tuple[str, str], _Choice] = {
    ("float32", "bfloat16"): (
        Kind.CHANGED,
        DType.AUTO,
        "the frozen weights are kept in bfloat16, half the memory; Float32 keeps them as TRL does",
    ),
    ("float32", "float16"): (
        Kind.CHANGED,
        DType.FLOAT16,
        "the frozen weights are kept in float16, half the memory",
    ),
}


def _adapter(settings: Settings) -> Iterator[Outcome]:
    if not settings.flag("use_peft"):
        yield from _unused(settings)
        return
    yield outcome(settings, ("use_peft",), target="model.lora", value={})
    yield outcome(settings, ("lora_r",), target="model.lora.rank", value=settings.integer("lora_r"))
    yield _scale(settings)
    share = settings.number("lora_dropout")
    yield outcome(settings, ("lora_dropout",), target="model.lora.dropout", value=share)
    yield _modules(settings)


def _unused(settings: Settings) -> Iterator[Outcome]:
    note = "use_peft is off: every weight is trained"
    for name in ("use_peft", *_LORA):
        if settings.has(name):
            yield outcome(settings, (name,), kind=Kind.IGNORED, note=note)


def _scale(settings: Settings) -> Outcome:
    """Alpha; that of rank-stabilised LoRA, alpha / sqrt(r), as one of alpha / r.

    https://arxiv.org/abs/2312.03732
    """
    names, target = ("lora_alpha",), "model.lora.alpha"
    alpha, rank = settings.number("lora_alpha"), settings.integer("lora_r")
    if not settings.flag("use_rslora") or alpha is None or rank is None:
        return outcome(settings, names, target=target, value=alpha)
    note = f"rank-stabilised: {alpha:g} x sqrt({rank}) gives the same scale"
    value = alpha * math.sqrt(rank)
    both = (*names, "use_rslora")
    return outcome(settings, both, kind=Kind.CHANGED, target=target, value=value, note=note)


def _modules(settings: Settings) -> Outcome:
    names, target = ("lora_target_modules",), "model.lora.targetModules"
    modules = settings.texts("lora_target_modules")
    if not modules:
        note = (
            "left out: PEFT chooses by architecture, and its choice for Llama, Mistral, Qwen and "
            "Gemma is written; all-linear adapts every linear layer"
        )
        value = _PEFT_MODULES
        return Outcome(Kind.TO_FILL, names, target, note, value)
    if all(_MODULE.fullmatch(module) for module in modules):
        return outcome(settings, names, target=target, value=modules)
    note = "patterns are not offered: name the modules; all-linear is left in their place"
    return outcome(settings, names, kind=Kind.UNMAPPED, target=target, note=note)


def _quantization(settings: Settings) -> Iterator[Outcome]:
    named = tuple(name for name in _BITS if settings.has(name))
    four, eight = settings.flag("load_in_4bit"), settings.flag("load_in_8bit")
    target: dict[str, Any] = {"target": "model.quantization"}
    if eight:
        note = "8 bits are not offered: use quantization NF4, or bfloat16 weights without it"
        yield outcome(settings, named, kind=Kind.UNMAPPED, note=note, **target)
    elif four and not settings.flag("use_peft"):
        note = "quantised weights are frozen: quantisation needs use_peft"
        yield outcome(settings, named, kind=Kind.UNMAPPED, note=note, **target)
    elif four:
        other = settings.text("bnb_4bit_quant_type") != "nf4"
        kind = Kind.CHANGED if other else Kind.MAPPED
        note = "fp4 is not offered: NF4 takes the same memory" if other else ""
        value = Quantization.NF4.value
        yield outcome(settings, named, kind=kind, value=value, note=note, **target)
    elif named:
        yield outcome(settings, named, kind=Kind.IGNORED, note="the weights are not quantised")


def _template(settings: Settings) -> Iterator[Outcome]:
    names, target = ("chat_template",), "model.chatTemplate"
    template = settings.text("chat_template")
    if template is not None and "{" not in template:
        note = f"{template} is the name of a template: copy its text into model.chatTemplate"
        yield outcome(settings, names, kind=Kind.UNMAPPED, target=target, note=note)
    elif template is not None:
        yield outcome(settings, names, target=target, value=template)


_TOKENIZER = "the tokenizer is read beside the model's weights: put it there"

ROWS: tuple[Row, ...] = (
    Rule(("model_name_or_path", "model_revision"), _where),
    Rule(_FORMAT, _format),
    Rule(("chat_template",), _template),
    Rule(("use_peft", *_LORA), _adapter),
    Rule(_BITS, _quantization),
    Unmapped("processing_class", _TOKENIZER),
    Unmapped("chat_template_path", "copy the template's text into model.chatTemplate"),
    Unmapped("trust_remote_code", "code from a model's folder never runs", (False,)),
    Unmapped("lora_modules_to_save", "only adapters are trained beside frozen weights"),
    Unmapped("lora_target_parameters", "name modules in model.lora.targetModules"),
    Unmapped("use_dora", "DoRA is not offered; LoRA is trained", (False,)),
    Unmapped("use_bnb_nested_quant", "scales are not quantised a second time", (False,)),
    Unmapped("base_model_revision", "merge the adapter into its base model first"),
    Unmapped("model_code_revision", "code from a model's folder never runs"),
    Unmapped("model_init_kwargs", "write what it says as settings of their own", ({},)),
    Unmapped("ref_model_init_kwargs", "the reference model is loaded as the model is", ({},)),
    Unmapped("model_adapter_name", "a model has one adapter"),
    Unmapped("ref_adapter_name", "name a reference model in dpo.referenceModel"),
)
