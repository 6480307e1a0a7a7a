"""Repricing in figures: the policy against its peers in the market simulator, and the pricing step's speed.

The market was frozen before the policy was tuned (on seeds below 2,000); these figures are from other seeds.
No figure here says what a shop would earn: simulated buyers are not buyers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sandbox.market.draws import Floats
from sandbox.market.peers import PEERS
from sandbox.market.simulate import Outcome, clairvoyant, open_market, play
from sandbox.market.tradewind import tradewind
from sandbox.market.worlds import WORLDS

JUDGES = tuple(range(4_000, 4_020))
CENTRAL = ("promotions", "flat")
WRONG_PRIORS = ("prior_too_steep", "prior_too_flat")


@dataclass(frozen=True, slots=True)
class Result:
    """One policy in one world: per seed, share of the clairvoyant's profit and share of products harmed, in
    %."""

    share: Floats
    harmed: Floats

    def __str__(self) -> str:
        half = 1.96 * self.share.std(ddof=1) / np.sqrt(len(self.share))
        return f"{self.share.mean():.1f} ± {half:.1f} %, {self.harmed.mean():.1f} % harmed"


def results(world: str, seeds: tuple[int, ...] = JUDGES) -> dict[str, Result]:
    """Every policy in one world, with the same customers."""
    market = open_market(WORLDS[world], list(seeds))
    best, kept = clairvoyant(market), play(market, PEERS["keep"])

    def judged(outcome: Outcome) -> Result:
        return Result(100 * outcome.share(best), 100 * outcome.harmed(kept))

    return {
        name: judged(play(market, policy)) for name, policy in ({"tradewind": tradewind()} | PEERS).items()
    }


def rows() -> Iterator[dict[str, Any]]:
    """Profit and harm in every world, ours beside its strongest published-style peer."""
    found = {world: results(world) for world in WORLDS}
    for world in CENTRAL:
        yield from _central(world, found[world])
    yield _wrong_prior({world: found[world] for world in WRONG_PRIORS})
    for world in (name for name in WORLDS if name not in CENTRAL):
        yield from _elsewhere(world, found[world])


def _row(
    name: str, value: float, unit: str, peer: str = "", peer_value: float | None = None, note: str = ""
) -> dict[str, Any]:
    ratio = value / peer_value if peer_value else None
    return {
        "name": name, "value": round(value, 3), "unit": unit, "peer": peer,
        "peer_value": None if peer_value is None else round(peer_value, 3), "ratio": ratio, "note": note,
    }  # fmt: skip


def _central(world: str, found: dict[str, Result]) -> Iterator[dict[str, Any]]:
    ours, peer = found["tradewind"], found["thompson"]
    note = "; ".join(f"{name} {result}" for name, result in found.items())
    name = f"repricing.{world}"
    yield _row(f"{name}.profit_share", ours.share.mean(), "%", "thompson", peer.share.mean(), note)
    yield _row(f"{name}.harmed_share", ours.harmed.mean(), "%", "thompson", peer.harmed.mean(), "20 seeds")
    paired = ours.share - peer.share
    half = 1.96 * paired.std(ddof=1) / np.sqrt(len(paired))
    yield _row(f"{name}.points_over_thompson", paired.mean(), "points", note=f"paired, ± {half:.2f}")


def _wrong_prior(found: dict[str, dict[str, Result]]) -> dict[str, Any]:
    def over(policy: str) -> float:
        gaps = [(one[policy].share - one["keep"].share).mean() for one in found.values()]
        return float(min(gaps))

    note = "; ".join(f"{world}: {one['tradewind']}" for world, one in found.items())
    return _row(
        "repricing.wrong_prior.profit_over_fixed",
        over("tradewind"),
        "points",
        "thompson",
        over("thompson"),
        note,
    )


def _elsewhere(world: str, found: dict[str, Result]) -> Iterator[dict[str, Any]]:
    ours, peer = found["tradewind"], found["thompson"]
    note = f"keeping the price {found['keep'].share.mean():.1f}; {ours}"
    name = f"repricing.{world}"
    yield _row(f"{name}.profit_share", ours.share.mean(), "%", "thompson", peer.share.mean(), note)
    yield _row(f"{name}.harmed_share", ours.harmed.mean(), "%", "thompson", peer.harmed.mean())
