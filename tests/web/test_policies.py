"""Configuration as code: fifty shops there and back without a difference, and every fault with its line."""

from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import limits, policies
from chalicelib.domain.ids import FunctionName, Locale, ProductId
from chalicelib.domain.journal import Deed
from chalicelib.domain.shop import Mode, Policy, Units
from chalicelib.errors import Conflict
from chalicelib.web import fields
from tests.web import world as w

WORDS = st.text(st.characters(blacklist_categories=("Cc", "Cs")), min_size=1, max_size=12).map(str.strip).filter(bool)
PLAIN = st.from_regex(r"[a-z0-9][a-z0-9 .-]{0,8}[a-z0-9]", fullmatch=True)


def policy_strategy(words: st.SearchStrategy[str]) -> st.SearchStrategy[Policy]:
    """Policies that a merchant could have."""
    percent = st.decimals(0, 40, places=2)
    prices = st.builds(
        lambda low, high, floor, ends, quiet, map_: replace(
            Policy().prices,
            min_step_pct=min(low, high),
            max_step_pct=max(low, high),
            min_margin_pct=floor,
            charm_endings=tuple(ends),
            quiet_from=quiet,
            quiet_until=quiet,
            minimum_advertised={ProductId(k): v for k, v in map_.items()},
        ),
        percent,
        percent,
        percent,
        st.lists(words, max_size=3),
        st.none() | st.times().map(lambda t: time(t.hour, t.minute)),
        st.dictionaries(words, st.decimals(0, 100, places=2), max_size=2),
    )
    texts = st.builds(
        lambda terms, glossary, units, markets: replace(
            Policy().translations,
            protected_terms=tuple(terms),
            convert_units=units,
            market_units=markets,
            glossary={Locale(k): v for k, v in glossary.items() if v},
        ),
        st.lists(words, max_size=3),
        st.dictionaries(st.sampled_from(["de", "fr"]), st.dictionaries(words, words, max_size=2)),
        st.booleans(),
        st.dictionaries(words, st.sampled_from(Units), max_size=2),
    )
    everywhere = [mode for mode in Mode if mode is not Mode.SHADOW]  # only prices can be watched in shadow
    modes = st.dictionaries(st.sampled_from(["lists", "prices"]).map(FunctionName), st.sampled_from(everywhere))
    return st.builds(
        lambda m, p, t, paused: Policy(modes=m, prices=p, translations=t, paused=paused),
        modes,
        prices,
        texts,
        st.booleans(),
    )


WORLD = w.make()
SHOP = WORLD.open("one")


@settings(max_examples=150, deadline=None)
@given(policy_strategy(WORDS))
def test_what_is_exported_plans_to_no_difference(policy: Policy) -> None:
    running = WORLD.services.shops.policy(SHOP)
    WORLD.services.shops.save_policy(SHOP, replace(policy, version=running.version))
    text = policies.export(WORLD.services, [SHOP])
    assert policies.plan(WORLD.services, text).differences == []


@settings(max_examples=100, deadline=None)
@given(policy_strategy(PLAIN))
def test_what_a_form_shows_reads_back_as_it_was(policy: Policy) -> None:
    for limit in limits.every():
        value = limit.of(policy)
        assert limit.read(fields.raw(limit, fields.shown(value))) == value, limit.path


def test_fifty_shops_there_and_back() -> None:
    world = w.make()
    shops = [world.open(f"shop{number:02}") for number in range(50)]
    text = "[templates.careful]\nmodes.prices = 'propose'\nprices.max_step_pct = 3\n" + "".join(
        f'[shops."{shop}"]\ntemplate = "careful"\nprices.min_margin_pct = {number}\n'
        for number, shop in enumerate(shops)
    )
    planned = policies.plan(world.services, text)
    assert planned.changed == frozenset(shops)
    assert len(policies.apply(world.services, planned, "me@shop.example")) == 50
    assert policies.plan(world.services, text).differences == []
    assert policies.plan(world.services, policies.export(world.services)).differences == []
    entries = list(world.services.journal.entries(shops[7], until=world.services.clock.now()))
    entry = next(one for one in entries if one.deed is Deed.SETTINGS)
    assert (entry.by, "prices.min_margin_pct: 10 -> 7" in entry.note) == ("me@shop.example", True)
    assert policies.apply(world.services, policies.plan(world.services, text), "me") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[shops."{shop}"]\n\nprices.max_step_pct = 300', "line 3: shops.{shop}.prices.max_step_pct: must be between"),
        (
            '[shops."{shop}"]\n[shops."{shop}".prices]\nmax_stop_pct = 3',
            "line 3: shops.{shop}.prices.max_stop_pct: is no",
        ),
        ('[shops."{shop}"]\nmodes.price = "off"', "line 2: shops.{shop}.modes.price: is no function"),
        ('[shops."{shop}"]\nmodes.prices = "on"', "line 2: shops.{shop}.modes.prices: must be one of"),
        ('[shops."bazaar:none"]\npaused = true', "line 1: shops.bazaar:none: this shop is not connected"),
        ('# a file\n[shops."{shop}"]\ntemplate = "none"', "line 3: shops.{shop}.template: there is no template"),
        ('[shops."{shop}"]\npaused = "yes"', "line 2: shops.{shop}.paused: must be true or false"),
        ('[shops."{shop}"]\nprices.min_margin_pct = 99', "line 2: shops.{shop}.prices.min_margin_pct: margin"),
        ('[shop."{shop}"]', "line 1: shop: is neither templates nor shops"),
        ('[shops."{shop}"]\nprices = ', "line 2"),
        ("shops = 3", "line 1: shops: must hold tables"),
    ],
)
def test_every_fault_names_its_line_and_nothing_is_written(text: str, words: str) -> None:
    with pytest.raises(policies.WrongFile) as told:
        policies.plan(WORLD.services, text.replace("{shop}", SHOP))
    assert words.replace("{shop}", SHOP) in told.value.merchant_message


def test_a_concurrent_edit_is_a_conflict() -> None:
    world = w.make()
    shop = world.open("one")
    planned = policies.plan(world.services, f'[shops."{shop}"]\nprices.max_step_pct = 3')
    world.services.shops.save_policy(shop, replace(world.services.shops.policy(shop), paused=True))
    with pytest.raises(Conflict, match="changed since the plan"):
        policies.apply(world.services, planned, "me")
    assert world.services.shops.policy(shop).paused


def test_a_template_leaves_what_it_does_not_name_and_what_a_shop_set_itself() -> None:
    functions: Any = w.functions()
    runs = replace(Policy(), prices=replace(Policy().prices, max_step_pct=Decimal(4), cooldown_hours=10))
    laid = policies.overlay(runs, "prices.max_step_pct = 3\nmodes.prices = 'propose'", functions)
    assert (laid.prices.max_step_pct, laid.prices.cooldown_hours) == (Decimal(3), 10)
    own = replace(laid, prices=replace(laid.prices, max_step_pct=Decimal(2)))
    again = policies.overlay(own, "prices.max_step_pct = 5\nprices.cooldown_hours = 20", functions)
    last = policies.overlay(own, "prices.max_step_pct = 3\nmodes.prices = 'propose'", functions)
    kept = policies.keep_own(own, again, last)
    assert (kept.prices.max_step_pct, kept.prices.cooldown_hours) == (Decimal(2), 20)


def test_every_limit_says_what_it_is() -> None:
    for limit in limits.every():
        assert limit.label
        assert limit.help


def test_shop_ids_are_quoted() -> None:
    assert policies.line_of('[shops."a.b:c"]\nx.y = 1', ("shops", "a.b:c", "x", "y")) == 2
