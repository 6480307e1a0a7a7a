"""What every kind of change has in common: what it wants, whether it is there, what is to be written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.contracts import Change, Receipt
from chalicelib.domain.actions import (
    Action,
    PublishTranslation,
    SetPrice,
    SetRecommendations,
    Snapshot,
    Value,
    digest_of,
    intended,
)
from chalicelib.errors import AppError, Gone, StaleState
from integrations.shopify.mapping import amount_text


@dataclass(frozen=True, slots=True)
class Todo[A]:
    """One change to write: where it stands in the caller's list, and what the store holds right now."""

    place: int
    action: A
    now: Snapshot


def wanted(action: Action, currency: str) -> Value:
    """What a snapshot holds once the action is done, in the store's own way of writing it."""
    match action:
        case SetRecommendations():
            return tuple(one for one in action.product_ids if one != action.product_id) or None
        case SetPrice():
            strike = action.compare_at if action.compare_at and action.compare_at > action.price else None
            money = action.price.currency
            return {
                "price": amount_text(action.price.amount, money),
                "compare_at": None if strike is None else amount_text(strike.amount, money),
                "currency": money,
            }
        case _:
            return intended(action)


def same(one: Value, other: Value) -> bool:
    """Whether two values say the same; an empty list and nothing at all do."""
    return digest_of(one) == digest_of(other) or (not one and not other)


def decide(place: int, change: Change, now: Snapshot | None, currency: str) -> Todo[Action] | Receipt:
    """What is to be written, or a receipt where it is there already. Raises Gone or StaleState."""
    if now is None:
        raise Gone
    if same(now.value, wanted(change.action, currency)):
        return Receipt(after=now, wrote=False)
    if not same(now.value, change.before.value) and not halfway(change, now):
        raise StaleState
    return Todo(place, change.action, now)


def halfway(change: Change, now: Snapshot) -> bool:
    """Whether a translation stands between before and after: a worker died between two objects of one product."""
    if not isinstance(change.action, PublishTranslation):
        return False
    ends = (change.before.value, intended(change.action))
    before, after = (value if isinstance(value, Mapping) else {} for value in ends)
    held = now.value if isinstance(now.value, Mapping) else {}
    return all(held.get(key) in (before.get(key), value) for key, value in after.items())


def attempt[**P, R](work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | AppError:
    """The result, or the expected error as an answer."""
    try:
        return work(*args, **kwargs)
    except AppError as error:
        return error
