"""Everything of a product that Shopify can translate: its own texts, options, pictures and text metafields."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.contracts import Change, Credentials, Receipt, StoreClient, TextPlace
from chalicelib.domain.actions import PublishTranslation, Snapshot, TranslatedField
from chalicelib.domain.ids import IdempotencyKey, Locale, MarketId
from chalicelib.errors import AppError, Gone, StaleState, UnsupportedAction
from integrations import MARKETPLACES
from integrations.shopify import publishing, texts
from integrations.shopify.connection import Connection
from sandbox import shopify_store
from sandbox.shopify_store import ShopifyStore, samples
from sandbox.shopify_store.records import Product
from sandbox.shopify_store.throttle import LARGEST_QUERY
from tests.contract.marketplaces.worlds import Senders, Wallet, _shop, texts_of

DE, FR = Locale("de"), Locale("fr")
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
        texts = texts_of(self.client, str(self.product.number), DE)
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
    found = {text.key: text for text in texts_of(counter.client, str(counter.product.number), DE).source}
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
    keys = {text.key for text in texts_of(counter.client, str(plain.number), DE).source}
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
    assert texts_of(counter.client, str(counter.product.number), DE).existing == ()


# --- several languages, products and markets at once ---

LANGUAGES = [Locale(f"l{n}") for n in range(45)]


def places(counter: Counter, *locales: Locale, market: str = "") -> list[TextPlace]:
    return [TextPlace(str(counter.product.number), one, MarketId(market)) for one in locales]


def points(counter: Counter, read: Callable[[], object]) -> tuple[int, int]:
    """How many calls it takes, and how many points by the store's own account."""
    counters = counter.store.counters
    calls, spent = counters.calls, counters.points
    read()
    return counters.calls - calls, counters.points - spent


@pytest.mark.parametrize(("languages", "at_most"), [(2, 0.60), (4, 0.40), (20, 0.25)])
def test_all_languages_of_a_product_are_one_query_at_a_fraction_of_the_points(
    counter: Counter, languages: int, at_most: float
) -> None:
    wanted = places(counter, *LANGUAGES[:languages])
    (calls, together) = points(counter, lambda: counter.client.texts(wanted))
    (asked, apart) = points(counter, lambda: [counter.client.texts([place]) for place in wanted])
    assert (calls, asked) == (1, languages)
    assert together <= at_most * apart, "a language more costs a point or so per object, not the finding of the objects"


def test_many_products_are_one_query_in_all_their_languages(counter: Counter) -> None:
    for n in range(25):
        counter.store.add_product(samples.product(f"x{n}", f"Thing {n}", samples.variant(f"X{n}", "1.00")))
    wanted = [TextPlace(str(one.number), locale) for one in counter.store.state.products() for locale in LANGUAGES[:2]]
    wanted = wanted[-50:]
    (calls, together) = points(counter, lambda: counter.client.texts(wanted))
    (_, apart) = points(counter, lambda: [counter.client.texts(wanted[n : n + 2]) for n in range(0, 50, 2)])
    assert calls == 1
    assert together <= apart / 3


def test_no_query_is_refused_for_its_price_however_many_languages_there_are(counter: Counter) -> None:
    for languages in range(1, 46):
        wanted = [
            TextPlace(str(one.number), locale)
            for one in counter.store.state.products()
            for locale in LANGUAGES[:languages]
        ]
        assert set(counter.client.texts(wanted)) == set(wanted)
    (calls, _) = points(counter, lambda: counter.client.texts(places(counter, *LANGUAGES)))
    assert calls == 3
    assert counter.store.counters.dearest < LARGEST_QUERY


def test_each_language_and_market_has_its_own_words(counter: Counter) -> None:
    counter.store.add_market("Switzerland", "CHF", rate=Decimal("0.95"))
    market = MarketId(str(counter.store.state.all("Market")[-1].number))
    german = counter.change(title="Tasse", name="Farbe")
    action: Any = german.action
    swiss = replace(german, action=replace(action, market=market))
    fields = tuple(replace(field, value=f"fr {field.value}") for field in action.fields)
    french = replace(german, action=replace(action, locale=FR, fields=fields))
    for change in (german, swiss, french):
        assert isinstance(counter.client.apply([change])[0], Receipt)
    counter.product.title += " and more"
    wanted = [*places(counter, DE, FR), *places(counter, DE, FR, market=market)]
    (calls, _) = points(counter, lambda: counter.client.texts(wanted))
    found = counter.client.texts(wanted)
    said = {place: sorted(text.value for text in texts.existing) for place, texts in found.items()}
    assert calls == 1
    assert list(said.values()) == [["Farbe", "Tasse"], ["fr Farbe", "fr Tasse"], ["Farbe", "Tasse"], []]
    assert [texts.outdated for texts in found.values()] == [{"title"}, {"title"}, {"title"}, set()]
    assert len({texts.source for texts in found.values()}) == 1


