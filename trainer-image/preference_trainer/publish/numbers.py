"""Numbers as a reader wants them, the same in report and model card."""

from preference_trainer.evaluation.statistics import Estimate

MINUS = "\u2212"


def percent(share: float) -> str:
    """0.631 as 63.1 %."""
    return f"{share * 100:.1f}\u00a0%"


def percent_interval(estimate: Estimate) -> str:
    """Ends of an accuracy's interval."""
    return f"{estimate.lower * 100:.1f} to {percent(estimate.upper)}"


def points(difference: float) -> str:
    """0.107 as +10.7."""
    return signed(difference * 100, 1)


def points_interval(estimate: Estimate) -> str:
    """Ends of the interval of a difference of accuracies."""
    return f"{points(estimate.lower)} to {points(estimate.upper)}"


def signed(value: float, digits: int) -> str:
    """A number with its sign; none where it rounds to zero."""
    rounded = round(value, digits)
    sign = "+" if rounded > 0 else MINUS if rounded < 0 else ""
    return f"{sign}{abs(rounded):,.{digits}f}"


def signed_interval(estimate: Estimate, digits: int) -> str:
    """Ends of the interval of a signed number; values that are all the same give none."""
    if estimate.lower == estimate.upper:
        return "no spread"
    return f"{signed(estimate.lower, digits)} to {signed(estimate.upper, digits)}"


def count(number: int) -> str:
    """1234 as 1,234."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """1234 and pair as 1,234 pairs, 1 and pair as 1 pair."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def p_value(value: float) -> str:
    """A p-value, never shown as 0."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def plain(value: float) -> str:
    """A setting in its shortest form: 5e-06 as 5e-6, 0.1 as 0.1, 32.0 as 32."""
    mantissa, mark, exponent = f"{value:.6g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if mark else mantissa


def duration(seconds: float) -> str:
    """8040 as 2 h 14 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s"
