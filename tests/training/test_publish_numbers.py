import pytest

from preference_trainer.evaluation import Estimate
from preference_trainer.publish import numbers

SPREAD = Estimate(value=0.107, lower=-0.032, upper=0.181)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (numbers.percent(0.631), "63.1\u00a0%"),
        (numbers.percent(1.0), "100.0\u00a0%"),
        (
            numbers.percent_interval(Estimate(value=0.5, lower=0.4, upper=0.6)),
            "40.0 to 60.0\u00a0%",
        ),
        (numbers.points(0.107), "+10.7"),
        (numbers.points(-0.107), "−10.7"),
        (numbers.points(-0.0001), "0.0"),
        (numbers.points_interval(SPREAD), "−3.2 to +18.1"),
        (numbers.signed(1234.5, 2), "+1,234.50"),
        (numbers.signed_interval(SPREAD, 2), "−0.03 to +0.18"),
        (numbers.signed_interval(Estimate(value=2, lower=2, upper=2), 2), "no spread"),
        (numbers.count(1234), "1,234"),
        (numbers.counted(1, "pair"), "1 pair"),
        (numbers.counted(0, "pair"), "0 pairs"),
        (numbers.counted(1200, "pair"), "1,200 pairs"),
        (numbers.p_value(0.0312), "p = 0.031"),
        (numbers.p_value(1e-9), "p < 0.001"),
        (numbers.plain(5e-6), "5e-6"),
        (numbers.plain(0.1), "0.1"),
        (numbers.plain(32.0), "32"),
        (numbers.plain(100000), "100000"),
        (numbers.duration(12.4), "12 s"),
        (numbers.duration(125), "2 min 5 s"),
        (numbers.duration(8053), "2 h 14 min"),
    ],
)
def test_what_a_reader_sees(written, text):
    assert written == text
