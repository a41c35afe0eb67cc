import math
from typing import Any

import pytest

from conversions import converted, field, findings, kinds
from preference_cli.convert import Kind
from preference_cli.errors import CommandError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PEFT = {"use_peft": True}
QLORA = {**PEFT, "load_in_4bit": True}


@pytest.mark.parametrize(
    ("settings", "path", "value"),
    [
        ({}, "model.uri", "hf://org/model@main"),
        ({"model_revision": COMMIT}, "model.uri", f"hf://org/model@{COMMIT}"),
        ({"model_name_or_path": "s3://b-1/base"}, "model.uri", "s3://b-1/base"),
        ({"model_name_or_path": "pvc://claim/base"}, "model.uri", "pvc://claim/base"),
        ({"model_name_or_path": "gpt2"}, "model.uri", "hf://OWNER/gpt2@main"),
        ({"model_name_or_path": "/mnt/base"}, "model.uri", "s3://your-bucket/models/base"),
        ({"model_name_or_path": "data/sft"}, "model.uri", "s3://your-bucket/models/sft"),
        ({"model_name_or_path": "gs://bucket/base"}, "model.uri", "s3://your-bucket/models/base"),
        ({"model_name_or_path": "~/a b"}, "model.uri", "s3://your-bucket/models/a-b"),
        ({}, "model.dtype", None),
        ({"dtype": "bfloat16"}, "model.dtype", "BFloat16"),
        ({"torch_dtype": "float16"}, "model.dtype", "Float16"),
        ({"torch_dtype": None, "bf16": True}, "model.dtype", None),
        ({"bf16": False}, "model.dtype", "Float32"),
        ({"fp16": True}, "model.dtype", None),
        ({"dtype": "auto"}, "model.dtype", None),
        ({**PEFT, "fp16": True}, "model.dtype", "Float16"),
        ({**PEFT, "bf16": False}, "model.dtype", "Float32"),
        ({"chat_template": "{{ messages }}"}, "model.chatTemplate", "{{ messages }}"),
        ({}, "model.lora", None),
        ({"lora_r": 8}, "model.lora", None),
        (PEFT, "model.lora", {"dropout": 0.05, "targetModules": ["q_proj", "v_proj"]}),
        ({**PEFT, "lora_r": 128}, "model.lora.rank", 128),
        ({**PEFT, "lora_alpha": 16}, "model.lora.alpha", 16.0),
        ({**PEFT, "lora_dropout": 0}, "model.lora.dropout", None),
        ({**PEFT, "lora_target_modules": "all-linear"}, "model.lora.targetModules", None),
        ({**PEFT, "lora_target_modules": ["o_proj"]}, "model.lora.targetModules", ["o_proj"]),
        ({**PEFT, "lora_target_modules": r".*\.q"}, "model.lora.targetModules", None),
        (QLORA, "model.quantization", "NF4"),
        ({**QLORA, "bnb_4bit_quant_type": "fp4"}, "model.quantization", "NF4"),
        ({"load_in_4bit": True}, "model.quantization", None),
        ({**PEFT, "load_in_8bit": True}, "model.quantization", None),
    ],
)
def test_field(settings: dict[str, Any], path: str, value: Any) -> None:
    assert field(converted(settings), path) == value


def test_lora_with_every_default_of_the_kind_is_still_lora() -> None:
    settings = {**PEFT, "lora_dropout": 0, "lora_target_modules": "all-linear"}
    assert field(converted(settings), "model.lora") == {}


def test_rank_stabilised_scale_is_kept() -> None:
    conversion = converted({**PEFT, "lora_r": 64, "lora_alpha": 16, "use_rslora": True})
    assert field(conversion, "model.lora.alpha") / 64 == pytest.approx(16 / math.sqrt(64))
    assert kinds(conversion, "use_rslora") == {Kind.CHANGED}


@pytest.mark.parametrize(
    ("settings", "setting", "kind", "says"),
    [
        ({}, "model_name_or_path", Kind.TO_FILL, "pin a revision: @main moves"),
        ({"model_name_or_path": "gpt2"}, "model_name_or_path", Kind.TO_FILL, "has no owner"),
        ({"model_name_or_path": "./m"}, "model_name_or_path", Kind.TO_FILL, "upload it"),
        ({"model_name_or_path": "o/m-qlora"}, "model_name_or_path", Kind.TO_FILL, "merge it"),
        ({"fp16": True}, "fp16", Kind.UNMAPPED, "float16 are not offered"),
        ({"dtype": "auto"}, "dtype", Kind.CHANGED, "set BFloat16"),
        ({**PEFT, "dtype": "float32"}, "dtype", Kind.CHANGED, "half the memory"),
        (PEFT, "dtype", Kind.CHANGED, "half the memory"),
        (PEFT, "lora_target_modules", Kind.TO_FILL, "PEFT chooses by architecture"),
        ({"lora_r": 8}, "lora_r", Kind.IGNORED, "use_peft is off"),
        ({**PEFT, "lora_target_modules": "a|b"}, "lora_target_modules", Kind.UNMAPPED, "patterns"),
        ({**PEFT, "load_in_8bit": True}, "load_in_8bit", Kind.UNMAPPED, "NF4"),
        ({"load_in_4bit": True}, "load_in_4bit", Kind.UNMAPPED, "needs use_peft"),
        ({**QLORA, "bnb_4bit_quant_type": "fp4"}, "bnb_4bit_quant_type", Kind.CHANGED, "NF4"),
        ({"load_in_4bit": False}, "load_in_4bit", Kind.IGNORED, "not quantised"),
        ({"use_dora": True}, "use_dora", Kind.UNMAPPED, "DoRA"),
        ({"trust_remote_code": True}, "trust_remote_code", Kind.UNMAPPED, "never runs"),
        ({"trust_remote_code": False}, "trust_remote_code", Kind.IGNORED, "changes nothing"),
        ({"chat_template": "chatml"}, "chat_template", Kind.UNMAPPED, "copy its text"),
        ({"tokenizer": "org/other"}, "tokenizer", Kind.UNMAPPED, "is called processing_class"),
        ({"attn_implementation": "sdpa"}, "attn_implementation", Kind.IGNORED, "computed"),
    ],
)
def test_finding(settings: dict[str, Any], setting: str, kind: Kind, says: str) -> None:
    found = findings(converted(settings), setting)
    assert any(finding.kind is kind and says in finding.note for finding in found), found


@pytest.mark.parametrize(
    ("settings", "quiet"),
    [({"model_revision": COMMIT}, "pin"), ({"model_name_or_path": "s3://b-1/m"}, "pin")],
)
def test_what_does_not_move_needs_no_look(settings: dict[str, Any], quiet: str) -> None:
    found = findings(converted(settings), "model_name_or_path")
    assert all(quiet not in finding.note for finding in found)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"model_name_or_path": None}, "names no model"),
        ({"dtype": "int8"}, "there is no int8"),
        ({**QLORA, "use_cpu": True}, "quantization needs a CUDA device"),
    ],
)
def test_model_that_cannot_be_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        converted(settings)
