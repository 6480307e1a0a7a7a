"""Which model is used: the additive one, unless trees win by more than noise on rows that neither of them saw."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from functions.screening.columns import Floats, Ints

CHALLENGED_FROM: Final = 10_000
"""Labels from which on trees may challenge the additive model."""
FRAUDS: Final = 100
"""…and so many frauds among them."""
SHARES: Final = (0.25, 0.5, 0.75, 1.0)
SURE: Final = 2.0
"""Standard errors by which a challenger must win."""


@dataclass(frozen=True, slots=True)
class Contest:
    """How a challenger did: nats a row that it saves against the champion, and how sure that is."""

    share: float
    """Of the trees in the model that is used; 0 keeps the additive model."""
    saved: float
    error: float

    @property
    def won(self) -> bool:
        """Whether the challenger is used."""
        return self.share > 0


def losses(logit: Floats, label: Floats) -> Floats:
    """Negative log likelihood of each row, in nats."""
    return np.asarray(np.logaddexp(0, logit) - label * logit)


def contest(champion: Floats, challenger: Floats, label: Floats, group: Ints) -> Contest:
    """Hold two models' calibrated logits against each other on rows that neither saw.

    The share of trees is the smallest that is within a standard error of the best, for what is additive explains
    itself best; it counts only if it wins by more than ``SURE`` standard errors over identities.
    """
    before = losses(champion, label)
    tried = {share: before - losses((1 - share) * champion + share * challenger, label) for share in SHARES}
    best = max(tried, key=lambda each: float(tried[each].mean()))
    near = {each: sure(tried[best] - tried[each], group) for each in SHARES}
    share = next(each for each in SHARES if near[each][0] <= near[each][1])
    saved, error = sure(tried[share], group)
    return Contest(share if saved > SURE * error else 0.0, saved, error)


def least_loss(one: Floats, other: Floats, label: Floats) -> float:
    """The share of the other in the blend that does best on rows left out."""
    seen = np.isfinite(one) & np.isfinite(other)
    x, y, bad = one[seen], other[seen], label[seen]
    return min(SHARES, key=lambda share: float(losses((1 - share) * x + share * y, bad).mean()))


def sure(saved: Floats, group: Ints) -> tuple[float, float]:
    """The mean over rows, and its standard error with identities as the units that were drawn."""
    names, place = np.unique(group, return_inverse=True)
    mean = float(saved.mean())
    parts = np.bincount(place, saved - mean, len(names))
    return mean, float(np.sqrt((parts**2).sum()) / len(saved))
