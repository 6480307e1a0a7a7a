"""How long a variant has stood at which of our prices: what its harm ledger is reckoned from.

It lives in the shop's memory, one small JSON text per variant, and counts only prices that we wrote and that
the store still held at night; what the merchant does with his own prices is not held against us, nor for us.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from functions.repricing.curves import LATTICE, STATES, Floats, lattice_index
from functions.repricing.ledger import relative_profit

YEAR = 365
LONGEST_GAP = 7
"""Days between two nights beyond which nobody knows what stood there."""


@dataclass(frozen=True, slots=True)
class Account:
    """Days at each lattice price, those longer ago counting less, and the day of the last entry (since
    1970)."""

    days: Mapping[int, float]
    last_day: int


def key(variant: str) -> str:
    """Where a variant's account is remembered."""
    return f"repricing|account|{variant}"


def parsed(text: str | None) -> Account:
    """An account from memory; an unreadable one is a new one."""
    try:
        data = json.loads(text or "{}")
        days = {int(index): float(days) for index, days in data.get("days", {}).items()}
        return Account({i: d for i, d in days.items() if 0 <= i < len(LATTICE) and 0 < d <= YEAR}, int(data["last"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Account({}, 0)


def written(account: Account) -> str:
    """An account as memory holds it."""
    days = {str(index): round(days, 2) for index, days in sorted(account.days.items())}
    return json.dumps({"days": days, "last": account.last_day})


def entered_until(account: Account, ratio: float, day: int) -> Account:
    """The account after our price has stood until today; older days fade over a year."""
    passed = min(day - account.last_day, LONGEST_GAP) if account.last_day else 1
    if passed <= 0:
        return account
    faded = {index: days * (1 - passed / YEAR) for index, days in account.days.items()}
    here = int(lattice_index(np.array([ratio]))[0])
    faded[here] = faded.get(here, 0.0) + passed
    return Account(faded, day)


def ledger(account: Account, cost_ratio: float, sold: Floats) -> Floats:
    """Weeks of profit gained or lost against the base price, as every state has it: (state,).

    Args:
        account: days at each lattice price.
        cost_ratio: cost relative to the base price.
        sold: sales at every lattice price relative to those at the base price, (price, state).
    """
    found = np.zeros(STATES)
    cost = min(cost_ratio, 0.95)
    for index, days in account.days.items():
        ratio = LATTICE[index]
        gained = relative_profit(sold[index], np.array(ratio), np.array(cost)) - 1
        found += days / 7 * gained
    return found
