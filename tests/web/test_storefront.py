"""A buyer waits: ids from the lists last applied, keyed access, never an error."""

import json
from dataclasses import replace
from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import deciding
from chalicelib.contracts import Visit
from chalicelib.domain.ids import ProductId, ShopId
from chalicelib.web import storefront
from tests.web import world as w


def ask(world: w.World, shop: ShopId, **query: str) -> dict[str, object]:
    found = storefront.answer(world.services, {"rawQueryString": urlencode({"shop": shop, **query})})
    assert found["statusCode"] == 200
    return {**json.loads(found["body"]), "cache": found["headers"]["Cache-Control"]}


def applied() -> tuple[w.World, ShopId, str]:
    world = w.make()
    shop = world.open("one", goods=8)
    proposal = w.recommendation(world, shop, 0, (1, 2, 3))
    deciding.approve(world.services, shop, proposal.id, w.OWNER)
    return world, shop, storefront.key_of(world.services, shop)


def test_lists_last_applied_without_what_is_in_the_cart_or_sold_out() -> None:
    world, shop, key = applied()
    assert ask(world, shop, key=key, product="p0", slot="related")["products"] == ["p1", "p2", "p3"]
    assert ask(world, shop, key=key, product="p0", cart="p2")["products"] == ["p1", "p3"]
    seen = world.services.catalogue.get(shop, ProductId("p1"))
    assert seen is not None
    assert seen.product is not None
    gone = replace(seen.product, variants=tuple(replace(v, sellable=False) for v in seen.product.variants))
    world.services.catalogue.see(shop, gone)
    assert ask(world, shop, key=key, product="p0")["products"] == ["p2", "p3"]
    assert "public" in str(ask(world, shop, key=key, product="p0")["cache"])
    assert "private" in str(ask(world, shop, key=key, product="p0", cart="p2")["cache"])


def test_another_shops_key_opens_nothing() -> None:
    world, shop, _ = applied()
    other = world.open("two", goods=2)
    wrong = storefront.key_of(world.services, other)
    assert ask(world, shop, key=wrong, product="p0")["products"] == []
    assert ask(world, shop, product="p0")["products"] == []


def test_nothing_is_shown_while_everything_is_stopped() -> None:
    world, shop, key = applied()
    policy = world.services.shops.policy(shop)
    world.services.shops.save_policy(shop, replace(policy, paused=True))
    assert ask(world, shop, key=key, product="p0")["products"] == []


def test_a_list_for_this_visit_comes_from_the_function_that_makes_them() -> None:
    world, shop, key = applied()

    class Server(w.Pretender):
        def serve(self, visit: Visit, models: object) -> list[ProductId]:
            asked.append(visit)
            return [ProductId("p5"), ProductId("p0"), ProductId("p4"), ProductId("unknown")]

    asked: list[Visit] = []
    lists = world.services.functions[next(iter(world.services.functions))]
    server = Server(lists.name, lists.label, frozenset(lists.capabilities))
    assert ask(world, shop, key=key, slot="for-cart", cart="p0")["products"] == [], "no function makes lists yet"
    world.services = replace(world.services, functions={**world.services.functions, lists.name: server})
    found = ask(world, shop, key=key, slot="for-cart", cart="p0,p2", country="de")
    assert (found["products"], found["from"]) == (["p5", "p4"], "model")
    assert (asked[0].products, asked[0].country, asked[0].past) == (("p0", "p2"), "DE", ())
    assert ask(world, shop, key=key, product="p0")["from"] == "lists", "written lists are what stands in the store"


def test_a_slot_that_nobody_knows_is_no_error() -> None:
    world, shop, key = applied()
    assert ask(world, shop, key=key, slot="for-the-moon", product="p0")["products"] == []


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_whatever_is_asked_the_buyer_sees_an_answer(raw: str) -> None:
    found = storefront.answer(WORLD.services, {"rawQueryString": raw})
    assert found["statusCode"] == 200
    assert json.loads(found["body"])["products"] == []


WORLD = w.make()
