"""Every domain value survives its way to JSON and back; unknown fields are ignored, missing ones defaulted."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from types import UnionType
from typing import Any, NewType, TypeAliasType, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain import actions, catalogue, evidence, journal, orders, proposals, shop
from chalicelib.domain.actions import Snapshot
from chalicelib.domain.money import Money
from chalicelib.storage import jobs, targets
from chalicelib.storage.codec import from_json, to_json

STORED = (
    actions.SetRecommendations, actions.SetPrice, actions.PublishTranslation, actions.AssessOrder,
    actions.HoldOrder, actions.TagOrder, actions.Snapshot, catalogue.Product, catalogue.Variant,
    journal.Entry, journal.Written, journal.Problem, orders.Order, proposals.Proposal, shop.Shop, shop.Policy,
    jobs.Job, targets.TargetState, *get_args(evidence.Evidence.__value__),
)  # fmt: skip

TEXTS = st.text(max_size=12)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MONEY = st.builds(
    Money, st.decimals(-(10**9), 10**9, places=3, allow_nan=False), st.sampled_from(["EUR", "JPY", "KWD"])
)
FLOATS = st.floats(-1e9, 1e9, allow_nan=False)
SCALARS = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | TEXTS
VALUES = SCALARS | st.lists(TEXTS, max_size=3).map(tuple) | st.dictionaries(TEXTS, SCALARS, max_size=3)
SNAPSHOTS = st.builds(
    Snapshot, value=VALUES, version=TEXTS, read_at=MOMENTS,
    detail=st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple),
)  # fmt: skip
PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    str: TEXTS, int: st.integers(-(10**9), 10**9), float: FLOATS, bool: st.booleans(), datetime: MOMENTS,
    Decimal: st.decimals(-(10**6), 10**6, places=4, allow_nan=False), Money: MONEY, Snapshot: SNAPSHOTS,
    time: st.times().map(lambda at: at.replace(microsecond=0)), type(None): st.none(),
}  # fmt: skip


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type, from the type alone."""
    if isinstance(kind, TypeAliasType):
        return values_of(kind.__value__)
    if isinstance(kind, NewType):
        return values_of(kind.__supertype__)
    if kind in PLAIN:
        return PLAIN[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of([values_of(one) for one in arguments])
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
        return st.tuples(*[values_of(one) for one in arguments])
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=2)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{one.name: values_of(hints[one.name]) for one in fields(kind) if one.init})
    return st.sampled_from(list(kind))


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
def test_a_value_survives_json(kind: type) -> None:
    @settings(
        max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    @given(values_of(kind))
    def survives(value: Any) -> None:
        travelled = json.loads(json.dumps(to_json(value)))
        assert from_json(travelled, kind) == value
        assert from_json({**travelled, "from_a_newer_version": [1]}, kind) == value

    survives()


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
def test_defaults_are_left_out_and_come_back(kind: type) -> None:
    """An older version's record lacks the fields that came later."""

    @settings(
        max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    @given(values_of(kind))
    def come_back(value: Any) -> None:
        whole = to_json(value)
        optional = {
            one.name for one in fields(kind) if one.default is not MISSING or one.default_factory is not MISSING
        }
        bare = {name: item for name, item in whole.items() if name not in optional}
        read = from_json(json.loads(json.dumps(bare)), kind)
        for one in fields(kind):
            if one.name in optional:
                assert getattr(read, one.name) == (
                    one.default if one.default is not MISSING else one.default_factory()
                )

    come_back()


def test_actions_of_one_shape_are_told_apart_by_their_tag() -> None:
    hold = actions.HoldOrder(order_id="1", note="")
    stored = json.loads(json.dumps(to_json(journal.Entry(
        id="e", shop_id="s", deed=journal.Deed.APPLIED, at=datetime(2026, 1, 1, tzinfo=UTC), action=hold
    ))))  # fmt: skip
    assert from_json(stored, journal.Entry).action == hold
