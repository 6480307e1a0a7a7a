"""Everything of a product that Shopify can translate: its own texts, options, pictures and text metafields."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.contracts import Change, Credentials, Receipt, StoreClient
from chalicelib.domain.actions import PublishTranslation, Snapshot, TranslatedField
from chalicelib.domain.ids import Locale, MarketId
from chalicelib.errors import StaleState
from integrations import MARKETPLACES
from sandbox import shopify_store
from sandbox.shopify_store import ShopifyStore, samples
from sandbox.shopify_store.records import Product
from tests.contract.marketplaces.worlds import Senders, Wallet, _shop

DE = Locale("de")
OWN = {"title", "body_html", "handle", "product_type"}


class Counter:
    """The store, one product in it, and a client of ours."""

    def __init__(self, store: ShopifyStore, product: Product, client: StoreClient) -> None:
        self.store, self.product, self.client = store, product, client

    def metafield(self, namespace: str, key: str, kind: str, value: str) -> None:
        entry = {"ownerId": f"gid://shopify/Product/{self.product.number}", "namespace": namespace, "key": key}
        answer = self.store.execute(
            "mutation($m: [MetafieldsSetInput!]!) {metafieldsSet(metafields: $m) {userErrors {message}}}",
            {"m": [{**entry, "type": kind, "value": value}]},
        )
        assert answer["data"]["metafieldsSet"]["userErrors"] == []

    def change(self, **values: str) -> Change:
        """Publish these values, named by the key's end (``name``: the first option)."""
        texts = self.client.texts(str(self.product.number), DE)
        digests = {text.key: text.digest for text in texts.source}
        held = {text.key: text.value for text in texts.existing}
        names = {key.partition("@")[0]: key for key in reversed(digests)}
        fields = tuple(
            TranslatedField(key=names[name], value=value, source_digest=digests[names[name]])
            for name, value in values.items()
        )
        action = PublishTranslation(resource_id=str(self.product.number), locale=DE, fields=fields)
        before = {field.key: held[field.key] for field in fields if field.key in held} or None
        return Change(key="k", action=action, before=Snapshot(value=before, read_at=datetime.now(UTC)))


@pytest.fixture
def counter() -> Iterator[Counter]:
    store = ShopifyStore(
        samples.seed(), domain="demo.myshopify.com", client_secret="s", access_token="shpat_x",
        clock=lambda: datetime.now(UTC), allow_insecure_uris=True, cost_limit=100_000,
    )  # fmt: skip
    with shopify_store.serve(store) as running:
        marketplace = MARKETPLACES["shopify"]
        shop = _shop("shopify", "demo.myshopify.com", running.url)
        wallet = Wallet(Credentials(values={"access_token": "shpat_x"}))
        product = next(one for one in store.state.products() if len(one.variants) > 1)
        yield Counter(store, product, marketplace.connect(shop, wallet, Senders([]).now))


def test_options_values_pictures_and_text_metafields_are_read_with_their_digests(counter: Counter) -> None:
    counter.metafield("custom", "care", "single_line_text_field", "Wash by hand")
    counter.metafield("custom", "grams", "number_integer", "250")
    counter.metafield("custom", "data", "json", '{"a": "words"}')
    counter.metafield("$app:shelf", "layout", "single_line_text_field", "only manual")
    found = {text.key: text for text in counter.client.texts(str(counter.product.number), DE).source}
    option, value = counter.product.options[0], counter.product.options[0].values[0]
    assert found[f"name@ProductOption/{option.number}"].value == option.name
    assert found[f"name@ProductOptionValue/{value.number}"].value == value.name
    assert [text.value for key, text in found.items() if key.startswith("value@")] == ["Wash by hand"]
    assert {key.partition("@")[0] for key in found} >= OWN - {"body_html"}
    assert [t.value for k, t in found.items() if k.startswith("alt@")] == [i.alt for i in counter.product.images]
    assert all(text.digest for text in found.values())


def test_a_product_without_options_has_none_to_translate(counter: Counter) -> None:
    plain = next(one for one in counter.store.state.products() if len(one.variants) == 1)
    assert plain.options[0].values[0].name == "Default Title"
    keys = {text.key for text in counter.client.texts(str(plain.number), DE).source}
    assert not any("ProductOption" in key for key in keys)


def test_what_spreads_over_several_objects_is_published_and_put_back(counter: Counter) -> None:
    change = counter.change(title="Tasse", name="Farbe")
    (receipt,) = counter.client.apply([change])
    assert isinstance(receipt, Receipt)
    option = counter.product.options[0]
    assert option.translations["de", "name", None].value == "Farbe"
    assert counter.product.translations["de", "title", None].value == "Tasse"
    assert receipt.after.value == {field.key: field.value for field in change.action.fields}  # type: ignore[union-attr]
    counter.client.restore(change, receipt.after)
    assert not option.translations
    assert not counter.product.translations


def test_nothing_is_written_where_one_of_several_sources_changed(counter: Counter) -> None:
    change = counter.change(title="Tasse", name="Farbe")
    counter.product.options[0].name += " and more"
    (answer,) = counter.client.apply([change])
    assert isinstance(answer, StaleState)
    assert not counter.product.translations


def test_a_write_that_broke_off_between_two_objects_is_taken_up(counter: Counter) -> None:
    change = counter.change(title="Tasse", name="Farbe")
    first = next(field for field in change.action.fields if field.key == "title")  # type: ignore[union-attr]
    half = replace(change, action=replace(change.action, fields=(first,)))  # type: ignore[call-arg]
    assert isinstance(counter.client.apply([half])[0], Receipt)
    assert isinstance(counter.client.apply([change])[0], Receipt)
    assert counter.product.options[0].translations["de", "name", None].value == "Farbe"


def test_somebody_elses_words_in_between_are_not_taken_for_ours(counter: Counter) -> None:
    change = counter.change(title="Tasse", name="Farbe")
    assert isinstance(counter.client.apply([counter.change(name="Kolor")])[0], Receipt)
    assert isinstance(counter.client.apply([change])[0], StaleState)
    assert not counter.product.translations


def test_a_market_has_its_own_words(counter: Counter) -> None:
    counter.store.add_market("Switzerland", "CHF", rate=Decimal("0.95"))
    market = counter.store.state.all("Market")[-1]
    change = counter.change(title="Tasse", name="Farbe")
    local: Any = replace(change.action, market=MarketId(str(market.number)))  # type: ignore[call-arg]
    assert isinstance(counter.client.apply([replace(change, action=local)])[0], Receipt)
    held = {place: one.value for place, one in counter.product.translations.items()}
    assert [(place[:2], value) for place, value in held.items()] == [(("de", "title"), "Tasse")]
    assert all(place[2] for place in held)
    assert counter.client.texts(str(counter.product.number), DE).existing == ()
