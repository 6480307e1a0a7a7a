"""What a store of records promises, asked of every adapter."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.errors import Conflict
from chalicelib.ports import ABSENT, Delete, Key, Put, Record

P = "shop:a#thing"


def record(sort: str = "1", partition: str = P, **body: Any) -> Record:
    return Record(key=Key(partition, sort), body=body)


def sorts(records: Any) -> list[str]:
    return [found.key.sort for found in records]


def test_what_was_put_is_got(ground: Any) -> None:
    body = {
        "title": "Ä\ud800\x00",
        "n": 3,
        "x": 0.1,
        "none": None,
        "list": [1, {"deep": True}],
        "": "no name",
    }
    stored = ground.records.put(Record(key=Key(P, "1"), body=body))
    assert stored.version == 1
    got = ground.records.get(Key(P, "1"))
    assert got is not None
    assert got.body == body
    assert got.version == 1
    assert (got.index, got.expires_at) == (None, None)
    assert ground.records.get(Key(P, "2")) is None


def test_nobody_reaches_into_the_store(ground: Any) -> None:
    names = ["a"]
    ground.records.put(record(names=names))
    names.append("b")
    ground.records.get(Key(P, "1")).body["names"].append("c")
    assert ground.records.get(Key(P, "1")).body == {"names": ["a"]}


@pytest.mark.parametrize("size", [10, 1024, 1100, 300_000])
def test_bodies_of_every_size(ground: Any, size: int) -> None:
    text = "".join(chr(33 + i * i % 90) for i in range(size))
    ground.records.put(record(text=text))
    assert ground.records.get(Key(P, "1")).body == {"text": text}


def test_versions_count_up_whoever_writes(ground: Any) -> None:
    versions = [ground.records.put(record(n=n)).version for n in range(2)]
    ground.records.put_many([record(n=2), record("2")])
    ground.records.transact([Put(record(n=3))])
    assert versions == [1, 2]
    assert ground.records.get(Key(P, "1")).version == 4
    assert ground.records.get(Key(P, "2")).version == 1


def test_expected_versions(ground: Any) -> None:
    records = ground.records
    with pytest.raises(Conflict):
        records.put(record(), expected=1)
    first = records.put(record(n=1), expected=ABSENT)
    with pytest.raises(Conflict):
        records.put(record(n=2), expected=ABSENT)
    second = records.put(record(n=3), expected=first.version)
    with pytest.raises(Conflict):
        records.put(record(n=4), expected=first.version)
    with pytest.raises(Conflict):
        records.delete(first.key, expected=first.version)
    assert records.get(first.key).body == {"n": 3}
    records.delete(first.key, expected=second.version)
    assert records.get(first.key) is None
    records.delete(first.key)
    records.delete(first.key, expected=ABSENT)
    with pytest.raises(Conflict):
        records.delete(first.key, expected=second.version)


def test_a_put_replaces_everything(ground: Any) -> None:
    later = ground.clock.now() + timedelta(hours=1)
    key = Key(P, "1")
    ground.records.put(Record(key=key, body={"a": 1}, index=("waiting", "7"), expires_at=later))
    assert ground.records.get(key).index == ("waiting", "7")
    assert ground.records.get(key).expires_at == later
    ground.records.put(Record(key=key, body={"b": 2}))
    assert list(ground.records.queued("waiting")) == []
    got = ground.records.get(key)
    assert (got.body, got.index, got.expires_at) == ({"b": 2}, None, None)


def test_expired_records_are_invisible_and_count_as_absent(ground: Any) -> None:
    records, clock = ground.records, ground.clock
    soon = clock.now() + timedelta(seconds=10)
    keys = [Key(P, str(n)) for n in range(3)]
    for key in keys:
        records.put(Record(key=key, body={}, index=("waiting", key.sort), expires_at=soon))
    assert len(records.get_many(keys)) == 3
    clock.move_to(soon)
    assert records.get(keys[0]) is None
    assert not records.get_many(keys)
    assert list(records.query(P)) == list(records.queued("waiting")) == list(records.partitions("")) == []
    with pytest.raises(Conflict):
        records.put(record("0"), expected=1)
    with pytest.raises(Conflict):
        records.delete(keys[0], expected=1)
    claimed = records.put(record("0", n=1), expected=ABSENT)
    assert claimed.version > 1, "who held it before it expired must not be able to write over the new one"
    records.transact([Put(record("1", n=1), ABSENT), Delete(keys[2], ABSENT)])
    assert sorts(records.query(P)) == ["0", "1"]


def test_expiry_is_kept_to_the_second_and_never_early(ground: Any) -> None:
    at = ground.clock.now() + timedelta(seconds=1, microseconds=1)
    stored = ground.records.put(Record(key=Key(P, "1"), body={}, expires_at=at))
    assert stored.expires_at == ground.clock.now() + timedelta(seconds=2)
    ground.clock.move_to(at)
    assert ground.records.get(Key(P, "1")) == stored
    ground.clock.advance(timedelta(seconds=1))
    assert ground.records.get(Key(P, "1")) is None


def test_query_walks_one_partition_in_order(ground: Any) -> None:
    names = ["a", "a1", "a10", "a2", "b", "b1", "ä", "😀"]
    ground.records.put_many([record(name) for name in names] + [record("a", partition=P + "x")])
    query = ground.records.query
    assert sorts(query(P)) == sorted(names)
    assert sorts(query(P, reverse=True)) == sorted(names, reverse=True)
    assert sorts(query(P, prefix="a")) == ["a", "a1", "a10", "a2"]
    assert sorts(query(P, prefix="a", after="a1")) == ["a10", "a2"]
    assert sorts(query(P, prefix="a", before="a1")) == ["a"]
    assert sorts(query(P, prefix="b", after="a")) == ["b", "b1"]
    assert sorts(query(P, prefix="b", before="a")) == []
    assert sorts(query(P, after="a1", before="b1")) == ["a10", "a2", "b"]
    assert sorts(query(P, after="a1", before="b1", reverse=True, limit=2)) == ["b", "a2"]
    assert sorts(query(P, after="b", before="a")) == []
    assert sorts(query(P, limit=0)) == []
    assert sorts(query(P, limit=3)) == ["a", "a1", "a10"]
    assert sorts(query("nowhere")) == []


def test_a_page_is_full_though_some_of_it_expired(ground: Any) -> None:
    soon = ground.clock.now() + timedelta(seconds=1)
    ground.records.put_many(
        [
            Record(key=Key(P, f"{n:02}"), body={}, index=("q", f"{n:02}"), expires_at=soon if n % 3 else None)
            for n in range(30)
        ]
    )
    ground.clock.move_to(soon)
    assert sorts(ground.records.query(P, limit=4)) == ["00", "03", "06", "09"]
    assert sorts(ground.records.queued("q", limit=4)) == ["27", "24", "21", "18"]


def test_long_partitions_are_read_to_the_end(ground: Any) -> None:
    many = [Record(key=Key(P, f"{n:04}"), body={"n": n, "pad": "x" * 900}) for n in range(1500)]
    ground.records.put_many(many)
    assert [found.body["n"] for found in ground.records.query(P)] == list(range(1500))
    got = ground.records.get_many([one.key for one in many] + [Key(P, "none"), many[0].key])
    assert len(got) == 1500


def test_the_index_is_read_highest_first_and_paged(ground: Any) -> None:
    for n, rank in enumerate(["10", "30", "20"]):
        ground.records.put(Record(key=Key(f"{P}{n}", "x"), body={"rank": rank}, index=("waiting", rank)))
    ground.records.put(Record(key=Key(P, "y"), body={}, index=("done", "99")))
    queued = ground.records.queued
    assert [r.body["rank"] for r in queued("waiting")] == ["30", "20", "10"]
    assert [r.body["rank"] for r in queued("waiting", reverse=False)] == ["10", "20", "30"]
    assert [r.body["rank"] for r in queued("waiting", after="30", limit=1)] == ["20"]
    assert [r.body["rank"] for r in queued("waiting", after="20", reverse=False)] == ["30"]
    moved = ground.records.put(Record(key=Key(f"{P}1", "x"), body={}, index=("done", "98")))
    assert [r.body["rank"] for r in queued("waiting")] == ["20", "10"]
    assert len(list(queued("done"))) == 2
    ground.records.delete(moved.key)
    assert len(list(queued("done"))) == 1


def test_transactions_are_all_or_nothing(ground: Any) -> None:
    records = ground.records
    a, b = records.put(record("a", n=1)), records.put(record("b", n=1))
    with pytest.raises(Conflict):
        records.transact([Put(record("a", n=2), a.version), Delete(b.key, 7), Put(record("c"), ABSENT)])
    assert records.get(a.key).body == {"n": 1}
    assert records.get(Key(P, "c")) is None
    records.transact([Put(record("a", n=2), a.version), Delete(b.key, b.version), Put(record("c"), ABSENT)])
    assert sorts(records.query(P)) == ["a", "c"]
    assert records.get(a.key).version == 2
    records.transact([])


def test_a_transaction_holds_a_hundred_writes_and_each_key_once(ground: Any) -> None:
    writes = [Put(record(f"{n:03}"), ABSENT) for n in range(101)]
    ground.records.transact(writes[:100])
    assert len(list(ground.records.query(P))) == 100
    with pytest.raises(ValueError, match="at most 100"):
        ground.records.transact(writes)
    with pytest.raises(ValueError, match="once"):
        ground.records.transact([Put(record("a")), Delete(Key(P, "a"))])


@pytest.mark.parametrize("bad", [Key("", "x"), Key("x", "")])
def test_keys_say_something(ground: Any, bad: Key) -> None:
    for write, what in (
        (ground.records.put, Record(key=bad, body={})),
        (ground.records.delete, bad),
        (ground.records.add, bad),
        (ground.records.transact, [Delete(bad)]),
    ):
        with pytest.raises(ValueError, match="key"):
            write(what)


@pytest.mark.parametrize("body", [{"n": float("nan")}, {"n": {1, 2}}, {"n": b"x"}])
def test_only_json_is_stored(ground: Any, body: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        ground.records.put(record(**body))
    assert ground.records.get(Key(P, "1")) is None


def test_counters(ground: Any) -> None:
    add, key = ground.records.add, Key(P, "count")
    assert [add(key), add(key, 5), add(key, -2), add(key, 0)] == [1, 6, 4, 4]
    assert ground.records.get(key).body == {"total": 4}
    assert add(key, 3, ceiling=6) is None
    assert add(key, 2, ceiling=6) == 6
    assert add(key, 1, ceiling=6) is None
    assert add(key, -9, ceiling=-5) == -3, "going down never passes a ceiling"
    assert add(Key(P, "new"), 7, ceiling=6) is None
    assert ground.records.get(Key(P, "new")) is None
    assert add(Key(P, "new"), 6, ceiling=6) == 6


def test_counters_start_again_after_they_expire(ground: Any) -> None:
    add, key = ground.records.add, Key(P, "count")
    end = ground.clock.now() + timedelta(seconds=60)
    assert add(key, 5, ceiling=5, expires_at=end) == 5
    assert add(key, 1, ceiling=5) is None
    ground.clock.move_to(end)
    assert ground.records.get(key) is None
    assert add(key, 2, ceiling=5) == 2
    ground.clock.advance(timedelta(days=99))
    assert add(key, 3, ceiling=5) == 5, "it was started again without an end"


def test_a_record_is_no_counter_but_a_counter_may_become_one(ground: Any) -> None:
    ground.records.put(record("1", a=1))
    with pytest.raises(Conflict):
        ground.records.add(Key(P, "1"))
    ground.records.add(Key(P, "2"), 5)
    ground.records.put(record("2", b=1))
    assert ground.records.get(Key(P, "2")).body == {"b": 1}


def test_partitions_in_use(ground: Any) -> None:
    ground.records.put_many([record(str(n), partition=f"shop:{s}#x") for n in range(3) for s in "ab"])
    ground.records.delete(Key("shop:b#x", "0"))
    assert sorted(ground.records.partitions("shop:")) == ["shop:a#x", "shop:b#x"]
    assert list(ground.records.partitions("shop:a#")) == ["shop:a#x"]
    for n in range(3):
        ground.records.delete(Key("shop:b#x", str(n)))
    assert list(ground.records.partitions("")) == ["shop:a#x"]


def race(times: int, run: Callable[[int], Any]) -> list[Any]:
    """Every thread waits for the last one, then all go; a Conflict is an answer."""
    gate = threading.Barrier(times)

    def one(n: int) -> Any:
        gate.wait()
        try:
            return run(n)
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_one_of_many_claims_a_record(ground: Any) -> None:
    for attempt in "12345":
        claims = [record(attempt, by=n) for n in range(8)]
        answers = race(8, lambda n, claims=claims: ground.records.put(claims[n], expected=ABSENT))  # type: ignore[misc]
        winners = [answer for answer in answers if isinstance(answer, Record)]
        assert len(winners) == 1
        assert ground.records.get(winners[0].key).body == winners[0].body


def test_no_update_is_lost_between_versions(ground: Any) -> None:
    ground.records.put(record(n=0))

    def up(_: int) -> None:
        while True:
            now = ground.records.get(Key(P, "1"))
            try:
                ground.records.put(record(n=now.body["n"] + 1), expected=now.version)
            except Conflict:
                continue
            return

    race(8, up)
    assert ground.records.get(Key(P, "1")).body == {"n": 8}


def test_no_thread_passes_the_ceiling(ground: Any) -> None:
    answers = race(12, lambda _: ground.records.add(Key(P, "count"), 2, ceiling=15))
    assert sorted(answer for answer in answers if answer is not None) == [2, 4, 6, 8, 10, 12, 14]
    assert ground.records.get(Key(P, "count")).body == {"total": 14}