def test_more_objects_than_a_page_holds_are_all_read_in_every_language(counter: Counter) -> None:
    pictures = tuple(f"Picture {n}" for n in range(130))
    made = samples.product("many", "Many", samples.variant("MANY", "1.00"), image_alts=pictures)
    number = str(counter.store.add_product(made).number)
    wanted = [TextPlace(number, DE), TextPlace(number, FR)]
    (calls, _) = points(counter, lambda: counter.client.texts(wanted))
    assert calls == 2
    for found in counter.client.texts(wanted).values():
        assert tuple(text.value for text in found.source if text.key.startswith("alt@")) == pictures


class Refusing(Connection):
    """A store that refuses whatever names one market, and shows pictures only where they are asked for by name."""

    def __init__(self, real: Connection, market: str, error: AppError) -> None:
        self.real, self.market, self.error = real, f"gid://shopify/Market/{market}", error

    def run(self, name: str, *, places: int = 1, **variables: Any) -> Mapping[str, Any]:
        if self.market in variables.values():
            raise self.error
        data = self.real.run(name, places=places, **variables)
        for row in data["translatableResourcesByIds"]["nodes"] if name == "Texts" else ():
            page = row["nestedTranslatableResources"]
            page["nodes"] = [one for one in page["nodes"] if "MediaImage" not in one["resourceId"]]
        return data


@pytest.mark.parametrize("error", [Gone(), UnsupportedAction("no such market")], ids=["gone", "unsupported"])
def test_what_the_store_refuses_hides_nothing_else(counter: Counter, error: AppError) -> None:
    client: Any = counter.client
    refusing = Refusing(client._connection, "9", error)
    products = [str(one.number) for one in counter.store.state.products()]
    spots = [(locale, MarketId(market)) for locale in (DE, FR) for market in ("", "9")]
    wanted = [TextPlace(one, *spot) for one in products for spot in spots]
    found = texts.texts(refusing, wanted)
    assert set(found) == {place for place in wanted if not place.market}
    assert found == {place: texts.texts(refusing, [place])[place] for place in found}


def test_pictures_are_asked_for_by_name_where_their_product_does_not_show_them(counter: Counter) -> None:
    client: Any = counter.client
    products = list(counter.store.state.products())
    wanted = [TextPlace(str(one.number), locale) for one in products for locale in (DE, FR)]
    found = texts.texts(Refusing(client._connection, "9", Gone()), wanted)
    assert found == counter.client.texts(wanted)
    alts = sorted(text.value for text in found[wanted[0]].source if text.key.startswith("alt@"))
    assert alts == sorted(image.alt for image in products[0].images if image.alt)


def test_what_is_published_in_several_languages_is_looked_at_once(counter: Counter) -> None:
    german = counter.change(title="Tasse", name="Farbe")
    action: Any = german.action
    french = replace(german, key=IdempotencyKey("f"), action=replace(action, locale=FR))
    before = dict(counter.store.counters.operations)
    answers = counter.client.apply([german, french])
    assert all(isinstance(answer, Receipt) for answer in answers)
    done = {name: n - before.get(name, 0) for name, n in counter.store.counters.operations.items()}
    assert (done["StandingTexts"], done["PublishTranslations"]) == (2, 4), "to decide, and before the first is written"
    counter.product.options[0].name += " and more"
    fields = tuple(replace(field, value=f"{field.value}!") for field in action.fields)
    held = Snapshot(value={field.key: field.value for field in action.fields}, read_at=datetime.now(UTC))
    again = [
        replace(one, before=held, action=replace(one.action, fields=fields))  # type: ignore[call-arg]
        for one in (german, french)
    ]
    assert [type(answer) for answer in counter.client.apply(again)] == [StaleState, StaleState]
    assert counter.product.translations["fr", "title", None].value == "Tasse"


def test_what_is_in_one_object_is_left_to_shopify_to_check(counter: Counter) -> None:
    change = counter.change(title="Tasse")
    assert isinstance(counter.client.apply([change])[0], Receipt)
    assert counter.store.counters.operations["StandingTexts"] == 1


def test_a_market_that_is_gone_leaves_other_languages_to_be_published(counter: Counter) -> None:
    client: Any = counter.client
    german: Any = counter.change(title="Tasse").action
    gone = replace(german, market=MarketId("9"))
    found = publishing.read(Refusing(client._connection, "9", Gone()), [gone, german])
    assert set(found) == {german.target}
