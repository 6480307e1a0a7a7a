"""Any sequence of writes, compared with a plain dictionary after every step (hypothesis, stateful)."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib.errors import Conflict
from chalicelib.ports import ABSENT, Delete, Key, Put, Record

type Opener = Callable[[], AbstractContextManager[Any]]

KEYS = [Key(partition, sort) for partition in ("p", "q") for sort in ("a", "ab", "b")]
RANKS = [f"{n}" for n in range(3)]


@dataclass
class Cell:
    """What the model knows of one key; it stays after expiry, as it does in the store."""

    body: dict[str, Any]
    version: int
    index: tuple[str, str] | None
    until: datetime | None


keys = st.sampled_from(KEYS)
bodies = st.dictionaries(
    st.text(max_size=3), st.integers() | st.text(max_size=3) | st.lists(st.booleans()), max_size=3
)
lives = st.none() | st.integers(1, 5)
expectations = st.none() | st.integers(0, 4)
indexes = st.none() | st.sampled_from(RANKS)


class Steps(RuleBasedStateMachine):
    """The same steps for the store and for a dictionary."""

    open_ground: Opener

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.ground = self.stack.enter_context(self.open_ground())
        self.model: dict[Key, Cell] = {}

    def teardown(self) -> None:
        self.stack.close()

    def seen(self, key: Key) -> Cell | None:
        cell = self.model.get(key)
        alive = cell is not None and (cell.until is None or cell.until > self.ground.clock.now())
        return cell if alive else None

    def holds(self, key: Key, expected: int | None) -> bool:
        cell = self.seen(key)
        return expected is None or (cell.version if cell else ABSENT) == expected

    def record(self, key: Key, body: dict[str, Any], rank: str | None, life: int | None) -> Record:
        until = None if life is None else self.ground.clock.now() + timedelta(seconds=life)
        # One index partition per key: equal ranks within one have no order to compare.
        index = None if rank is None else (f"{key.partition}{key.sort}", rank)
        return Record(key=key, body=body, index=index, expires_at=until)

    def write(self, record: Record) -> None:
        old = self.model.get(record.key)
        version = old.version + 1 if old else 1
        self.model[record.key] = Cell(dict(record.body), version, record.index, record.expires_at)

    @rule(key=keys, body=bodies, rank=indexes, life=lives, expected=expectations)
    def put(
        self, key: Key, body: dict[str, Any], rank: str | None, life: int | None, expected: int | None
    ) -> None:
        record = self.record(key, body, rank, life)
        if not self.holds(key, expected):
            with pytest.raises(Conflict):
                self.ground.records.put(record, expected)
            return
        stored = self.ground.records.put(record, expected)
        self.write(record)
        assert stored.version == self.model[key].version

    @rule(chosen=st.lists(keys, max_size=4), body=bodies)
    def put_many(self, chosen: list[Key], body: dict[str, Any]) -> None:
        records = [self.record(key, body | {"n": n}, None, None) for n, key in enumerate(chosen)]
        self.ground.records.put_many(records)
        for record in {record.key: record for record in records}.values():
            self.write(record)

    @rule(key=keys, expected=expectations)
    def delete(self, key: Key, expected: int | None) -> None:
        if not self.holds(key, expected):
            with pytest.raises(Conflict):
                self.ground.records.delete(key, expected)
            return
        self.ground.records.delete(key, expected)
        self.model.pop(key, None)

    @rule(
        chosen=st.lists(
            st.tuples(keys, st.booleans(), expectations), unique_by=lambda one: one[0], max_size=4
        ),
        body=bodies,
    )
    def transact(self, chosen: list[tuple[Key, bool, int | None]], body: dict[str, Any]) -> None:
        writes = [
            Put(self.record(key, body, None, None), expected) if puts else Delete(key, expected)
            for key, puts, expected in chosen
        ]
        if not all(self.holds(key, expected) for key, _, expected in chosen):
            with pytest.raises(Conflict):
                self.ground.records.transact(writes)
            return
        self.ground.records.transact(writes)
        for write in writes:
            if isinstance(write, Put):
                self.write(write.record)
            else:
                self.model.pop(write.key, None)

    @precondition(lambda self: self.model)
    @rule(seconds=st.integers(0, 3))
    def wait(self, seconds: int) -> None:
        self.ground.clock.advance(timedelta(seconds=seconds))

    @invariant()
    def every_key_reads_as_the_model_says(self) -> None:
        found = self.ground.records.get_many(KEYS)
        for key in KEYS:
            cell, record = self.seen(key), found.get(key)
            assert (record is None) == (cell is None)
            if record is not None and cell is not None:
                assert record.body == cell.body
                assert (record.version, record.index) == (cell.version, cell.index)
                assert record.expires_at == cell.until

    @rule(
        after=st.none() | st.sampled_from(["a", "ab", "b"]),
        before=st.none() | st.sampled_from(["a", "ab", "b"]),
        prefix=st.sampled_from(["", "a", "ab", "c"]),
        reverse=st.booleans(),
        limit=st.none() | st.integers(0, 3),
    )
    def query(
        self, after: str | None, before: str | None, prefix: str, reverse: bool, limit: int | None
    ) -> None:
        wanted = [
            key.sort
            for key in sorted(KEYS, key=lambda key: key.sort, reverse=reverse)
            if key.partition == "p"
            and self.seen(key)
            and key.sort.startswith(prefix)
            and (after is None or key.sort > after)
            and (before is None or key.sort < before)
        ]
        got = self.ground.records.query(
            "p", prefix=prefix, after=after, before=before, reverse=reverse, limit=limit
        )
        assert [record.key.sort for record in got] == wanted[:limit]

    @rule(key=keys)
    def look_in_the_index(self, key: Key) -> None:
        cell = self.seen(key)
        got = [record.key for record in self.ground.records.queued(f"{key.partition}{key.sort}")]
        assert got == ([key] if cell and cell.index else [])

    @rule()
    def list_partitions(self) -> None:
        assert sorted(self.ground.records.partitions("")) == sorted(
            {key.partition for key in KEYS if self.seen(key)}
        )


def test_every_history_agrees_with_a_dictionary(open_ground: Opener) -> None:
    machine = type("Machine", (Steps,), {"open_ground": staticmethod(open_ground)})
    examples = 120 if getattr(open_ground, "__name__", "") == "memory" else 8
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=checks,
        ),
    )
