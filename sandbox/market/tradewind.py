"""Our policy as a player of the market: what the shop can see in, prices out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from functions.repricing.beliefs import Beliefs, Learning, centre, dispersion, posterior, shipped_prior
from functions.repricing.curves import STATES
from functions.repricing.ledger import entered
from functions.repricing.lessons import Lessons, learn
from functions.repricing.policy import Situation, Stance, choose
from functions.repricing.sharing import reweigh
from functions.repricing.weeks import Observed, observe
from sandbox.market.draws import Floats
from sandbox.market.simulate import Past, Player, Policy, Sales, Week


@dataclass(slots=True)
class Repricer:
    """The product's beliefs, ledger and choice, week by week."""

    past: Past
    stance: Stance
    beliefs: Beliefs
    ledger: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = np.zeros((*self.past.base_price.shape, STATES))

    def choose(self, week: Week) -> Floats:
        """The product's next price for every product of every shop."""
        base, beliefs = self.past.base_price, self.beliefs
        situation = Situation(
            weights=_flat(posterior(beliefs)), level=_flat(beliefs.level), ledger=_flat(self.ledger),
            ratio=_flat(week.price / base), cost_ratio=_flat(week.cost / base),
            lower=_flat(week.lower / base), upper=_flat(week.upper / base),
            dispersion=_flat(dispersion(beliefs) + beliefs.level_var),
            centre=_flat(centre(beliefs)), weeks_left=week.left,
        )  # fmt: skip
        return np.asarray(choose(situation, self.stance).ratio.reshape(base.shape) * base)

    def learn(self, week: Week, sales: Sales) -> None:
        """Enter the week into the ledger, the beliefs and the shared prior."""
        base = self.past.base_price
        self.ledger = entered(self.ledger, sales.price / base, week.cost / base)
        seen = Observed(
            ratio=sales.price / base, units=sales.units, sold_out=sales.sold_out,
            rival_ratio=week.rival / base, known=np.ones_like(base),
        )  # fmt: skip
        self.beliefs = reweigh(observe(self.beliefs, seen))


def _flat(values: Floats) -> Floats:
    """Shops and products as one axis."""
    return values.reshape(-1, *values.shape[2:])


def tradewind(
    stance: Stance = Stance(),  # noqa: B008  frozen
    learning: Learning = Learning(),  # noqa: B008  frozen
    seen: Callable[[Repricer], None] = lambda _player: None,
) -> Policy:
    """Our policy; `seen` is handed the player, for those who want to look at its beliefs afterwards."""

    def start(past: Past) -> Player:
        base = past.base_price[..., None]
        lessons = Lessons(
            ratio=past.price / base, units=past.units, sold_out=past.sold_out, rival_ratio=past.rival / base,
            known=np.ones_like(past.price),
        )  # fmt: skip
        claimed = replace(learning, power=past.overconfidence)
        player = Repricer(past, stance, learn(lessons, shipped_prior(*past.prior), claimed))
        seen(player)
        return player

    return start
