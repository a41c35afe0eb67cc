"""How what is missing gets installed, for every error that says so."""


def from_checkout(extra: str) -> str:
    """The command for one of the project's extras, and where it is given."""
    return f"pip install -c constraints.txt '.[{extra}]' in a checkout of preference-operator"
