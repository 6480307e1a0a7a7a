"""One WooCommerce shop in memory: its REST API, its webhooks, its merchants and its buyers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.seed import Seed, SeedOrder, SeedProduct
from sandbox.woocommerce_store import customers, order_status, orders, products, seeding, variations
from sandbox.woocommerce_store.call import Backroom
from sandbox.woocommerce_store.faults import Faults
from sandbox.woocommerce_store.order_view import render_order
from sandbox.woocommerce_store.outbox import Outbox, Pending, Sent, Weather
from sandbox.woocommerce_store.product_view import render_product
from sandbox.woocommerce_store.rows import ApiKey, Mail, Order, Product
from sandbox.woocommerce_store.shop import Shop
from sandbox.woocommerce_store.site import Site


class WooCommerceStore:
    """A shop to be served with ``serve``; every method is safe to call from any thread.

    ``ssl`` means "treat every request as having come over TLS" (as does X-Forwarded-Proto: https on one
    request): Basic and query-string keys work, and OAuth signs an https address. ``multilingual`` is "",
    "wpml" or "polylang"; ``own_media`` gives each language pictures of its own. ``deliver`` is "background" (a
    thread sends) or "manual" (``deliver_next`` sends).
    ``silence_after_creation`` is how long the product editor's saves stay unannounced after creation.
    """

    def __init__(
        self,
        seed: Seed,
        *,
        consumer_key: str,
        consumer_secret: str,
        clock: Callable[[], datetime],
        permissions: str = "read_write",
        ssl: bool = False,
        multilingual: str = "",
        own_media: bool = False,
        deliver: str = "background",
        weather: Weather | None = None,
        silence_after_creation: timedelta = timedelta(seconds=10),
        allow_insecure_callback: bool = False,
        signed_in: bool = True,
    ) -> None:
        site = Site(
            name=seed.name, currency=seed.currency, country=seed.country, zone=ZoneInfo(seed.timezone),
            locales=seed.locales, multilingual=multilingual, own_media=own_media, ssl=ssl,
        )  # fmt: skip
        self.shop = Shop(site=site, clock=clock)
        self.faults = Faults()
        self.outbox = Outbox(self.shop, weather or Weather())
        self.room = Backroom(shop=self.shop, outbox=self.outbox)
        self.deliver = deliver
        self.silence_after_creation = silence_after_creation
        self.allow_insecure_callback = allow_insecure_callback
        self.signed_in = signed_in
        self.consent_nonces: set[str] = set()
        self.add_key(consumer_key, consumer_secret, permissions)
        seeding.load(self.shop, seed)
        self.shop.announce = self.outbox.announce

    @property
    def url(self) -> str:
        """Give the shop's address (known once it is served)."""
        return self.shop.site.url

    @property
    def sent_mails(self) -> list[Mail]:
        """Give every mail the shop would have sent."""
        return self.shop.mails

    def add_key(self, consumer_key: str, consumer_secret: str, permissions: str = "read_write") -> ApiKey:
        """Issue a key pair."""
        with self.shop.lock:
            key = ApiKey(
                id=self.shop.number("key"), consumer_key=consumer_key, consumer_secret=consumer_secret,
                permissions=permissions,
            )  # fmt: skip
            self.shop.keys[consumer_key] = key
            return key

    def revoke_key(self, consumer_key: str) -> None:
        """Take a key back, as a merchant does who leaves."""
        with self.shop.lock:
            self.shop.keys.pop(consumer_key, None)

    # -- deliveries ---------------------------------------------------------------------------------------

    def pending_deliveries(self) -> list[Pending]:
        """Give the deliveries that wait."""
        return self.outbox.pending()

    def deliver_next(self) -> Sent | None:
        """Send one waiting delivery now."""
        return self.outbox.deliver_next()

    def deliver_all(self) -> list[Sent]:
        """Send everything that waits, including what the sending causes."""
        return self.outbox.deliver_all()

    def disable_webhooks(self) -> None:
        """Disable every subscription, as seven failures each would."""
        with self.shop.lock:
            for webhook in self.shop.webhooks.values():
                webhook.status = "disabled"

    # -- what buyers do -----------------------------------------------------------------------------------

    def place_order(self, seed: SeedOrder, *, paid: bool = True) -> int:
        """Check out: an order is created and, unless it is not ``paid``, paid; gives its id."""
        with self.shop.lock:
            order = seeding.add_order(self.shop, seed)
            orders.added(self.shop, order)
            order.modified_at = order.created_at = self.shop.now()
            if paid:
                order_status.pay(self.shop, order, f"ch_{order.id}")
            return order.id

    def cancel_order(self, order_id: int) -> None:
        """Cancel an order."""
        self.set_order_status(order_id, "cancelled")

    # -- what merchants do --------------------------------------------------------------------------------

    def add_product(self, seed: SeedProduct) -> int:
        """Add a product in the editor; gives its id. Variations are announced too."""
        with self.shop.lock:
            row = seeding.add_product(self.shop, seed)
            for number in (row.id, *row.variations):
                child = self.shop.products[number]
                child.created_at = child.modified_at = self.shop.now()
                self.shop.announce("product.created", number)
            self.shop.changed()
            return row.id

    def update_product(self, product_id: int, **fields: Any) -> None:
        """Save a product or variation in the editor; ``fields`` are those of the REST API."""
        with self.shop.lock:
            row = products.find(self.shop, product_id)
            audible = self.shop.now() - row.created_at >= self.silence_after_creation
            if row.type == "variation":
                parent = self.shop.products[row.parent_id]
                variations.update(self.shop, row, parent, fields, announce=audible)
            else:
                products.update(self.shop, row, fields, announce=audible)

    def trash_product(self, product_id: int) -> None:
        """Move a product and its variations to the trash."""
        with self.shop.lock:
            products.trash(self.shop, products.find(self.shop, product_id))

    def restore_product(self, product_id: int) -> None:
        """Take a product out of the trash."""
        with self.shop.lock:
            products.restore(self.shop, products.find(self.shop, product_id))

    def set_order_status(self, order_id: int, status: str) -> None:
        """Move an order to another status, as the order screen does."""
        with self.shop.lock:
            order_status.set_status(self.shop, orders.find(self.shop, order_id), status)

    def trash_order(self, order_id: int) -> None:
        """Move an order to the trash."""
        with self.shop.lock:
            orders.trash(self.shop, orders.find(self.shop, order_id))

    def anonymise_order(self, order_id: int) -> None:
        """Erase the buyer from an order."""
        with self.shop.lock:
            orders.anonymise(self.shop, orders.find(self.shop, order_id))

    def delete_customer(self, customer_id: int) -> None:
        """Delete a buyer's account."""
        with self.shop.lock:
            customers.delete(self.shop, customers.find(self.shop, customer_id))

    # -- what tests look at -------------------------------------------------------------------------------

    def product(self, product_id: int) -> dict[str, Any]:
        """Give a product or variation as the REST API shows it."""
        with self.shop.lock:
            return render_product(self.shop, products.find(self.shop, product_id))

    def order(self, order_id: int) -> dict[str, Any]:
        """Give an order as the REST API shows it."""
        with self.shop.lock:
            return render_order(self.shop, orders.find(self.shop, order_id))

    def notes(self, order_id: int) -> list[str]:
        """Give an order's notes, oldest first."""
        with self.shop.lock:
            return [note.text for note in orders.find(self.shop, order_id).notes]

    def product_id(self, key_or_sku: str) -> int:
        """Give the id of a product by its seed key, or of a product or variation by its SKU."""
        return self.shop.by_seed_key.get(key_or_sku) or self.shop.by_sku[key_or_sku]

    def order_id(self, key: str) -> int:
        """Give the id of an order by its seed key."""
        return self.shop.by_seed_key[key]

    def rows(self) -> tuple[dict[int, Product], dict[int, Order]]:
        """Give the product and order tables themselves, for checks that must see everything."""
        return self.shop.products, self.shop.orders
