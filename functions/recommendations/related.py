"""What could stand in a product's place: how much its meaning and how much its words should count.

No order says what a buyer would have taken instead. What comes nearest is a buyer who came back for something else::

    a buyer's last order before the cut ── one product of it is looked at
    their orders after the cut           ── right is what they bought for the first time, beside neither that product
                                            nor its like: products that shared its buyers more often than chance,
                                            and its orders less often than its buyers

(Substitutes are bought by the same people at other times: the reading of McAuley et al. 2015 and Chen et al. 2020
for shops that see orders but no views.) Its weakness: variety and seasons look the same as replacement; two colours of
one thing that are ordered together count as companions; and what was never sold before the cut cannot be right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from functions.recommendations.cases import Cases, time_split
from functions.recommendations.choice import FEWEST_CASES, Candidate
from functions.recommendations.judging import Judged, judge
from functions.recommendations.sales import Floats, Ints, Sales, Scores

SHARES = (0.5, 0.0, 0.25, 0.75, 1.0)
"""What meaning may count, words the rest; the first is used where nothing is surely better."""
NEWEST = 0.15
MOST, FEWEST, CELLS = 1_000, 200, 20_000_000
"""Buyers who are asked about, drawn with a fixed seed: fewer where there are many products, by scores in all."""


def named(share: float) -> str:
    """As the card names it."""
    return f"meaning {share:.2f}, words {1 - share:.2f}"


def alternatives(bought: Sales, seed: int = 0) -> Cases:
    """One case per returning buyer who has an answer: one product looked at; only it is blocked."""
    begin = float(np.quantile(bought.day, 1 - NEWEST)) if len(bought) else 0.0
    known = bought.before(begin)
    most = int(np.clip(CELLS // max(bought.items, 1), FEWEST, MOST))
    asked = time_split(bought, begin, bought.last_day + 1.0, repeats=False).sample(most, seed)
    random = np.random.default_rng(seed)
    apart = _Apart(known)
    looked, answers = [], []
    for case in asked.blocks(1):
        last = case.items[case.step == 0]
        own = int(random.choice(last))
        right = [other for other in case.targets.tolist() if apart.instead(own, other)]
        if right:
            looked.append(own)
            answers.append(np.array(right, np.int64))
    return _cases(np.array(looked, np.int64), answers)


def _cases(own: Ints, answers: Sequence[Ints]) -> Cases:
    count, cuts = len(own), np.arange(len(own) + 1)
    return Cases(
        starts=cuts, items=own, age=np.zeros(count), step=np.zeros(count, np.int64),
        target_starts=np.cumsum([0, *map(len, answers)]), targets=np.concatenate([np.empty(0, np.int64), *answers]),
        blocked_starts=cuts, blocked=own, country=np.full(count, -1),
    )  # fmt: skip


class _Apart:
    """Who bought each product, and in which orders."""

    def __init__(self, known: Sales) -> None:
        named = known.where(known.customer >= 0)
        self._buyers, self._orders = _by_item(named, named.customer), _by_item(named, named.basket)
        self._all = len(np.unique(named.customer)), len(np.unique(named.basket))

    def instead(self, own: int, other: int) -> bool:
        """Whether two products share buyers more often than chance, and orders less often than buyers."""
        buyers = _lift(self._buyers[own], self._buyers[other], self._all[0])
        return buyers > max(1.0, _lift(self._orders[own], self._orders[other], self._all[1]))


def _by_item(lines: Sales, owner: Ints) -> list[Ints]:
    pairs = np.unique(lines.item * (int(owner.max(initial=0)) + 1) + owner)
    item, owners = np.divmod(pairs, int(owner.max(initial=0)) + 1)
    return np.split(owners, np.searchsorted(item, np.arange(1, lines.items)))


def _lift(one: Ints, other: Ints, of: int) -> float:
    """How much more often both meet than by chance."""
    if not len(one) or not len(other):
        return 0.0
    return len(np.intersect1d(one, other, assume_unique=True)) * of / (len(one) * len(other))


def compared(views: tuple[Scores, Scores], bought: Sales) -> tuple[list[Candidate], Judged | None]:
    """Each share of meaning on these questions, and what sells best beside them; nothing with too few."""
    cases = alternatives(bought)
    if len(cases) < FEWEST_CASES:
        return [], None
    shares = SHARES if views[0].any() else (0.0,)
    found = [
        Candidate(name=named(share), parts=None, judged=judge(_Mixed(views, share), cases, bought.items), seconds=0.0)
        for share in shares
    ]
    begin = float(np.quantile(bought.day, 1 - NEWEST))
    sold: Floats = np.bincount(bought.between(begin - 30.0, begin).item, minlength=bought.items).astype(np.float64)
    usual = judge(lambda some: np.tile(sold.astype(np.float32), (len(some), 1)), cases, bought.items)
    return found, usual


class _Mixed:
    """Cosines of meaning and of words, weighed."""

    def __init__(self, views: tuple[Scores, Scores], share: float) -> None:
        self._views, self._share = views, np.float32(share)

    def __call__(self, cases: Cases) -> Scores:
        meanings, words = self._views
        mixed: Scores = self._share * (meanings[cases.items] @ meanings.T)
        mixed += (1 - self._share) * (words[cases.items] @ words.T)
        return mixed
