"""Paces and buckets: slower when a store asks, faster when it goes well, never stuck."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Gone, RateLimited
from integrations.pace import LONGEST_GAP_S, Paces
from integrations.shopify.cost import MOST_WAIT_S, Bucket, throttled_for_s


@dataclass
class Time:
    """A clock that only moves when somebody sleeps."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_store_that_never_complains_is_never_waited_for() -> None:
    time = Time()
    paces = Paces(clock=time, sleep=time.sleep)
    for _ in range(10):
        paces.wait("a")
        paces.learn("a", None)
    assert time.slept == []


def test_each_complaint_doubles_the_gap_for_that_shop_alone() -> None:
    time = Time()
    paces = Paces(clock=time, sleep=time.sleep)
    gaps = []
    for _ in range(8):
        paces.learn("a", RateLimited())
        gaps.append(paces.gap_s("a"))
    assert gaps == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    paces.wait("b")
    assert time.slept == []
    paces.wait("a")
    assert time.slept == [LONGEST_GAP_S]


def test_speed_is_regained_and_the_memory_freed() -> None:
    time = Time()
    paces = Paces(clock=time, sleep=time.sleep)
    paces.learn("a", RateLimited())
    paces.learn("a", Gone())
    assert paces.gap_s("a") == 0.2
    for _ in range(40):
        paces.learn("a", None)
    assert paces.gap_s("a") == 0.0


def test_callers_of_one_shop_get_turns() -> None:
    frozen = Time()
    waits: list[float] = []
    paces = Paces(clock=frozen, sleep=waits.append)
    paces.learn("a", RateLimited())
    for _ in range(3):
        paces.wait("a")
    assert waits == pytest.approx([0.2, 0.4, 0.6])


def answer(asked: object, left: object, rate: object) -> dict[str, object]:
    status = {"currentlyAvailable": left, "restoreRate": rate, "maximumAvailable": 2000}
    return {"extensions": {"cost": {"requestedQueryCost": asked, "throttleStatus": status}}}


def test_the_bucket_makes_a_costly_query_wait_and_a_cheap_one_not() -> None:
    time = Time()
    bucket = Bucket(time)
    assert bucket.wait_s("Costly") == 0.0
    bucket.learn("Cheap", answer(10, 1000, 50))
    bucket.learn("Costly", answer(900, 100, 50))
    assert bucket.wait_s("Costly") == pytest.approx(16.0)
    assert bucket.wait_s("Cheap") == 0.0
    time.now += 16
    assert bucket.wait_s("Costly") == pytest.approx(0.0)


NAMES = st.sampled_from(
    ["extensions", "cost", "requestedQueryCost", "throttleStatus", "currentlyAvailable", "restoreRate"]
)
LEAVES = st.none() | st.text(max_size=5) | st.floats() | st.integers()


@given(st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner)))
def test_whatever_an_answer_says_the_wait_is_bounded(data: object) -> None:
    bucket = Bucket(Time())
    bucket.learn("x", data)
    assert 0 <= bucket.wait_s("x") <= MOST_WAIT_S
    assert 0.1 <= throttled_for_s(data) <= 60


@given(*[st.floats(allow_nan=True, allow_infinity=True) for _ in range(3)])
def test_strange_numbers_are_bounded_too(asked: float, left: float, rate: float) -> None:
    bucket = Bucket(Time())
    bucket.learn("x", answer(asked, left, rate))
    assert 0 <= bucket.wait_s("x") <= MOST_WAIT_S
    assert 0.1 <= throttled_for_s(answer(asked, left, rate)) <= 60
