"""What every part of the kind shares: the model base and the bounds of common strings."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

URI_PATTERN = (
    r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?"
    r"|hf://[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][^\s?#]*"
    r"|pvc://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(/[^\s?#]*)?)$"
)
LABEL_KEY_PATTERN = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"


class ApiModel(BaseModel):
    """A frozen value of the API: camelCase on the wire, unknown fields refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        ser_json_inf_nan="constants",
    )


# The pattern binds in the CRD only. A local run (`preference run`) may also name files of this
# machine, which no cluster could reach; the storage layer refuses them everywhere else.
Uri = Annotated[
    str, Field(min_length=1, max_length=1024, json_schema_extra={"pattern": URI_PATTERN})
]
# What lies below it has to fit into the fields of the status, which hold 1,024 characters.
OutputUri = Annotated[
    str, Field(min_length=1, max_length=900, json_schema_extra={"pattern": URI_PATTERN})
]
Name = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
Column = Annotated[str, Field(min_length=1, max_length=128)]
LabelKey = Annotated[str, Field(max_length=317, pattern=LABEL_KEY_PATTERN)]
LabelValue = Annotated[
    str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")
]
Quantity = Annotated[
    str, Field(max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$")
]


def cel(rule: str, message: str) -> Any:
    """One CEL rule of the CRD (`x-kubernetes-validations`)."""
    return {"rule": rule, "message": message}


def cel_rules(*rules: Any) -> ConfigDict:
    """The model configuration that attaches CEL rules to an object of the CRD."""
    return ConfigDict(json_schema_extra={"x-kubernetes-validations": list(rules)})
