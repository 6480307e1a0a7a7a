"""Our policy as a player of the market: what the shop can see in, prices out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from functions.repricing.beliefs import Beliefs, Learning, centre, dispersion, posterior, shipped_prior, temperature
from functions.repricing.curves import STATES, relative_units
from functions.repricing.kinship import Kinship, burden, kinship, siblings_mean, taken
from functions.repricing.ledger import caution, entered
from functions.repricing.lessons import Lessons, learn
from functions.repricing.policy import Situation, Stance, choose
from functions.repricing.scarcity import Shelf, relative_sold
from functions.repricing.sharing import reweigh
from functions.repricing.weeks import Observed, observe
from sandbox.market.draws import CATEGORY, Floats
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
        weights = posterior(beliefs)
        situation = Situation(
            weights=_flat(weights), level=_flat(beliefs.level), ledger=_flat(self.ledger),
            ratio=_flat(week.price / base), cost_ratio=_flat(week.cost / base),
            lower=_flat(week.lower / base), upper=_flat(week.upper / base),
            dispersion=_flat(dispersion(beliefs) + beliefs.level_var),
            centre=_flat(centre(beliefs, weights)), weeks_left=week.left, burden=_flat(self._burden(week, weights)),
            supply=_flat(beliefs.supply), caution=np.repeat(caution(temperature(beliefs)), base.shape[1]),
        )  # fmt: skip
        return np.asarray(choose(situation, self.stance).ratio.reshape(base.shape) * base)

    def _burden(self, week: Week, weights: Floats) -> Floats:
        base, beliefs = self.past.base_price, self.beliefs
        units = (weights * beliefs.level * relative_units(week.price / base)).sum(axis=-1)
        return burden(beliefs.kin, units * (week.price - week.cost), base)

    def learn(self, week: Week, sales: Sales) -> None:
        """Enter the week into the ledger, the beliefs and the shared prior."""
        base, kin = self.past.base_price, self.beliefs.kin
        drawn = taken(kin, siblings_mean(kin, np.log(sales.price / base)))
        self.ledger = entered(self.ledger, sales.price / base, week.cost / base, drawn, self._sold(sales.price / base))
        seen = Observed(
            ratio=sales.price / base, units=sales.units, sold_out=sales.sold_out,
            rival_ratio=week.rival / base, known=np.ones_like(base),
        )  # fmt: skip
        self.beliefs = reweigh(observe(self.beliefs, seen), rounds=2)


    def _sold(self, ratio: Floats) -> Floats:
        """Sales relative to those at the reference price, as far as the supply goes."""
        beliefs = self.beliefs
        relative = relative_units(ratio)
        rows = np.nonzero(np.isfinite(beliefs.supply))
        noise = dispersion(beliefs) + beliefs.level_var
        shelf = Shelf(level=beliefs.level[rows], supply=beliefs.supply[rows], noise=noise[rows])
        relative[rows] = relative_sold(shelf, relative[rows][:, None, :])[0][:, 0]
        return relative


def _categories(shape: tuple[int, ...]) -> Kinship:
    """What a shop knows of its goods in every world: which of them are of one kind."""
    return kinship(np.broadcast_to(np.arange(shape[1]) // CATEGORY, shape))


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
            known=np.ones_like(past.price), kin=_categories(past.base_price.shape),
        )  # fmt: skip
        claimed = replace(learning, power=past.overconfidence)
        player = Repricer(past, stance, learn(lessons, shipped_prior(*past.prior), claimed))
        seen(player)
        return player

    return start
