"""One Shopify shop with one app installed: state and logic, usable without HTTP."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sandbox.seed import Seed, SeedOrder, SeedProduct
from sandbox.shopify_store import (
    answering,
    bulk,
    bulk_run,
    cancellation,
    catalogue,
    fixed_prices,
    fulfillment,
    installation,
    merchant,
    metafields,
    payloads,
    price_lists,
    prices,
    risk,
    seeding,
    subscriptions,
    tags,
    translations,
)
from sandbox.shopify_store.answering import Answer, Counters
from sandbox.shopify_store.app_file import AppFile
from sandbox.shopify_store.faults import Faults
from sandbox.shopify_store.oauth import TokenDesk, host_of, sign_proxy, sign_query
from sandbox.shopify_store.records import (
    BulkOperation,
    Customer,
    Dispute,
    Order,
    Plan,
    PriceList,
    Product,
    Refund,
    Variant,
)
from sandbox.shopify_store.registry import Call
from sandbox.shopify_store.state import State
from sandbox.shopify_store.throttle import Bucket
from sandbox.shopify_store.tokens import Tokens
from sandbox.shopify_store.webhooks import AppSubscriptions, Attempt, Delivery, DeliveryFaults, Outbox, Send

SCOPES = (
    "write_products", "write_orders", "read_customers", "write_inventory", "read_locations",
    "write_translations", "write_locales", "write_markets", "write_merchant_managed_fulfillment_orders",
    "write_online_store_navigation", "read_shopify_payments_disputes",
)  # fmt: skip
UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"
NON_EXPIRING = "[API] Non-expiring access tokens are no longer accepted for the Admin API."


# Importing these modules is what gives the schema their resolvers.
RESOLVING = (
    bulk,
    cancellation,
    catalogue,
    fixed_prices,
    fulfillment,
    installation,
    metafields,
    price_lists,
    prices,
    risk,
    subscriptions,
    tags,
    translations,
)


def wall_clock() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)


class ShopifyStore:
    """A shop filled from a seed. All methods may be called from any thread; they take one lock in turn."""

    def __init__(
        self,
        seed: Seed,
        *,
        domain: str = "demo.myshopify.com",
        client_id: str = "sandbox-client",
        client_secret: str = "sandbox-secret",  # noqa: S107 - opens nothing but this sandbox
        clock: Callable[[], datetime] = wall_clock,
        access_token: str | None = "shpat_sandbox",  # noqa: S107 - opens nothing but this sandbox
        scopes: tuple[str, ...] = SCOPES,
        app_id: int = 347_082_227_713,
        app_title: str = "Tradewind",
        redirect_urls: tuple[str, ...] = (),
        allow_insecure_uris: bool = False,
        cost_limit: float = 2000,
        cost_restore_rate: float = 100,
        send: Send | None = None,
        webhook_faults: DeliveryFaults | None = None,
    ) -> None:
        """``access_token`` is a custom app's token; None means that the app must be installed through OAuth.

        ``send`` replaces HTTP delivery of webhooks. Times come from ``clock`` alone, except that of a hang.
        """
        self.clock = clock
        self.lock = threading.RLock()
        self.app_id, self.app_title = app_id, app_title
        self.allow_insecure_uris = allow_insecure_uris
        self.base_url = ""
        self.state = State(
            name=seed.name,
            domain=domain,
            currency=seed.currency,
            country=seed.country,
            timezone=seed.timezone,
            clock=clock,
        )
        seeding.fill(self.state, seed)
        self.tokens = Tokens(
            client_id=client_id,
            client_secret=client_secret,
            domain=domain,
            clock=clock,
            scopes=frozenset(scopes),
            static=access_token,
        )
        self.bucket = Bucket(clock=clock, maximum=cost_limit, restore_rate=cost_restore_rate)
        self.faults = Faults()
        self.counters = Counters()
        self.desk = TokenDesk(self.tokens, redirect_urls)
        self.installed = access_token is not None
        self.application_url = ""
        self.proxy_path = ""
        self.proxy: Callable[[str], dict[str, Any]] = lambda query: {"statusCode": 502, "headers": {}, "body": ""}
        """What answers at the app proxy's address: a signed query to an answer in Lambda's shape."""
        self.uploads: dict[str, bytes] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="shopify-store-")
        self.outbox = Outbox(
            domain=domain,
            secret=client_secret,
            clock=clock,
            send=send,
            faults=webhook_faults or DeliveryFaults(),
            subscriptions=self.state.records.setdefault("WebhookSubscription", {}),
            changed=self.state.touch,
            lock=self.lock,
        )

    # --- the Admin API

    def graphql(self, request: dict[str, Any], token: str | None) -> Answer:
        """One call to the GraphQL Admin API, as the HTTP server answers it."""
        with self.lock:
            scopes = self.tokens.check(token)
            if scopes is None:
                self.counters.unauthorized += 1
                return Answer(401, {"errors": UNAUTHORIZED})
            if self.tokens.refused_as_non_expiring(token or ""):
                return Answer(403, {"errors": NON_EXPIRING})
            online = self.tokens.is_online(token or "")
            return Answer(200, answering.answer(self, request, scopes, online=online))

    def execute(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call with every granted scope and no token: for tests and for looking around."""
        with self.lock:
            return answering.answer(self, {"query": query, "variables": variables or {}}, self.tokens.scopes)

    @contextmanager
    def acting(self, scopes: frozenset[str] | None = None, *, online: bool = False) -> Iterator[Call]:
        """One action under the lock; when it ends, every product and order it touched is announced once."""
        with self.lock:
            call = Call(
                state=self.state,
                scopes=self.tokens.scopes if scopes is None else scopes,
                app_id=self.app_id,
                app_title=self.app_title,
                post=self.outbox.action(),
                base_url=self.base_url,
                online=online,
                uploads=self.uploads,
                allow_insecure_uris=self.allow_insecure_uris,
            )
            yield call
            self._announce(call)

    def _announce(self, call: Call) -> None:
        changed = {id(record): record for record in map(_whole, call.touched)}
        for record in changed.values():
            record.updated_at = max(record.updated_at, call.now())
            self.state.touch()
            if isinstance(record, Product):
                call.post("products/update", payloads.product(self.state, record))
            else:
                call.post("orders/updated", payloads.order(self.state, record))

    # --- merchants and buyers

    def place_order(self, seed: SeedOrder, *, at: datetime | None = None) -> Order:
        """A buyer pays now, or at ``at``; KeyError names a SKU that the shop does not have."""
        with self.acting() as call:
            return merchant.place_order(call, seed, at=at)

    def add_product(self, seed: SeedProduct) -> Product:
        """A new product."""
        with self.acting() as call:
            return merchant.add_product(call, seed)

    def update_product(self, product: Product, **changes: Any) -> None:
        """The merchant edits title, description_html, product_type, vendor, tags, status, handle, published,
        image_alts, seo_title or seo_description."""
        with self.acting() as call:
            merchant.update_product(call, product, **changes)

    def update_variant(self, variant: Variant, **changes: Any) -> None:
        """The merchant edits price, compare_at, cost or stock."""
        with self.acting() as call:
            merchant.update_variant(call, variant, **changes)

    def delete_product(self, product: Product) -> None:
        """The merchant deletes a product."""
        with self.acting() as call:
            merchant.delete_product(call, product)

    def cancel_order(self, order: Order, *, reason: str = "CUSTOMER") -> None:
        """The merchant cancels an order."""
        with self.acting() as call:
            merchant.cancel_order(call, order, reason=reason)

    def refund(self, order: Order, *, note: str = "", quantities: dict[int, int] | None = None) -> Refund:
        """The merchant pays lines back, by position; everything by default."""
        with self.acting() as call:
            return merchant.refund(call, order, note=note, quantities=quantities)

    def fulfill(self, order: Order) -> None:
        """The merchant sends everything."""
        with self.acting() as call:
            merchant.fulfill(call, order)

    def dispute(self, order: Order, *, reason: str = "fraudulent", kind: str = "CHARGEBACK") -> Dispute:
        """The buyer's bank opens a dispute."""
        with self.acting() as call:
            return merchant.dispute(call, order, reason=reason, kind=kind)

    def settle_dispute(self, made: Dispute, *, won: bool) -> None:
        """The bank decides a dispute."""
        with self.acting() as call:
            merchant.settle_dispute(call, made, won=won)

    def redact_customer(self, buyer: Customer) -> None:
        """The shop forgets a buyer and sends customers/redact."""
        with self.acting() as call:
            merchant.redact(call, buyer)

    def request_customer_data(self, buyer: Customer) -> None:
        """Sends customers/data_request."""
        with self.acting() as call:
            merchant.request_data(call, buyer)

    # --- the app's installation

    def install(self, *, expiring: bool = True) -> str:
        """Grants the scopes and gives an offline access token, as an installation would."""
        with self.lock:
            return self.tokens.issue(expiring=expiring).access_token

    def register(self, app: AppFile) -> None:
        """The app's configuration file is in force: its address, scopes, webhooks and redirects."""
        with self.lock:
            self.application_url, self.app_title = app.application_url, app.name
            self.tokens.scopes = frozenset(app.scopes)
            self.desk.redirect_urls = app.redirect_urls
            self.app_subscriptions = app.subscriptions
            self.proxy_path = app.proxy_path

    def proxied(self, subpath: str, query: list[tuple[str, str]], customer: str = "") -> str | None:
        """The query of a call through the app proxy as the app gets it, signed; None where there is no proxy."""
        if self.proxy_path != f"/apps/{subpath}":
            return None
        stamp = str(int(self.clock().timestamp()))
        full = [
            *query, ("shop", self.tokens.domain), ("logged_in_customer_id", customer),
            ("path_prefix", self.proxy_path), ("timestamp", stamp),
        ]  # fmt: skip
        return urlencode([*full, ("signature", sign_proxy(full, self.tokens.client_secret))])

    def opened_app(self, user_id: int = 1) -> str:
        """The address that the admin opens the app at: signed, and with a session token."""
        now = int(self.clock().timestamp())
        query = {
            "embedded": "1", "host": host_of(self.tokens.domain), "shop": self.tokens.domain, "locale": "en",
            "timestamp": str(now), "id_token": self.session_token(user_id),
        }  # fmt: skip
        return f"{self.application_url}?{urlencode({**query, 'hmac': sign_query(query, self.tokens.client_secret)})}"

    def session_token(self, user_id: int = 1, **claims: Any) -> str:
        """What App Bridge would hand to an embedded page."""
        return self.tokens.session_token(user_id, **claims)

    def uninstall(self) -> None:
        """The merchant removes the app: tokens and API-made subscriptions go, app/uninstalled is sent."""
        with self.acting() as call:
            call.post("app/uninstalled", payloads.shop(self.state))
            self.tokens.revoke()
            self.installed = False
            self.outbox.subscriptions.clear()
            self.state.touch()

    def redact_shop(self) -> None:
        """What Shopify sends 48 hours after an uninstall: shop/redact."""
        with self.acting() as call:
            call.post("shop/redact", {"shop_id": self.state.number, "shop_domain": self.state.domain})

    def change_scopes(self, scopes: tuple[str, ...]) -> None:
        """The merchant grants more or fewer scopes: app/scopes_update is sent."""
        with self.acting() as call:
            before = sorted(self.tokens.scopes)
            self.tokens.scopes = frozenset(scopes)
            for grant in self.tokens.by_access.values():
                grant.scopes = self.tokens.scopes
            call.post("app/scopes_update", payloads.scopes_update(self.state, before, sorted(scopes)))

    def add_market(
        self, name: str, currency: str, *, rate: Decimal, adjustment_pct: Decimal = Decimal(0)
    ) -> PriceList:
        """A market with its own price list; ``rate`` is list currency per shop currency."""
        with self.lock:
            return price_lists.add_market(
                self.state, name, currency, rate=rate, adjustment_pct=adjustment_pct
            )

    def approve_plan(self, plan: Plan) -> None:
        """The merchant approves what the app charges."""
        with self.acting() as call:
            installation.approve(call, plan)

    def run_bulk_operations(self) -> list[BulkOperation]:
        """Runs what waits; the HTTP server does so by itself."""
        with self.lock:
            waiting = [one for one in self.state.all("BulkOperation") if one.status == "CREATED"]
            for one in waiting:
                one.status = "RUNNING"
        for one in waiting:
            bulk_run.run(one, self.acting, Path(self._folder.name))
        return waiting

    def bulk_result(self, token: str) -> Path | None:
        """The result file of a finished bulk operation."""
        with self.lock:
            found = [one for one in self.state.all("BulkOperation") if one.token == token]
        return Path(found[0].path) if found and found[0].status == "COMPLETED" else None

    @property
    def app_subscriptions(self) -> AppSubscriptions | None:
        """The subscriptions of the app's configuration file; these are never deleted for failures."""
        return self.outbox.app

    @app_subscriptions.setter
    def app_subscriptions(self, value: AppSubscriptions | None) -> None:
        self.outbox.app = value

    # --- webhooks

    def pending_deliveries(self) -> list[Delivery]:
        """What waits to be sent, retries that are not yet due among it."""
        with self.lock:
            return list(self.outbox.pending)

    def deliver_next(self) -> Attempt | None:
        """Sends one delivery now; None where nothing is due."""
        return self.outbox.deliver_next()

    def deliver_all(self) -> list[Attempt]:
        """Sends everything that is due."""
        return self.outbox.deliver_all()

    # --- looking around

    def product(self, handle: str) -> Product:
        """One product by its handle; KeyError where there is none."""
        return self.state.products_by_handle[handle]

    def variant(self, sku: str) -> Variant:
        """One variant by its SKU; KeyError where there is none."""
        return self.state.variants_by_sku[sku]

    def order(self, order_number: int) -> Order:
        """One order by the number that buyers see; KeyError where there is none."""
        return next((o for o in self.state.orders() if o.order_number == order_number), None) or _missing(
            order_number
        )

    def customer(self, key: str) -> Customer:
        """One buyer by the seed's customer key or e-mail; KeyError where there is none."""
        return self.state.customers_by_key[key]  # type: ignore[no-any-return]


def _missing(order_number: int) -> Order:
    raise KeyError(f"the shop has no order #{order_number}")


def _whole(record: Product | Variant | Order) -> Product | Order:
    return record.product if isinstance(record, Variant) else record
