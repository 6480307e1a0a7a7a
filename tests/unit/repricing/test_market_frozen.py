"""The market was frozen before any policy was tuned in it: its files must stay what they were."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import sandbox.market
from sandbox.market.peers import PEERS
from sandbox.market.simulate import clairvoyant, open_market, play
from sandbox.market.story import story
from sandbox.market.worlds import MATCHED, WORLDS

FROZEN = {
    "demand.py": "c538db1dee1a27569fedc8b4d649748dd85f8673a9ecd42117663bff44646325",
    "draws.py": "8baaf0c33d23992992d79bda6e5a608f5054b71847da1fc6ad56f0086b462866",
    "peers.py": "f6b0564e203c67cb940fae6ac4d1b5b9d676d5de79a19508caae0be07d3a8681",
    "simulate.py": "cd0633be756d4a7f09f95838ffe71438078b06411baee8661947fad0aa1e858b",
    "worlds.py": "8459b2b762c57babaed3a784ca2894ef4f1b1f0302739594df9f1255601df3dc",
}
ROOM = Path(sandbox.market.__file__).parent


@pytest.mark.parametrize("name", sorted(FROZEN))
def test_file_is_the_frozen_one(name: str) -> None:
    assert hashlib.sha256((ROOM / name).read_bytes()).hexdigest() == FROZEN[name]


def test_matched_world_reproduces_the_study() -> None:
    """Share of the clairvoyant and share harmed, within what unspecified constants may move them."""
    market = open_market(MATCHED, list(range(9_000, 9_004)))
    best, kept = clairvoyant(market), play(market, PEERS["keep"])
    for name, share, harmed in (("keep", 0.854, 0.0), ("cost_plus", 0.868, 0.17), ("thompson", 0.915, 0.14)):
        outcome = play(market, PEERS[name])
        assert outcome.share(best).mean() == pytest.approx(share, abs=0.025)
        assert outcome.harmed(kept).mean() == pytest.approx(harmed, abs=0.04)


def test_a_market_does_not_depend_on_its_neighbours() -> None:
    alone, together = open_market(MATCHED, [7]), open_market(MATCHED, [6, 7])
    np.testing.assert_array_equal(alone.past.units[0], together.past.units[1])


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_every_world_is_playable_and_keeps_its_limits(name: str) -> None:
    market = open_market(WORLDS[name], [1])
    outcome = play(market, PEERS["epsilon_greedy"])
    base, cost = market.draws.base_price[..., None], market.draws.cost[..., market.world.history_weeks :]
    assert np.isfinite(outcome.profit).all()
    assert (outcome.prices >= np.maximum(0.7 * base, 1.03 * cost) - 1e-9).all()
    assert (outcome.prices <= 1.6 * base + 1e-9).all()


def test_the_story_is_a_line_per_policy() -> None:
    lines = story(products=40)
    assert set(lines) > {"Tradewind", "All-knowing"}
    assert all(line.shape == (52,) and np.isfinite(line).all() for line in lines.values())
    assert lines["All-knowing"][-1] > lines["Tradewind"][-1] > 0
