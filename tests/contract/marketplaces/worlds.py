"""One small world per marketplace for the contract suite: a store, our client, and a merchant's hand in it.

A new marketplace joins the suite with one function here and one line in WORLDS.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from chalicelib.contracts import Credentials, Marketplace, RawRequest, StoreClient, TextPlace, Translations
from chalicelib.domain.actions import SetPrice, SetRecommendations, Slot, Value
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.ids import Locale, MarketId, OrderId, ProductId, VariantId, shop_id
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order, OrderLine, PaymentState
from chalicelib.domain.shop import Shop
from integrations import MARKETPLACES
from integrations.circuit import Circuits
from integrations.http import Budget, Transport
from sandbox import bazaar, shopify_store, woocommerce_store
from sandbox.seed import Seed, SeedAddress, SeedLine, SeedOrder, SeedProduct, SeedVariant
from sandbox.shopify_store.webhooks import Delivery

SECRET = "s3cr3t-from-a-safe-alphabet"
CANARY = "canary-7f3a@buyer.example"
GOODS = 130
ADDRESS = "https://127.0.0.1:9/hooks"
"""Nobody listens there: the suite reads what the store meant to send."""


class Trouble(StrEnum):
    """What may happen to the next call."""

    TOO_MANY = "too many"
    SERVER_ERROR = "server error"
    HANG = "hang"
    RESET = "reset"
    TRUNCATED = "truncated"
    HTML = "html"
    LOST_ANSWER = "lost answer"


class Secrets:
    """The suite's webhook secrets: [current, previous]."""

    def __init__(self, *values: str) -> None:
        self.values = [value.encode() for value in values]

    def app(self, marketplace: str) -> Sequence[bytes]:
        return self.values

    def derived(self, marketplace: str, account: str) -> Sequence[bytes]:
        return self.values


@dataclass
class Wallet:
    """Credentials that never change."""

    credentials: Credentials

    def current(self) -> Credentials:
        return self.credentials

    def refreshed(self, stale: Credentials) -> Credentials:
        return stale


@dataclass
class World:
    """A store with goods and one open, paid order; what a merchant can do in it; what we can see of it."""

    marketplace: Marketplace
    shop: Shop
    connect: Callable[[], StoreClient]
    goods: Sequence[ProductId]
    variants: Mapping[ProductId, VariantId]
    varied: ProductId
    """A product with two variants, where the marketplace has such things."""
    order: OrderId
    recommend: Callable[[ProductId, Slot, Sequence[ProductId]], None]
    """The merchant curates a list by hand."""
    reprice: Callable[[ProductId, Decimal], None]
    """The merchant sets a price by hand."""
    events: Callable[[], Sequence[RawRequest]]
    """Every webhook since the last call, as it would arrive."""
    revoke: Callable[[], None]
    trouble: Callable[[Trouble, int], None]
    """Lets the next calls meet trouble."""
    troubles: frozenset[Trouble]
    silence: Callable[[], None] = lambda: None
    """The store switches its webhooks off, where stores do that."""
    locale: Locale = Locale("de")
    market: MarketId | None = None
    calls: list[str] = field(default_factory=list)
    cross_topic: bool = True
    """Whether topic and shop are signed too, so that no replay is possible."""

    @property
    def client(self) -> StoreClient:
        return self.connect()

    def list_action(
        self, index: int = 0, slot: Slot = Slot.COMPLEMENTARY, size: int = 3
    ) -> SetRecommendations:
        """Recommend the goods that follow one of them."""
        chosen = tuple(self.goods[index + 1 : index + 1 + size])
        return SetRecommendations(product_id=self.goods[index], slot=slot, product_ids=chosen)

    def price_action(self, index: int = 0, amount: str = "8.50", compare_at: str | None = None) -> SetPrice:
        """Reprice one of the goods."""
        product, currency = self.goods[index], self.shop.currency
        return SetPrice(
            product_id=product,
            variant_id=self.variants[product],
            price=Money(Decimal(amount), currency),
            compare_at=None if compare_at is None else Money(Decimal(compare_at), currency),
        )


def texts_of(client: StoreClient, product: str, locale: Locale) -> Translations:
    """One product's texts, and what it says in one language."""
    place = TextPlace(product, locale)
    return client.texts([place])[place]


