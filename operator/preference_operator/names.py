"""Names of Events: decided by what they tell, so that posting one twice posts one."""

import hashlib


def event_name(job_name: str, *facts: object) -> str:
    """Name of an Event, the same for the same facts."""
    text = "\n".join(str(fact) for fact in facts)
    return f"{job_name}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"
