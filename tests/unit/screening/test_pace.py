"""What a look is worth that is kept for later in the day."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.screening.pace import LEAST, MOST, Pace, read

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


def remembered(days: int, each: dict[int, float]) -> Pace:
    """``each`` day, at these hours, an order at which looking would have saved so much, and ten at which nothing."""
    known = Pace()
    for day in range(days):
        for hour, saved in sorted(each.items()):
            known = known.after(MIDNIGHT + timedelta(days=day, hours=hour), saved)
        for minute in range(10):
            known = known.after(MIDNIGHT + timedelta(days=day, hours=23, minutes=minute), 0.0)
    return known


def test_the_last_look_is_kept_for_what_the_evening_usually_brings() -> None:
    known = remembered(30, {9: 5.0, 20: 100.0})
    morning, evening = MIDNIGHT + timedelta(days=30, hours=8), MIDNIGHT + timedelta(days=30, hours=21)
    chance = 1 - np.exp(-1)  # that at least one order of 100 comes, where one a day does
    assert known.bar(morning, 1) == pytest.approx(100 * chance, rel=0.1)
    assert known.bar(evening, 1) == 0.0, "nothing more is to come today"
    assert known.bar(morning, 20) < 0.01, "there is room for all that usually comes"


def test_each_look_less_makes_the_next_one_dearer() -> None:
    known = remembered(20, {hour: float(hour) for hour in range(6, 20)})
    at = MIDNIGHT + timedelta(days=20, hours=7)
    bars = [known.bar(at, left) for left in range(1, 15)]
    assert all(fewer > more for fewer, more in pairwise(bars))
    assert bars[0] < 19, "no more than the best of them would save"


def test_the_bar_is_the_kth_largest_of_what_is_to_come() -> None:
    known = remembered(40, {hour: float(hour * 3) for hour in range(8, 16)})
    at = MIDNIGHT + timedelta(days=40, hours=10, minutes=30)
    rng = np.random.default_rng(1)
    gains = [np.sort(np.repeat(np.arange(11, 16) * 3.0, rng.poisson(1, 5)))[::-1] for _ in range(20_000)]
    for left in (1, 2, 4):
        drawn = np.mean([one[left - 1] if len(one) >= left else 0.0 for one in gains])
        # the memory holds 200 orders, so the days it spans are known to within one in twenty-five
        assert known.bar(at, left) == pytest.approx(float(drawn), rel=0.06)


def test_a_burst_leaves_looks_for_what_is_dear() -> None:
    known = remembered(30, {10: 60.0, 18: 80.0})
    at, left, taken = MIDNIGHT + timedelta(days=30, hours=9), 20, 0
    for second in range(40):
        now = at + timedelta(seconds=20 * second)
        if left and known.bar(now, left) <= 16.0:
            left, taken = left - 1, taken + 1
        known = known.after(now, 16.0)
    assert taken >= 15
    assert left >= 2


def test_too_little_is_known_at_first() -> None:
    known = remembered(LEAST - 1, {20: 100.0})
    assert known.bar(MIDNIGHT + timedelta(days=LEAST), 1) == 0.0
    assert remembered(LEAST, {20: 100.0}).bar(MIDNIGHT + timedelta(days=LEAST), 1) > 0


@given(saved=st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=MOST + 50), left=st.integers(0, 30))
def test_it_is_written_read_and_never_endless(saved: list[float], left: int) -> None:
    known = Pace()
    for hour, one in enumerate(saved):
        known = known.after(MIDNIGHT + timedelta(hours=hour), one)
    assert read(known.write()) == known
    assert len(known.at) == len(known.saved) <= MOST
    bar = known.bar(MIDNIGHT + timedelta(hours=len(saved)), left)
    assert 0.0 <= bar <= max(known.saved, default=0.0) + 1e-6
    assert known.since <= min(known.at, default=known.until)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"since": 1, "until": 2, "at": [1], "saved": []}', "no json"])
def test_what_cannot_be_read_is_a_shop_nothing_is_known_of(text: str) -> None:
    assert read(text) == Pace()
