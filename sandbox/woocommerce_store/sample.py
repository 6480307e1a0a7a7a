"""A shop small enough to read: two simple products, one with sizes, one buyer, one past order."""

from datetime import UTC, datetime
from decimal import Decimal

from sandbox.seed import Seed, SeedAddress, SeedLine, SeedOrder, SeedProduct, SeedVariant

OPENED_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_ADA = SeedAddress(
    first_name="Ada", last_name="Lovelace", address_1="Str. 1", city="Berlin", postcode="10115", country="DE"
)


def order(key: str, *lines: tuple[str, int, str], email: str = "ada@example.com", gateway: str = "card") -> SeedOrder:
    """Give an order of ``(sku, quantity, unit price)`` lines."""
    return SeedOrder(
        key=key,
        created_at=OPENED_AT,
        lines=tuple(SeedLine(sku=sku, quantity=n, unit_price=Decimal(price)) for sku, n, price in lines),
        customer_key=email,
        email=email,
        billing=_ADA,
        shipping=_ADA,
        ip="203.0.113.9",
        user_agent="Mozilla/5.0",
        gateway=gateway,
        card_bin="424242",
        avs_result="Y",
    )


def seed(*, locales: tuple[str, ...] = ("en",), timezone: str = "UTC", currency: str = "EUR") -> Seed:
    """Give the sample shop."""
    tea = SeedProduct(
        key="tea",
        title="Größe Tee – 日本",
        variants=(
            SeedVariant(sku="TEA-S", price=Decimal("19.9"), options=(("Size", "S"),), stock=3),
            SeedVariant(sku="TEA-M", price=Decimal(25), options=(("Size", "M"),), stock=5),
        ),
        description_html="<p>Green tea.</p>",
        product_type="Tea",
        created_at=OPENED_AT,
    )
    mug = SeedProduct(
        key="mug",
        title="Mug <b>& more</b>",
        variants=(SeedVariant(sku="MUG", price=Decimal(5), compare_at=Decimal(7), stock=10, cost=Decimal(2)),),
        description_html="<p onclick='x()'>Holds tea.<script>alert(1)</script></p>",
        product_type="Kitchen",
        tags=("gift",),
        image_alts=("A mug",),
        created_at=OPENED_AT,
    )
    spoon = SeedProduct(
        key="spoon",
        title="Spoon",
        variants=(SeedVariant(sku="SPOON", price=Decimal("2.5")),),
        product_type="Kitchen",
        created_at=OPENED_AT,
    )
    return Seed(
        name="Tea & Co",
        currency=currency,
        country="DE",
        timezone=timezone,
        locales=locales,
        products=(tea, mug, spoon),
        orders=(order("past", ("MUG", 2, "5"), ("SPOON", 1, "2.5")),),
    )
