"""Lists of chat messages, as rows hold them."""

from typing import Any

from preference_trainer.dataset.pairs import Message
from preference_trainer.dataset.read import Row, kind_of
from preference_trainer.errors import DataError

_SYSTEM = ("system", "developer")


def read_messages(row: Row, column: str) -> list[Message]:
    """The messages in a column: role and content first, no keys whose value is null.

    Chat templates take a null for a value.

    Raises:
        DataError: The column holds something else; names the row and the message.
    """
    value = row.values.get(column)
    if not isinstance(value, list) or not value:
        found = "an empty list" if value == [] else kind_of(value)
        raise row.fault(
            f"column {column} is {found} in place of a list of messages",
            remedy='Write messages as [{"role": "user", "content": "..."}].',
        )
    return [_message(item, row, f"{column}[{index}]") for index, item in enumerate(value)]


def with_system(messages: list[Message], system: str | None) -> list[Message]:
    """The messages behind a system message, where there is one to add and none yet."""
    if system is None or messages[0]["role"] in _SYSTEM:
        return messages
    return [{"role": "system", "content": system}, *messages]


def _message(item: Any, row: Row, place: str) -> Message:
    if not isinstance(item, dict):
        raise _no_message(row, f"{place} is {kind_of(item)} in place of a message")
    role, content = item.get("role"), item.get("content")
    if not isinstance(role, str):
        raise _no_message(row, f"{place} has no role; its keys are {', '.join(item)}")
    if isinstance(content, str) or (content is None and item.get("tool_calls")):
        ordered = {"role": role, "content": content, **item}
        return {key: value for key, value in ordered.items() if value is not None}
    raise _no_message(row, f"the content of {place} is {kind_of(content)} in place of text")


def _no_message(row: Row, message: str) -> DataError:
    return row.fault(message, remedy='Write messages as {"role": "user", "content": "..."}.')
