"""Play a policy in a market and measure what it earned against the best possible, and whom it harmed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sandbox.market.demand import mean_units, sold
from sandbox.market.draws import RIVAL_PERSISTENCE, Draws, Floats, draw
from sandbox.market.worlds import World

STEP = 0.10
"""Largest relative price change in a week."""
HARMED_BELOW = 0.95
"""A product is harmed when its expected profit falls below this share of that under its old price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a shop knows of its products when a policy starts; series are (seed, product, week)."""

    price: Floats
    units: Floats
    rival: Floats
    base_price: Floats
    sold_out: Floats
    prior: tuple[float, float]
    overconfidence: float
    weeks: int
    """Weeks of play that follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What a shop knows when it sets this week's prices; arrays are (seed, product)."""

    number: int
    left: int
    """Weeks still to be played, this one among them."""
    price: Floats
    """The price that stands."""
    cost: Floats
    rival: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """What the week brought."""

    price: Floats
    units: Floats
    sold_out: Floats


class Player(Protocol):
    """A policy at work in one batch of shops; shops of a batch share nothing."""

    def choose(self, week: Week) -> Floats:
        """Wanted prices; the simulator clips them to limits and step."""
        ...

    def learn(self, week: Week, sales: Sales) -> None:
        """See what was sold."""
        ...


type Policy = Callable[[Past], Player]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Expected profit per (seed, product) over the play, and the prices (seed, product, week)."""

    profit: Floats
    prices: Floats

    def share(self, best: "Outcome") -> Floats:
        """Per seed, the share of the clairvoyant's profit."""
        return np.asarray(self.profit.sum(axis=1) / best.profit.sum(axis=1))

    def harmed(self, kept: "Outcome") -> Floats:
        """Per seed, the share of products clearly worse off than under their old price."""
        return np.asarray((self.profit < HARMED_BELOW * kept.profit).mean(axis=1))


@dataclass(frozen=True, slots=True)
class Market:
    """A drawn market, with the history every policy is shown."""

    world: World
    draws: Draws
    past: Past
    rival: Floats
    """Log of the rival's price relative to the base price when play starts."""


def open_market(world: World, seeds: list[int]) -> Market:
    """Draw the shops and live through their history once."""
    draws = draw(world, seeds)
    rival, rivals, units = np.zeros_like(draws.base_price), [], []
    for t in range(world.history_weeks):
        rival = _next_rival(world, draws, t, rival, np.zeros_like(rival))
        prices = draws.history_price[..., t]
        rivals.append(draws.base_price * np.exp(rival))
        units.append(sold(world, draws, t, mean_units(world, draws, t, prices, prices, rivals[-1])))
    seen = np.stack(units, axis=-1)
    past = Past(
        price=draws.history_price, units=seen, rival=np.stack(rivals, axis=-1), base_price=draws.base_price,
        sold_out=(seen >= np.floor(draws.capacity)[..., None]).astype(float),
        prior=world.prior, overconfidence=world.overconfidence, weeks=world.weeks,
    )  # fmt: skip
    return Market(world, draws, past, rival)


def _next_rival(world: World, draws: Draws, week: int, rival: Floats, ours: Floats) -> Floats:
    drawn = RIVAL_PERSISTENCE * rival + draws.rival_noise[..., week]
    return np.asarray(drawn + world.competitor_reaction * (ours - drawn))


def play(market: Market, policy: Policy) -> Outcome:
    """Let a policy price every week and sum up the expected profit, free of the luck of single sales."""
    world, draws = market.world, market.draws
    player, rival, price = policy(market.past), market.rival, draws.base_price
    profit, prices = np.zeros_like(price), []
    for number in range(world.weeks):
        t = world.history_weeks + number
        rival = _next_rival(world, draws, t, rival, np.log(price / draws.base_price))
        week = _week(market, number, price, rival)
        price = _within(week, player.choose(week))
        mean = mean_units(world, draws, t, price, price, week.rival)
        units = sold(world, draws, t, mean)
        profit += np.minimum(mean, draws.capacity) * (price - week.cost)
        sold_out = (units >= np.floor(draws.capacity)).astype(float)
        player.learn(week, Sales(price=price, units=units, sold_out=sold_out))
        prices.append(price)
    return Outcome(profit, np.stack(prices, axis=-1))


def _week(market: Market, number: int, price: Floats, rival: Floats) -> Week:
    draws, world = market.draws, market.world
    cost = draws.cost[..., world.history_weeks + number]
    return Week(
        number=number, left=world.weeks - number, price=price, cost=cost,
        rival=draws.base_price * np.exp(rival),
        lower=np.maximum(0.7 * draws.base_price, 1.03 * cost), upper=1.6 * draws.base_price,
    )  # fmt: skip


def _within(week: Week, wanted: Floats) -> Floats:
    """Step first, then the limits: a floor raised by cost may move a price further than a step."""
    if not np.isfinite(wanted).all():
        raise ValueError("the policy returned a price that is not a number")
    stepped = np.clip(wanted, week.price * (1 - STEP), week.price * (1 + STEP))
    return np.asarray(np.clip(stepped, week.lower, week.upper))


def clairvoyant(market: Market) -> Outcome:
    """The profit of somebody who knows every curve but not the noise, under the same limits."""
    return play(market, lambda _past: _Clairvoyant(market))


@dataclass(frozen=True, slots=True)
class _Clairvoyant:
    market: Market

    def choose(self, week: Week) -> Floats:
        """The best price on a fine grid of all allowed ones, the rest of the shop standing still."""
        market, t = self.market, self.market.world.history_weeks + week.number
        best, most = week.price.copy(), np.full_like(week.price, -np.inf)
        for part in np.linspace(0.0, 1.0, 121):
            price = week.lower + part * (week.upper - week.lower)
            mean = mean_units(market.world, market.draws, t, price, week.price, week.rival)
            earned = np.minimum(mean, market.draws.capacity) * (price - week.cost)
            best, most = np.where(earned > most, price, best), np.maximum(earned, most)
        return best

    def learn(self, week: Week, sales: Sales) -> None:
        """Nothing to learn."""
