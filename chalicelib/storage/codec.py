"""Domain values to JSON and back, by their types alone.

Unions carry a ``_type`` so that an action is never mistaken for another of the same shape; unknown fields of
a newer version are ignored and missing ones take their defaults, so that old and new code can share a table.
"""

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any, get_args

from cattrs import Converter
from cattrs.strategies import configure_tagged_union

from chalicelib.domain.actions import Action, Snapshot, Value
from chalicelib.domain.evidence import Evidence
from chalicelib.domain.money import Money


def _value(raw: Any, _: Any = None) -> Value:
    """JSON has lists where our values have tuples."""
    if isinstance(raw, Mapping):
        return {key: _value(item) for key, item in raw.items()}
    if isinstance(raw, list | tuple):
        return tuple(str(item) for item in raw)
    return raw  # type: ignore[no-any-return]


def _converter() -> Converter:
    converter = Converter(omit_if_default=True, forbid_extra_keys=False)
    converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat())
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    converter.register_unstructure_hook(time, lambda moment: moment.isoformat())
    converter.register_structure_hook(time, lambda text, _: time.fromisoformat(text))
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_unstructure_hook(Money, lambda money: [str(money.amount), money.currency])
    converter.register_structure_hook(Money, lambda pair, _: Money(Decimal(pair[0]), pair[1]))
    # Shapes of model inputs: a number, or the name of a free dimension.
    converter.register_structure_hook_func(lambda kind: kind == int | str, lambda raw, _: raw)
    converter.register_structure_hook(float | str, lambda raw, _: raw)  # JSON tells them apart
    converter.register_structure_hook(float | str | None, lambda raw, _: raw)
    converter.register_unstructure_hook(Snapshot, _snapshot_out)
    converter.register_structure_hook(Snapshot, _snapshot_in)
    for union in (Action, Evidence):
        configure_tagged_union(union.__value__, converter)
        _alias(converter, union)
    return converter


def _alias(converter: Converter, union: Any) -> None:
    """``type X = A | B`` is another object than ``A | B``; both must be known."""
    members = union.__value__
    assert len(get_args(members)) > 1  # noqa: S101  a union of one would lose its tag
    converter.register_structure_hook_func(
        lambda kind: kind is union, lambda raw, _: converter.structure(raw, members)
    )
    converter.register_unstructure_hook_func(
        lambda kind: kind is union, lambda value: converter.unstructure(value, unstructure_as=members)
    )


def _snapshot_out(snapshot: Snapshot) -> dict[str, Any]:
    out: dict[str, Any] = {"value": _plain(snapshot.value), "read_at": snapshot.read_at.isoformat()}
    if snapshot.version:
        out["version"] = snapshot.version
    if snapshot.detail:
        out["detail"] = [list(pair) for pair in snapshot.detail]
    return out


def _plain(value: Value) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _snapshot_in(raw: Mapping[str, Any], _: Any) -> Snapshot:
    return Snapshot(
        value=_value(raw["value"]),
        version=raw.get("version", ""),
        read_at=datetime.fromisoformat(raw["read_at"]),
        detail=tuple((pair[0], pair[1]) for pair in raw.get("detail", ())),
    )


_CONVERTER = _converter()


def to_json(value: Any) -> dict[str, Any]:
    """A domain value as JSON-ready data."""
    return _CONVERTER.unstructure(value)  # type: ignore[no-any-return]


def from_json[T](raw: Any, kind: type[T]) -> T:
    """JSON-ready data as a domain value of that type."""
    return _CONVERTER.structure(raw, kind)
