"""Card payments as the Fraud Detection Handbook simulates them, rebuilt from its text.

Le Borgne, Siblini, Lebichot & Bontempi (2022), "Reproducible Machine Learning for Credit Card Fraud Detection -
Practical Handbook", chapter 3: 5,000 customers with a place, a mean amount and a pace; 10,000 terminals; payments at
terminals within reach; fraud by three scenarios (amounts over 220; two terminals a day taken over for 28 days; three
customers a day whose amounts are multiplied for 14 days). The same seeds give the same payments.
"""

import random
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from functions.screening.columns import Floats, Ints

CUSTOMERS, TERMINALS, REACH, DAY = 5_000, 10_000, 5.0, 86_400
WINDOWS: Final = (1, 7, 30)
DELAY: Final = 7
"""Days until a fraud is known."""
DAYS: Final = 150
"""So many are needed to judge day 135: what is stolen from a customer hangs on their next fourteen days."""


@dataclass(frozen=True, slots=True)
class Payments:
    """In time order; ``at`` in seconds since the first day began."""

    at: Ints
    customer: Ints
    terminal: Ints
    amount: Floats
    fraud: Floats

    @property
    def day(self) -> Ints:
        """0 for the first."""
        return self.at // DAY


def payments(days: int = DAYS, customers: int = CUSTOMERS, terminals: int = TERMINALS) -> Payments:
    """The first ``days`` days from 1 April 2018."""
    people = _people(customers)
    where = np.random.RandomState(1).uniform(0, 100, (terminals, 2))
    rows: list[tuple[int, int, int, float]] = []
    for number, (x, y, mean, pace) in enumerate(people.tolist()):
        near = np.flatnonzero(np.sqrt(((where - (x, y)) ** 2).sum(1)) < REACH).tolist()
        rows += _of_customer(number, near, mean, pace, days)
    found = np.array(rows)
    found = found[np.argsort(found[:, 0], kind="stable")]
    at, customer, terminal = (found[:, place].astype(np.int64) for place in range(3))
    return _with_fraud(Payments(at, customer, terminal, found[:, 3], np.zeros(len(found))), customers, terminals)


def _people(customers: int) -> Floats:
    """Place, mean amount and payments a day of each customer, drawn one customer after the other."""
    draws = np.random.RandomState(0).uniform(0, 1, (customers, 4))
    return np.asarray(draws * np.array([100, 100, 95, 4]) + np.array([0, 0, 5, 0]))


def _of_customer(
    number: int, near: list[int], mean: float, pace: float, days: int
) -> list[tuple[int, int, int, float]]:
    """Draws in the handbook's order: count, then moment, amount and terminal of each payment."""
    numbers, choice = np.random.RandomState(number), random.Random(number)
    found = []
    for day in range(days):
        for _ in range(numbers.poisson(pace)):
            moment = int(numbers.normal(DAY / 2, 20_000))
            if not 0 < moment < DAY:
                continue
            amount = numbers.normal(mean, mean / 2)
            if amount < 0:
                amount = numbers.uniform(0, mean * 2)
            if near:
                found.append((day * DAY + moment, number, choice.choice(near), round(float(amount), 2)))
    return found


def _with_fraud(honest: Payments, customers: int, terminals: int) -> Payments:
    amount, fraud, day = honest.amount.copy(), (honest.amount > 220).astype(float), honest.day
    last = int(day.max())
    for today in range(last):
        taken = np.random.RandomState(today).choice(terminals, 2, replace=False)
        fraud[(day >= today) & (day < today + 28) & np.isin(honest.terminal, taken)] = 1
    for today in range(last):
        robbed = np.random.RandomState(today).choice(customers, 3, replace=False)
        theirs = np.flatnonzero((day >= today) & (day < today + 14) & np.isin(honest.customer, robbed)).tolist()
        hit = random.Random(today).sample(theirs, int(len(theirs) / 3))
        amount[hit] *= 5
        fraud[hit] = 1
    return Payments(honest.at, honest.customer, honest.terminal, amount, fraud)


def table(paid: Payments) -> dict[str, Floats]:
    """The handbook's fifteen features."""
    found = {
        "amount": paid.amount,
        "weekend": ((paid.day + 6) % 7 >= 5).astype(float),  # 1 April 2018 was a Sunday
        "night": (paid.at % DAY // 3_600 <= 6).astype(float),
    }
    for window in WINDOWS:
        count, total = _trailing(paid.customer, paid.at, paid.amount, 0, window)
        found[f"customer_count_{window}d"] = count
        found[f"customer_mean_{window}d"] = total / np.maximum(count, 1)
        count, bad = _trailing(paid.terminal, paid.at, paid.fraud, DELAY, window)
        found[f"terminal_count_{window}d"] = count
        found[f"terminal_risk_{window}d"] = bad / np.maximum(count, 1)
    return found


def _trailing(who: Ints, at: Ints, value: Floats, delay: int, window: int) -> tuple[Floats, Floats]:
    """Count and sum over (t - delay - window, t - delay] of the same ``who``, the payment itself among them."""
    order = np.lexsort((at, who))
    span = np.int64(at.max()) + 400 * DAY
    keys = who[order] * span + at[order] + 200 * DAY
    sums = np.concatenate([[0.0], np.cumsum(value[order])])
    high = np.searchsorted(keys, keys - delay * DAY, side="right")
    low = np.searchsorted(keys, keys - (delay + window) * DAY, side="right")
    count, total = np.empty(len(at)), np.empty(len(at))
    count[order], total[order] = high - low, sums[high] - sums[low]
    return count, total


@dataclass(frozen=True, slots=True)
class Protocol:
    """Train on a week, wait for a week, judge a week: rows of ``Payments``."""

    train: Ints
    test: Ints


def protocol(paid: Payments, start: int = 115, week: int = 7) -> Protocol:
    """From 25 July (day 115). Customers known to be robbed by a day are left out from that day on."""
    day = paid.day
    train = (day >= start) & (day < start + week)
    known = set(paid.customer[train & (paid.fraud > 0)].tolist())
    judged: list[NDArray[np.int64]] = []
    for one in range(week):
        if one:
            late = (day == start + week + one - 1) & (paid.fraud > 0)
            known |= set(paid.customer[late].tolist())
        today = np.flatnonzero(day == start + 2 * week + one)
        judged.append(today[~np.isin(paid.customer[today], list(known))])
    return Protocol(np.flatnonzero(train), np.concatenate(judged))


def card_precision(paid: Payments, test: Ints, score: Floats, top: int = 100) -> float:
    """CP@100: share of robbed customers among each day's hundred most suspicious, those found before left out.

    ``score`` is (test rows,).
    """
    found: set[int] = set()
    each = []
    for today in np.unique(paid.day[test]):
        rows = test[paid.day[test] == today]
        names, place = np.unique(paid.customer[rows], return_inverse=True)
        worst, robbed = np.full(len(names), -np.inf), np.zeros(len(names))
        np.maximum.at(worst, place, score[paid.day[test] == today])
        np.maximum.at(robbed, place, paid.fraud[rows])
        open_ = ~np.isin(names, list(found))
        names, worst, robbed = names[open_], worst[open_], robbed[open_]
        best = np.argsort(-worst, kind="stable")[:top]
        each.append(float(robbed[best].sum()) / top)
        found |= set(names[best][robbed[best] > 0].tolist())
    return float(np.mean(each))
