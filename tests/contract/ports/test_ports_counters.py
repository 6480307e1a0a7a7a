"""Counters on both grounds: windows, expiry on read, and what two workers at the same moment see of each other."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib.contracts import EVERYBODY, CounterKey, CounterUpdate
from chalicelib.domain.ids import ShopId
from chalicelib.storage import places
from chalicelib.storage.counters import LANES, MOST, Counters
from chalicelib.storage.places import Kind
from tests.contract.ports.conftest import NOON

SHOP = ShopId("bazaar:one")
HOUR, DAY, MONTH = 3600, 86_400, 30 * 86_400
WINDOWS = [CounterKey("orders_ip", "a1", window) for window in (HOUR, DAY, MONTH)]


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """All of them begin at the same moment, each in a thread of its own."""
    barrier, found = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        barrier.wait()
        found[place] = work()

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_two_orders_at_once_of_one_identity_see_each_other(ground: Any) -> None:
    """Whoever's transaction holds second has seen both; that nobody sees the other cannot be."""
    counters = Counters(ground.records)
    for turn in range(25):
        key = CounterKey("orders_card", f"card{turn}", HOUR)

        def order(name: str, key: CounterKey = key) -> int:
            return counters.count(SHOP, [CounterUpdate(key, NOON, name)], [key], NOON)[key]

        assert max(at_once(lambda: order("first"), lambda: order("second"))) == 2
        assert counters.read(SHOP, [key], NOON) == {key: 2}


def test_a_burst_of_one_identity_is_counted_whole_and_each_sees_another_number(ground: Any) -> None:
    counters, key = Counters(ground.records), CounterKey("orders_ip", "a1", HOUR)
    seen = at_once(*(
        lambda n=n: counters.count(SHOP, [CounterUpdate(key, NOON, f"o{n}")], [key], NOON)[key] for n in range(4)
    ))  # fmt: skip
    assert sorted(seen) == [1, 2, 3, 4]


def test_a_ledger_forgets_one_order_and_keeps_the_others(ground: Any) -> None:
    counters, key = Counters(ground.records), CounterKey("orders_ip", "a1", HOUR)
    other = CounterKey("orders_email", "e1", HOUR)
    updates = [CounterUpdate(key, NOON, "o1"), CounterUpdate(key, NOON, "o2"), CounterUpdate(other, NOON, "o3")]
    counters.add(SHOP, updates)
    assert len(counters.held(SHOP, {"o1", "e1"})) == 2
    assert counters.forget(SHOP, {"o1", "e1"}) == 2
    assert counters.read(SHOP, [key, other], NOON) == {key: 1, other: 0}
    assert counters.held(SHOP, {"o1", "e1"}) == []


def test_the_windows_of_one_subject_share_their_rows(ground: Any) -> None:
    counters = Counters(ground.records)
    for name, ago in (("now", 0), ("this morning", 7200), ("last week", 7 * DAY), ("last year", 300 * DAY)):
        counters.add(SHOP, [CounterUpdate(key, NOON - timedelta(seconds=ago), name) for key in WINDOWS])
    assert list(counters.read(SHOP, WINDOWS, NOON).values()) == [1, 2, 3]
    assert list(counters.read(SHOP, WINDOWS, NOON - timedelta(days=7)).values()) == [1, 1, 1]


def test_what_is_counted_of_one_subject_is_told_apart(ground: Any) -> None:
    counters = Counters(ground.records)
    orders, offences = CounterKey("orders_ip", "a1", DAY), CounterKey("offences_ip", "a1", 0)
    counters.add(SHOP, [CounterUpdate(orders, NOON, "o1"), CounterUpdate(offences, NOON - timedelta(days=90), "o0")])
    assert counters.read(SHOP, [orders, offences], NOON) == {orders: 1, offences: 1}
    assert counters.read(SHOP, [CounterKey("orders", "a1", DAY), CounterKey("orders_ip", "a", DAY)], NOON) == {
        CounterKey("orders", "a1", DAY): 0, CounterKey("orders_ip", "a", DAY): 0,
    }  # fmt: skip


def test_counting_again_counts_once(ground: Any) -> None:
    counters = Counters(ground.records)
    for _ in range(3):
        counters.add(SHOP, [CounterUpdate(WINDOWS[0], NOON, "o1", 5)])
    assert counters.read(SHOP, WINDOWS[:1], NOON) == {WINDOWS[0]: 5}


def test_an_expired_row_is_not_counted_though_nobody_deleted_it(ground: Any) -> None:
    counters = Counters(ground.records)
    counters.add(SHOP, [CounterUpdate(WINDOWS[0], NOON, "o1")])
    ground.clock.advance(timedelta(seconds=HOUR + 1))
    assert counters.read(SHOP, WINDOWS[:1], NOON) == {WINDOWS[0]: 0}


def test_a_crowd_is_counted_so_far_and_the_newest_are_among_them(ground: Any) -> None:
    counters = Counters(ground.records)
    updates = [CounterUpdate(WINDOWS[2], NOON - timedelta(minutes=n), f"o{n}") for n in range(MOST + 100)]
    counters.add(SHOP, updates)
    found = counters.read(SHOP, WINDOWS, NOON)
    assert found[WINDOWS[0]] == 61, "to the minute, both ends included"
    assert found[WINDOWS[2]] == MOST


def test_subjects_are_spread_over_partitions(ground: Any) -> None:
    counters = Counters(ground.records)
    counters.add(SHOP, [CounterUpdate(CounterKey("orders_ip", f"{n:04x}", HOUR), NOON, "o") for n in range(64)])
    used = [sum(1 for _ in ground.records.query(part)) for part in places.partitions(SHOP, Kind.COUNTER)]
    assert sum(used) == 64
    assert min(used) > 0


def test_a_days_allowance_is_never_passed_and_one_thing_uses_one(ground: Any) -> None:
    counters = Counters(ground.records)
    taken = at_once(*(lambda n=n: counters.take_once(SHOP, "looks", 5, NOON, f"o{n}") for n in range(12)))
    assert taken.count(True) == 5
    lucky = next(n for n, took in enumerate(taken) if took)
    assert counters.take_once(SHOP, "looks", 5, NOON, f"o{lucky}"), "it has one already"
    assert counters.used(SHOP, "looks", NOON) == 5
    assert counters.take_once(SHOP, "looks", 5, NOON + timedelta(days=1), "o99")


def test_what_everybody_counts_in_lies_in_several_ledgers_and_is_read_as_one(ground: Any) -> None:
    counters, key = Counters(ground.records), CounterKey("strangers", EVERYBODY, DAY)
    orders = [CounterUpdate(key, NOON, f"o{n}") for n in range(40)]
    counters.add(SHOP, orders)
    assert counters.count(SHOP, orders[:1], [key], NOON) == {key: 40}
    sizes = [len(record.body["rows"]) for record in places.every(ground.records, SHOP, Kind.COUNTER)]
    assert len(sizes) == LANES
    assert sum(sizes) == 40
    assert counters.forget(SHOP, {"o7"}) == 1
    assert counters.read(SHOP, [key], NOON) == {key: 39}