def seed() -> Seed:
    """130 simple products, one with two variants, a hidden one, and two orders that hold a canary."""
    now = datetime.now(UTC)
    goods = [
        SeedProduct(
            key=f"g{n}",
            title=f"Tea {n}",
            description_html=f"<p>Tea number {n}</p>",
            created_at=now - timedelta(days=400 - n),
            variants=(SeedVariant(sku=f"g{n}", price=Decimal("9.90"), cost=Decimal("4.10"), stock=25),),
        )
        for n in range(GOODS)
    ]
    sizes = tuple(
        SeedVariant(sku=f"mug-{size}", price=Decimal(price), stock=4, options=(("Size", size),))
        for size, price in (("S", "5.00"), ("M", "6.00"))
    )
    mug = SeedProduct(key="mug", title="Mug", created_at=now - timedelta(days=5), variants=sizes)
    buyer = SeedAddress(
        first_name="Cana", last_name="Ry", address_1="7 Canary Row", city="Bonn", country="DE"
    )
    orders = [
        SeedOrder(
            key=f"o{n}",
            created_at=now - timedelta(hours=40 - n),
            lines=(SeedLine(sku="g1", quantity=2, unit_price=Decimal("9.90")),),
            email=CANARY,
            billing=buyer,
            ip="203.0.113.7",
        )
        for n in range(2)
    ]
    locales = ("en", "de")
    return Seed(
        name="Tea", currency="EUR", country="DE", locales=locales, products=(*goods, mug), orders=orders
    )


def fresh_order() -> SeedOrder:
    """An order that is placed now, and so is neither sent nor completed."""
    now = datetime.now(UTC)
    line = SeedLine(sku="g2", quantity=1, unit_price=Decimal("9.90"))
    return SeedOrder(key="fresh", created_at=now, lines=(line,), email=CANARY, ip="203.0.113.8")


class Senders:
    """A patient transport for a busy machine, and a hasty one from the first planned trouble on."""

    def __init__(self, calls: list[str]) -> None:
        self._calls = calls
        self.now = self._sender(10.0)

    def hurry(self) -> None:
        self.now = self._sender(0.3)

    def _sender(self, read_s: float) -> Transport:
        return Transport(
            sandbox=True,
            budget=Budget(attempts=2, seconds=5 * read_s, read_s=read_s, connect_s=read_s, backoff_s=0.01),
            sleep=lambda seconds: None,
            circuits=Circuits(clock=lambda: 0.0, failures=1000),
            observe=lambda what, status, seconds: self._calls.append(what),
        )


@contextmanager
def woocommerce() -> Iterator[World]:
    """A WooCommerce 9.9.5 with WPML."""
    store = woocommerce_store.WooCommerceStore(
        seed(), consumer_key="ck_1", consumer_secret="cs_1", clock=lambda: datetime.now(UTC),
        multilingual="wpml", deliver="manual",
    )  # fmt: skip
    marketplace = MARKETPLACES["woocommerce"]
    with woocommerce_store.serve(store) as running:
        shop = _shop("woocommerce", "tok", running.url, plugins=("sitepress-multilingual-cms/sitepress.php",))
        wallet = Wallet(Credentials(values={"consumer_key": "ck_1", "consumer_secret": "cs_1"}))
        calls: list[str] = []
        senders = Senders(calls)
        order = store.place_order(fresh_order())
        store.deliver_all()
        goods = [ProductId(str(store.product_id(f"g{n}"))) for n in range(GOODS)]
        lists = {Slot.COMPLEMENTARY: "cross_sell_ids", Slot.RELATED: "upsell_ids"}
        kinds = {
            Trouble.TOO_MANY: woocommerce_store.FaultKind.TOO_MANY,
            Trouble.SERVER_ERROR: woocommerce_store.FaultKind.SERVER_ERROR,
            Trouble.HANG: woocommerce_store.FaultKind.HANG,
            Trouble.RESET: woocommerce_store.FaultKind.RESET,
            Trouble.TRUNCATED: woocommerce_store.FaultKind.TRUNCATED,
            Trouble.HTML: woocommerce_store.FaultKind.HTML,
            Trouble.LOST_ANSWER: woocommerce_store.FaultKind.LOST_ANSWER,
        }
        heard = [0]

        def trouble(kind: Trouble, times: int) -> None:
            senders.hurry()
            fault = woocommerce_store.Fault(kind=kinds[kind], hang_s=0.5, retry_after_s=1)
            store.faults.add(fault, calls=times)

        def events() -> Sequence[RawRequest]:
            store.deliver_all()
            fresh, heard[0] = list(store.outbox.log)[heard[0] :], len(store.outbox.log)
            return [
                RawRequest(headers=_lower(sent.headers), body=sent.body, account="tok")
                for sent in fresh
                if "X-WC-Webhook-Topic" in sent.headers
            ]

        yield World(
            marketplace=marketplace,
            shop=shop,
            connect=lambda: marketplace.connect(shop, wallet, senders.now),
            goods=goods,
            variants={one: VariantId(one) for one in goods},
            varied=ProductId(str(store.product_id("mug"))),
            order=OrderId(str(order)),
            recommend=lambda product, slot, ids: store.update_product(
                int(product), **{lists[slot]: [int(one) for one in ids]}
            ),
            reprice=lambda product, price: store.update_product(int(product), regular_price=str(price)),
            events=events,
            revoke=lambda: store.revoke_key("ck_1"),
            trouble=trouble,
            troubles=frozenset(Trouble),
            silence=store.disable_webhooks,
            calls=calls,
        )


