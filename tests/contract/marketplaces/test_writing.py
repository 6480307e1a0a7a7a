"""Writes: done once, read back, undone exactly, and never over a human's edit."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chalicelib.contracts import Capability, Change, Receipt, TextPlace
from chalicelib.domain.actions import (
    Action,
    AssessOrder,
    HoldOrder,
    PublishTranslation,
    RiskFact,
    RiskLevel,
    Sentiment,
    SetPrice,
    SetRecommendations,
    Slot,
    Snapshot,
    TagOrder,
    TranslatedField,
    intended,
)
from chalicelib.domain.ids import IdempotencyKey, Locale, MarketId, OrderId, ProductId, VariantId
from chalicelib.domain.money import Money
from chalicelib.errors import Gone, StaleState, UnsupportedAction
from tests.contract.marketplaces.worlds import World, texts_of

NOTHING = Snapshot(value=None, read_at=datetime(2026, 1, 1, tzinfo=UTC))


def changes(world: World, *actions: Action) -> list[Change]:
    """Changes decided on what the store holds now."""
    held = world.client.read(actions)
    return [
        Change(action=action, before=held.get(action.target, NOTHING), key=IdempotencyKey(f"key-{n}"))
        for n, action in enumerate(actions)
    ]


def apply_one(world: World, action: Action) -> tuple[Change, Receipt]:
    (change,) = changes(world, action)
    (answer,) = world.client.apply([change])
    assert isinstance(answer, Receipt), answer
    return change, answer


def translation(world: World, value: str = "Tee eins") -> PublishTranslation:
    resource = world.goods[0]
    source = {text.key: text.digest for text in texts_of(world.client, resource, world.locale).source}
    field = TranslatedField(key="title", value=value, source_digest=source["title"])
    return PublishTranslation(resource_id=resource, locale=world.locale, fields=(field,))


def samples(world: World) -> dict[Capability, Action]:
    """One action per capability that is an action."""
    market_price = world.price_action(amount="9.00")
    if world.market is not None:
        market = world.market
        price = Money(Decimal("9.00"), "CHF")
        market_price = SetPrice(
            product_id=market_price.product_id, variant_id=market_price.variant_id, price=price, market=market
        )
    fact = RiskFact(text="Billing and shipping are far apart", sentiment=Sentiment.NEGATIVE)
    return {
        Capability.RECOMMEND_COMPLEMENTARY: world.list_action(slot=Slot.COMPLEMENTARY),
        Capability.RECOMMEND_RELATED: world.list_action(slot=Slot.RELATED),
        Capability.PRICES: world.price_action(),
        Capability.MARKET_PRICES: market_price,
        Capability.TRANSLATIONS: translation(world),
        Capability.MARKET_TEXTS: replace(translation(world), market=world.market or MarketId("424242")),
        Capability.ORDER_ASSESSMENT: AssessOrder(order_id=world.order, risk=RiskLevel.HIGH, facts=(fact,)),
        Capability.ORDER_HOLD: HoldOrder(order_id=world.order, note="Please look at this one."),
        Capability.ORDER_TAGS: TagOrder(order_id=world.order, tag="check"),
    }


def test_capabilities_are_honest_and_undone(world: World) -> None:
    abilities = world.marketplace.abilities(world.shop)
    for capability, action in samples(world).items():
        if capability in {Capability.MARKET_PRICES, Capability.MARKET_TEXTS} and world.market is None:
            assert capability not in abilities
            continue
        (change,) = changes(world, action)
        (answer,) = world.client.apply([change])
        if capability not in abilities:
            assert isinstance(answer, UnsupportedAction), capability
            continue
        assert isinstance(answer, Receipt), (capability, answer)
        assert answer.wrote
        assert world.client.read([action])[action.target].digest == answer.after.digest, capability
        undone = world.client.restore(change, answer.after)
        assert undone.after.digest == change.before.digest, capability
        assert world.client.read([action])[action.target].digest == change.before.digest, capability


def test_a_market_nobody_has_is_refused_in_words(world: World) -> None:
    action = SetPrice(
        product_id=world.goods[0],
        variant_id=world.variants[world.goods[0]],
        price=Money(Decimal(9), "CHF"),
        market=MarketId("424242"),
    )
    (answer,) = world.client.apply([Change(action=action, before=NOTHING, key=IdempotencyKey("k"))])
    assert isinstance(answer, UnsupportedAction)
    assert len(answer.merchant_message) > 20


def test_applying_twice_writes_once(world: World) -> None:
    for capability, action in samples(world).items():
        if capability not in world.marketplace.abilities(world.shop):
            continue
        change, first = apply_one(world, action)
        (again,) = world.client.apply([change])
        assert isinstance(again, Receipt), (capability, again)
        assert not again.wrote, capability
        assert again.after.digest == first.after.digest


def test_what_was_applied_is_what_was_intended(world: World) -> None:
    for action in (world.list_action(), world.price_action(amount="8.50", compare_at="9.90")):
        _, receipt = apply_one(world, action)
        assert receipt.after.digest == Snapshot(value=intended(action), read_at=receipt.after.read_at).digest


def test_lists_are_written_many_at_a_time(world: World) -> None:
    actions = [world.list_action(index, slot) for index in range(60) for slot in Slot]
    decided = changes(world, *actions)
    world.calls.clear()
    answers = world.client.apply(decided)
    assert all(isinstance(answer, Receipt) and answer.wrote for answer in answers)
    held = world.client.read(actions)
    assert [held[action.target].value for action in actions] == [action.product_ids for action in actions]
    assert len(world.calls) <= 12


def test_a_list_that_names_the_product_itself_leaves_it_out(world: World) -> None:
    own = world.goods[0]
    action = SetRecommendations(product_id=own, slot=Slot.RELATED, product_ids=(own, world.goods[1]))
    if world.marketplace.name == "bazaar":
        return
    _, receipt = apply_one(world, action)
    assert receipt.after.value == (world.goods[1],)


def test_undoing_twice_writes_once(world: World) -> None:
    change, receipt = apply_one(world, world.list_action())
    assert world.client.restore(change, receipt.after).wrote
    assert not world.client.restore(change, receipt.after).wrote


def test_a_struck_through_price_is_undone_exactly(world: World) -> None:
    change, receipt = apply_one(world, world.price_action(amount="7.50", compare_at="9.90"))
    product = world.client.product(world.goods[0])
    assert product.variants[0].price == Money(Decimal("7.50"), "EUR")
    assert product.variants[0].compare_at == Money(Decimal("9.90"), "EUR")
    world.client.restore(change, receipt.after)
    variant = world.client.product(world.goods[0]).variants[0]
    assert (variant.price, variant.compare_at) == (Money(Decimal("9.90"), "EUR"), None)


def test_a_variation_has_its_own_price(world: World) -> None:
    small, medium = world.client.product(world.varied).variants
    price = Money(Decimal("4.40"), "EUR")
    action = SetPrice(product_id=world.varied, variant_id=small.id, price=price)
    change, receipt = apply_one(world, action)
    after = {one.id: one.price for one in world.client.product(world.varied).variants}
    assert after == {small.id: price, medium.id: medium.price}
    world.client.restore(change, receipt.after)
    assert world.client.product(world.varied).variants[0].price == small.price


def test_a_curated_list_wins_over_ours(world: World) -> None:
    action = world.list_action()
    decided = changes(world, action)
    curated = (world.goods[50], world.goods[51])
    world.recommend(world.goods[0], Slot.COMPLEMENTARY, curated)
    (answer,) = world.client.apply(decided)
    assert isinstance(answer, StaleState)
    assert world.client.read([action])[action.target].value == curated


def test_a_price_set_by_hand_wins_over_ours(world: World) -> None:
    action = world.price_action()
    decided = changes(world, action)
    world.reprice(world.goods[0], Decimal("12.34"))
    (answer,) = world.client.apply(decided)
    assert isinstance(answer, StaleState)
    assert world.client.product(world.goods[0]).price == Money(Decimal("12.34"), "EUR")


def test_an_edit_after_ours_is_not_undone(world: World) -> None:
    change, receipt = apply_one(world, world.price_action())
    world.reprice(world.goods[0], Decimal("12.34"))
    with pytest.raises(StaleState):
        world.client.restore(change, receipt.after)
    assert world.client.product(world.goods[0]).price == Money(Decimal("12.34"), "EUR")


def test_one_stale_change_among_many_stops_nobody(world: World) -> None:
    actions = [world.list_action(index) for index in range(6)]
    decided = changes(world, *actions)
    world.recommend(world.goods[3], Slot.COMPLEMENTARY, (world.goods[60],))
    answers = world.client.apply(decided)
    kinds = [type(answer) for answer in answers]
    assert kinds == [Receipt, Receipt, Receipt, StaleState, Receipt, Receipt]


def test_what_does_not_exist_is_gone_and_stops_nobody(world: World) -> None:
    nowhere = ProductId("999999999")
    missing = SetRecommendations(product_id=nowhere, slot=Slot.RELATED, product_ids=(world.goods[1],))
    foreign = SetRecommendations(product_id=ProductId("no/such id"), slot=Slot.RELATED, product_ids=())
    no_price = SetPrice(product_id=nowhere, variant_id=VariantId("999999998"), price=Money(Decimal(1), "EUR"))
    no_order = TagOrder(order_id=OrderId("999999999"), tag="x")
    held = world.client.read([missing, foreign, no_price, no_order, world.list_action()])
    assert set(held) == {world.list_action().target}
    actions: list[Action] = [missing, no_price, world.list_action(5)]
    answers = world.client.apply(changes(world, *actions))
    assert [type(answer) for answer in answers] == [Gone, Gone, Receipt]
    with pytest.raises(Gone):
        world.client.restore(changes(world, missing)[0], NOTHING)


def test_a_translation_of_a_changed_source_is_refused(world: World) -> None:
    if world.marketplace.name == "bazaar":
        return
    action = translation(world)
    stale = TranslatedField(key="title", value="Alt", source_digest="0" * 64)
    old = PublishTranslation(resource_id=action.resource_id, locale=world.locale, fields=(stale,))
    (answer,) = world.client.apply(changes(world, old))
    assert isinstance(answer, StaleState)


def test_a_translation_is_read_where_it_was_written(world: World) -> None:
    _, receipt = apply_one(world, translation(world, "Tee Nummer null"))
    assert receipt.after.value == {"title": "Tee Nummer null"}
    existing = {text.key: text.value for text in texts_of(world.client, world.goods[0], world.locale).existing}
    assert existing["title"] == "Tee Nummer null"


def test_a_second_translation_replaces_and_gives_back_the_first(world: World) -> None:
    apply_one(world, translation(world, "Erster"))
    change, receipt = apply_one(world, translation(world, "Zweiter"))
    assert change.before.value == {"title": "Erster"}
    assert world.client.restore(change, receipt.after).after.value == {"title": "Erster"}


def test_texts_of_several_products_and_languages_are_read_together_and_what_is_not_there_is_absent(
    world: World,
) -> None:
    french = Locale("fr")
    apply_one(world, translation(world))
    there = [TextPlace(one, locale) for one in world.goods[:3] for locale in (world.locale, french)]
    nowhere = [TextPlace(one, world.locale) for one in ("999999999", "never an id")]
    found = world.client.texts([*nowhere, *there])
    assert set(found) == set(there)
    assert {place: found[place] for place in there} == {place: world.client.texts([place])[place] for place in there}
    assert [text.value for text in found[there[0]].existing if text.key == "title"] == ["Tee eins"]
    assert all(found[place].existing == () for place in there[1:])
    assert len({text.digest for place in there for text in found[place].source if text.key == "title"}) == 3


def test_the_texts_of_twenty_products_in_two_languages_take_two_calls_at_most(world: World) -> None:
    apply_one(world, translation(world))
    wanted = [TextPlace(one, locale) for one in world.goods[:20] for locale in (world.locale, Locale("fr"))]
    client, before = world.client, len(world.calls)
    assert len(client.texts(wanted)) == 40
    assert len(world.calls) - before <= 2


def test_a_single_markets_texts_are_absent_where_a_store_has_none_of_them(world: World) -> None:
    place = TextPlace(world.goods[0], world.locale, world.market or MarketId("424242"))
    kept = Capability.MARKET_TEXTS in world.marketplace.abilities(world.shop)
    assert (place in world.client.texts([place, TextPlace(world.goods[0], world.locale)])) == kept
