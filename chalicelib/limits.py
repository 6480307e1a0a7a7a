"""What a merchant may set: every limit with its label, its kind and its bounds, read from the domain itself.

Forms and configuration files share it, so that a limit is said, read and checked in one way.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from chalicelib.contracts import Capability
from chalicelib.domain.shop import Mode, Policy

CEILINGS: Mapping[str, Decimal] = {
    "publish_quality": Decimal(1), "quality_by_locale": Decimal(1), "max_increase_pct": Decimal(1000),
}  # fmt: skip
"""Largest sensible value where it is not 100 for a percentage or a billion for a count."""

_MOST = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of one group."""

    group: str
    name: str
    kind: Any
    label: str
    help: str
    example: str

    @property
    def path(self) -> str:
        """How files and forms name it."""
        return f"{self.group}.{self.name}"

    def of(self, policy: Policy) -> Any:
        """Its value in a policy."""
        return getattr(getattr(policy, self.group), self.name)

    def put(self, policy: Policy, value: Any) -> Policy:
        """A policy with another value of it."""
        changed = replace(getattr(policy, self.group), **{self.name: value})
        return replace(policy, **{self.group: changed})

    def read(self, raw: Any) -> Any:
        """A value from text, a number, a list or a table. Raises ValueError with what is wrong, in words."""
        value = _read(self.kind, raw)
        self._check(value)
        return value

    def _check(self, value: Any) -> None:
        for one in value.values() if isinstance(value, Mapping) else (value,):
            self._check_one(one)

    def _check_one(self, value: Any) -> None:
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            most = CEILINGS.get(self.name, Decimal(100) if self.name.endswith("_pct") else _MOST)
            if not 0 <= value <= most:
                raise ValueError(f"must be between 0 and {most:f}")


GROUPS: Mapping[str, frozenset[Capability]] = {
    "recommendations": frozenset({Capability.RECOMMEND_COMPLEMENTARY, Capability.RECOMMEND_RELATED}),
    "prices": frozenset({Capability.PRICES, Capability.MARKET_PRICES}),
    "translations": frozenset({Capability.TRANSLATIONS, Capability.MARKET_TEXTS}),
    "orders": frozenset({Capability.ORDER_ASSESSMENT, Capability.ORDER_HOLD, Capability.ORDER_TAGS}),
}
"""Which limits speak about which abilities: a function is held by the limits of what it can do."""


def groups_of(capabilities: frozenset[Capability]) -> tuple[str, ...]:
    """The groups of limits that hold a function with these capabilities."""
    return tuple(name for name, abilities in GROUPS.items() if abilities & capabilities)


def modes_of(capabilities: frozenset[Capability]) -> tuple[Mode, ...]:
    """How far a function with these capabilities may be allowed to go: only prices can be watched in shadow, for
    only they have a profit that can be reckoned."""
    return tuple(mode for mode in Mode if mode is not Mode.SHADOW or "prices" in groups_of(capabilities))


@cache
def limits(group: str) -> tuple[Limit, ...]:
    """Every limit of a group, in the order of the domain."""
    kind = get_type_hints(Policy)[group]
    hints = get_type_hints(kind)
    return tuple(
        Limit(group, one.name, hints[one.name], one.metadata["label"], one.metadata["help"],
              one.metadata.get("example", ""))
        for one in fields(kind)
    )  # fmt: skip


def every() -> Iterator[Limit]:
    """Every limit there is."""
    for group in GROUPS:
        yield from limits(group)


def inconsistent(policy: Policy) -> Mapping[str, str]:
    """What is wrong between limits that are each right, by the path of the one to change."""
    prices, found = policy.prices, {}
    if prices.min_margin_pct + prices.fee_pct >= 100:
        found["prices.min_margin_pct"] = "margin and payment fee together must stay below 100 %"
    if prices.min_step_pct > prices.max_step_pct:
        found["prices.min_step_pct"] = "must not be above the largest single change"
    if (prices.quiet_from is None) != (prices.quiet_until is None):
        found["prices.quiet_until"] = "quiet hours need both a beginning and an end, or neither"
    return found


def _read(kind: Any, raw: Any) -> Any:
    """One value of a type that the limits use; ``type`` names of the domain are text."""
    origin, args = get_origin(kind), get_args(kind)
    if NoneType in args:
        return None if raw in ("", None) else _read(next(a for a in args if a is not NoneType), raw)
    if origin is tuple:
        return tuple(_read(args[0], item) for item in _expect(list, raw, "a list"))
    if origin is not None:
        table = _expect(dict, raw, "a table")
        return {_text(key): _read(args[1], value) for key, value in table.items()}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _one_of(kind, raw)
    reader: Callable[[Any], Any] = _SCALARS.get(kind, _text)
    return reader(raw)


def _expect[T](kind: type[T], raw: Any, word: str) -> T:
    if not isinstance(raw, kind):
        raise ValueError(f"must be {word}")
    return raw


def _text(raw: Any) -> str:
    found = _expect(str, raw, "text").strip()
    if any(ord(sign) < 32 for sign in found):
        raise ValueError("must be one line of text")
    return found


def _one_of(kind: type[StrEnum], raw: Any) -> StrEnum:
    try:
        return kind(_text(raw).casefold())
    except ValueError:
        raise ValueError(f"must be one of {', '.join(kind)}") from None


def _whole(raw: Any) -> int:
    try:
        if isinstance(raw, bool):
            raise ValueError
        return int(str(raw).strip())
    except ValueError:
        raise ValueError("must be a whole number, such as 5") from None


def _amount(raw: Any) -> Decimal:
    try:
        if isinstance(raw, bool):
            raise InvalidOperation
        found = Decimal(str(raw).strip().replace(",", "."))
    except InvalidOperation:
        raise ValueError("must be a number, such as 2.5") from None
    if not found.is_finite():
        raise ValueError("must be a number, such as 2.5")
    return found


def _flag(raw: Any) -> bool:
    return _expect(bool, raw, "true or false")


def _hour(raw: Any) -> time:
    if isinstance(raw, time):
        return raw
    try:
        return time.fromisoformat(str(raw).strip())
    except ValueError:
        raise ValueError("must be a time, such as 08:00") from None


_SCALARS: Mapping[Any, Callable[[Any], Any]] = {int: _whole, Decimal: _amount, bool: _flag, time: _hour}