@contextmanager
def shopify() -> Iterator[World]:
    """A Shopify store with one market abroad."""
    taken: list[Delivery] = []

    def send(delivery: Delivery) -> int:
        taken.append(delivery)
        return 200

    store = shopify_store.ShopifyStore(
        seed(), domain="demo.myshopify.com", client_secret=SECRET, access_token="shpat_x",
        clock=lambda: datetime.now(UTC), send=send, allow_insecure_uris=True, cost_limit=100_000,
    )  # fmt: skip
    marketplace = MARKETPLACES["shopify"]
    store.add_market("Switzerland", "CHF", rate=Decimal("0.95"))
    with shopify_store.serve(store) as running:
        shop = _shop("shopify", "demo.myshopify.com", running.url)
        wallet = Wallet(Credentials(values={"access_token": "shpat_x"}))
        calls: list[str] = []
        senders = Senders(calls)
        order = store.place_order(fresh_order())
        goods = [ProductId(str(store.variant(f"g{n}").product.number)) for n in range(GOODS)]
        variants = [VariantId(str(store.variant(f"g{n}").number)) for n in range(GOODS)]
        by_product = dict(zip(goods, (f"g{n}" for n in range(GOODS)), strict=True))
        kinds = {
            Trouble.TOO_MANY: shopify_store.Fault.TOO_MANY_REQUESTS,
            Trouble.SERVER_ERROR: shopify_store.Fault.SERVER_ERROR,
            Trouble.HANG: shopify_store.Fault.HANG,
            Trouble.RESET: shopify_store.Fault.RESET,
            Trouble.TRUNCATED: shopify_store.Fault.TRUNCATED,
            Trouble.HTML: shopify_store.Fault.HTML,
            Trouble.LOST_ANSWER: shopify_store.Fault.LOST_ANSWER,
        }

        def trouble(kind: Trouble, times: int) -> None:
            senders.hurry()
            store.faults.plan(kinds[kind], times=times, seconds=0.5, retry_after=1.0)

        def recommend(product: ProductId, slot: Slot, ids: Sequence[ProductId]) -> None:
            value = "[" + ",".join(f'"gid://shopify/Product/{one}"' for one in ids) + "]"
            field_ = {
                "ownerId": f"gid://shopify/Product/{product}",
                "namespace": "shopify--discovery--product_recommendation",
                "key": f"{slot}_products",
                "type": "list.product_reference",
                "value": value,
            }
            answer = store.execute(
                "mutation($m: [MetafieldsSetInput!]!) {metafieldsSet(metafields: $m) {userErrors {message}}}",
                {"m": [field_]},
            )
            assert not answer["data"]["metafieldsSet"]["userErrors"]

        def events() -> Sequence[RawRequest]:
            store.deliver_all()
            fresh = [RawRequest(headers=_lower(one.headers), body=one.body) for one in taken]
            taken.clear()
            return fresh

        client = marketplace.connect(shop, wallet, senders.now)
        market = client.facts().markets[0].id
        yield World(
            marketplace=marketplace,
            shop=shop,
            connect=lambda: marketplace.connect(shop, wallet, senders.now),
            goods=goods,
            variants=dict(zip(goods, variants, strict=True)),
            varied=ProductId(str(store.variant("mug-S").product.number)),
            order=OrderId(str(order.number)),
            recommend=recommend,
            reprice=lambda product, price: store.update_variant(
                store.variant(by_product[product]), price=price
            ),
            events=events,
            revoke=store.uninstall,
            trouble=trouble,
            troubles=frozenset(Trouble),
            market=market,
            calls=calls,
            cross_topic=False,
        )


