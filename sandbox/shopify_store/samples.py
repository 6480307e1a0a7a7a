"""A small shop to try things on: a few products with everything that can vary, two buyers, a few orders."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sandbox.seed import Seed, SeedAddress, SeedLine, SeedOrder, SeedProduct, SeedVariant

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOME = SeedAddress(
    first_name="Ada",
    last_name="Example",
    address_1="1 High Street",
    city="Leeds",
    postcode="LS1 1AA",
    country="GB",
)


@dataclass(slots=True)
class HandClock:
    """A clock that moves when it is told to."""

    moment: datetime = START

    def __call__(self) -> datetime:
        """The time it shows."""
        return self.moment

    def forward(self, **amount: float) -> None:
        """Moves on by a timedelta's arguments."""
        self.moment += timedelta(**amount)


def variant(sku: str, price: str, **details: object) -> SeedVariant:
    """A variant with ten pieces in stock and a cost of 40 % of its price."""
    cost = (Decimal(price) * Decimal("0.4")).quantize(Decimal("0.01"))
    return SeedVariant(**{"sku": sku, "price": Decimal(price), "cost": cost, "stock": 10, **details})  # type: ignore[arg-type]


def product(key: str, title: str, *variants: SeedVariant, **details: object) -> SeedProduct:
    """A published product that has been there for a while."""
    created_at = START - timedelta(days=100)
    values = {"key": key, "title": title, "variants": variants, "created_at": created_at, **details}
    return SeedProduct(**values)  # type: ignore[arg-type]


def order(key: str, *lines: tuple[str, int], at: datetime = START, **details: object) -> SeedOrder:
    """An order of one buyer who lives in Leeds and pays by card, each piece at 10."""
    sold = tuple(SeedLine(sku=sku, quantity=quantity, unit_price=Decimal(10)) for sku, quantity in lines)
    values = {
        "key": key,
        "created_at": at,
        "lines": sold,
        "customer_key": "ada",
        "email": "ada@buyers.example",
        "billing": HOME,
        "shipping": HOME,
        "ip": "192.0.2.7",
        "user_agent": "Mozilla/5.0",
        "avs_result": "Y",
        "cvv_result": "M",
        "card_bin": "424242",
        "card_last4": "4242",
        **details,
    }
    return SeedOrder(**values)  # type: ignore[arg-type]


def seed(**changes: object) -> Seed:
    """The small shop: five products, of which one has sizes, and two orders."""
    sizes = tuple(
        variant(f"TEE-{size}", "20.00", options=(("Size", size),), compare_at=Decimal("25.00"))
        for size in ("S", "M", "L")
    )
    values = {
        "name": "Small Shop",
        "currency": "GBP",
        "country": "GB",
        "locales": ("en", "de", "fr"),
        "products": (
            product("mug", "Blue Mug", variant("MUG", "8.50"), tags=("kitchen",), image_alts=("A blue mug",)),
            product(
                "pot", "Tea Pot", variant("POT", "24.00"), description_html="<p>Holds <b>one</b> litre.</p>"
            ),
            product("tee", "Plain Tee", *sizes, product_type="Clothes"),
            product("cosy", "Tea Cosy", variant("COSY", "12.00", stock=0)),
            product("card", "Free Card", variant("CARD", "0.00")),
        ),
        "orders": (
            order("o1", ("MUG", 1), ("POT", 1), at=START - timedelta(days=3)),
            order(
                "o2",
                ("TEE-M", 2),
                at=START - timedelta(days=1),
                customer_key="bob",
                email="bob@buyers.example",
            ),
        ),
        **changes,
    }
    return Seed(**values)  # type: ignore[arg-type]
