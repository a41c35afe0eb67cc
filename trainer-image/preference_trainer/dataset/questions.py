"""What a row asked before the spec's system message and template were put around it.

Conversations get the one and plain texts the other, so that one question in two forms makes two
prompts; what is held out in one form must not be trained on in the other.
"""

import json

from preference_api.v1alpha1.dataset import PromptTemplate
from preference_trainer.dataset.hh_rlhf import looks_like_dialogue
from preference_trainer.dataset.records import Record, compact, prompt_text

_PLACE = "{prompt}"


def question(record: Record, prompt: PromptTemplate) -> str:
    """The prompt as messages, without what the spec adds; `prompt_text` where it adds nothing.

    Args:
        record: A pair or a demonstration.
        prompt: How its prompt was written out.
    """
    if record.conversational:
        return _without_system(record.prompt, prompt.system)
    if prompt.template is None or looks_like_dialogue(record.prompt):
        return prompt_text(record)
    return prompt_text(record._replace(prompt=_unwrapped(record.prompt, prompt.template)))


def _without_system(messages: str, system: str | None) -> str:
    """A row's own system message is part of its question; only the spec's is taken off."""
    if system is None:
        return messages
    first, *others = json.loads(messages)
    return compact(others) if first == {"role": "system", "content": system} else messages


def _unwrapped(text: str, template: str) -> str:
    """What stands in a template's places; the text where it was not made from the template."""
    places = template.count(_PLACE)
    around = len(template) - places * len(_PLACE)
    start = template.index(_PLACE)
    inner = text[start : start + (len(text) - around) // places]
    return inner if template.replace(_PLACE, inner) == text else text