@contextmanager
def in_memory() -> Iterator[World]:
    """A stall of the bazaar."""
    store = bazaar.Bazaar()
    stall = store.open("stall1")
    marketplace = bazaar.marketplace(store)
    shop = _shop("bazaar", "stall1", "https://bazaar.example")
    now = datetime.now(UTC)
    goods = [ProductId(f"p{n:03d}") for n in range(GOODS)]
    for n, name in enumerate(goods):
        stall.products[name] = _simple(name, now - timedelta(days=400 - n))
        stall.put_product(stall.products[name])
        stall.products[name] = replace(stall.products[name], updated_at=now - timedelta(days=400 - n))
    mug = ProductId("mug")
    stall.put_product(
        replace(_simple(mug, now), variants=(_variant("mug-S", "5.00"), _variant("mug-M", "6.00")))
    )
    order = _order(OrderId("o1"), goods[1], now)
    stall.put_order(order)
    planned: list[Trouble] = []

    def on_io(name: str) -> None:
        from chalicelib.errors import RateLimited, StoreUnavailable

        late = name.endswith(".after")
        if planned and (planned[0] is Trouble.LOST_ANSWER) == late:
            trouble = planned.pop(0)
            raise RateLimited(after=1.0) if trouble is Trouble.TOO_MANY else StoreUnavailable(detail=trouble)

    store.on_io = on_io

    def reprice(product: ProductId, price: Decimal) -> None:
        held = stall.products[product]
        priced = tuple(replace(one, price=Money(price, "EUR")) for one in held.variants)
        stall.put_product(replace(held, variants=priced))

    def recommend(product: ProductId, slot: Slot, ids: Sequence[ProductId]) -> None:
        action = SetRecommendations(product_id=product, slot=slot, product_ids=tuple(ids))
        value: Value = tuple(ids)
        stall.edit(action.target, value)

    def revoke() -> None:
        stall.revoked = True

    def silence() -> None:
        stall.subscribed = False

    yield World(
        marketplace=marketplace,
        shop=shop,
        connect=lambda: marketplace.connect(shop, Wallet(Credentials(values={})), None),
        goods=goods,
        variants={one: VariantId(f"{one}-v") for one in goods},
        varied=mug,
        order=order.id,
        recommend=recommend,
        reprice=reprice,
        events=stall.drain,
        revoke=revoke,
        trouble=lambda trouble, times: planned.extend([trouble] * times),
        troubles=frozenset({Trouble.TOO_MANY, Trouble.SERVER_ERROR, Trouble.LOST_ANSWER}),
        silence=silence,
    )


WORLDS: Mapping[str, Callable[[], AbstractContextManager[World]]] = {
    "shopify": shopify,
    "woocommerce": woocommerce,
    "bazaar": in_memory,
}


def _shop(marketplace: str, account: str, endpoint: str, plugins: tuple[str, ...] = ()) -> Shop:
    return Shop(
        id=shop_id(marketplace, account),
        marketplace=marketplace,
        name="Tea",
        endpoint=endpoint,
        currency="EUR",
        sandbox=True,
        plugins=plugins,
    )


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _variant(name: str, price: str) -> Variant:
    return Variant(id=VariantId(name), sku=name, price=Money(Decimal(price), "EUR"), stock=25)


def _simple(name: ProductId, at: datetime) -> Product:
    return Product(
        id=name,
        handle=name,
        title=f"Tea {name}",
        description_html="<p>Tea</p>",
        status=ProductStatus.PUBLISHED,
        updated_at=at,
        variants=(_variant(f"{name}-v", "9.90"),),
    )


def _order(name: OrderId, product: ProductId, at: datetime) -> Order:
    price = Money(Decimal("9.90"), "EUR")
    line = OrderLine(product_id=product, variant_id=None, quantity=1, unit_price=price)
    return Order(
        id=name,
        created_at=at,
        updated_at=at,
        currency="EUR",
        total=price,
        lines=(line,),
        payment_state=PaymentState.PAID,
        email=CANARY,
    )
