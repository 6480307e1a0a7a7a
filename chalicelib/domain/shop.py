"""A shop, and what its merchant allows us to do there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum

from chalicelib.domain.ids import FunctionName, Locale, MarketId, ProductId, ShopId


class Mode(StrEnum):
    """How far a function may go on its own."""

    OFF = "off"
    SHADOW = "shadow"
    """It decides and keeps account of what that would have brought; nobody is asked and nothing is written."""
    PROPOSE = "propose"
    AUTOMATIC = "automatic"


class Units(StrEnum):
    """In which units and sizes a market's texts are."""

    METRIC = "metric"
    US = "us"
    AS_WRITTEN = "as written"


class ShopState(StrEnum):
    """Where a shop stands with us; only a CONNECTED one is ever written to."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    REVOKED = "revoked"
    UNINSTALLED = "uninstalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A place that a shop sells to; its currency is the shop's own where it has no prices of its own."""

    id: MarketId
    name: str
    currency: str
    countries: tuple[str, ...] = ()

    def called(self, name: str) -> bool:
        """Whether a merchant who writes this means the market: by its name or its number, whatever the case."""
        return name.strip().casefold() in {self.name.strip().casefold(), self.id.casefold()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One connected store. Credentials are kept elsewhere, encrypted."""

    id: ShopId
    marketplace: str
    name: str
    endpoint: str
    """Where its API answers, for example ``https://demo.myshopify.com``."""
    currency: str
    state: ShopState = ShopState.CONNECTED
    country: str = ""
    timezone: str = "UTC"
    primary_locale: Locale = Locale("en")
    locales: tuple[Locale, ...] = ()
    """Published languages besides the primary one."""
    markets: tuple[Market, ...] = ()
    plugins: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    plan: str = ""
    """What the merchant pays for, as the marketplace or an operator calls it; empty for nothing."""
    over_plan_at: datetime | None = None
    """Since when more is used than the plan covers."""
    secret_generation: int = 1
    sandbox: bool = False
    """Plain http and loopback are allowed: never in a deployment."""
    connected_at: datetime | None = None
    uninstalled_at: datetime | None = None
    version: int = 0


def setting(label: str, help: str, example: str = "") -> Mapping[str, str]:  # noqa: A002
    """What the settings page says of a limit."""
    return {"label": label, "help": help, "example": example}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationLimits:
    """What the merchant allows for product recommendations."""

    per_product: int = field(
        default=8, metadata=setting("Products per list", "How many products each list holds at most.", "8")
    )
    min_change_pct: Decimal = field(
        default=Decimal(25),
        metadata=setting(
            "Smallest change worth writing (%)",
            "A list is rewritten only when at least this share of it changes.",
            "25: two of eight products differ",
        ),
    )
    excluded: tuple[ProductId, ...] = field(
        default=(), metadata=setting("Never recommend", "Products that never appear in any list.")
    )
    pins: Mapping[ProductId, tuple[ProductId, ...]] = field(
        default_factory=dict,
        metadata=setting("Pinned products", "Products that always come first beside a product."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLimits:
    """What the merchant allows for prices. Every amount is in the shop's currency."""

    min_margin_pct: Decimal = field(
        default=Decimal(10),
        metadata=setting(
            "Minimum margin (%)",
            "No price below cost plus fees plus this margin.",
            "10: cost 9.00 → at least 10.00",
        ),
    )
    fee_pct: Decimal = field(
        default=Decimal("2.9"),
        metadata=setting("Payment fee (%)", "Share of the price that the payment provider keeps.", "2.9"),
    )
    fee_fixed: Decimal = field(
        default=Decimal(0), metadata=setting("Fee per sale", "Fixed cost of each sale.", "0.30")
    )
    default_margin_pct: Decimal | None = field(
        default=None,
        metadata=setting(
            "Margin where no cost is known (%)", "Without it, products without a cost are left alone.", "40"
        ),
    )
    max_increase_pct: Decimal = field(
        default=Decimal(25),
        metadata=setting(
            "Ceiling over the reference price (%)", "No price further above the price you set yourself.", "25"
        ),
    )
    max_over_rival_pct: Decimal | None = field(
        default=None,
        metadata=setting(
            "Ceiling over competitors (%)",
            "No price further above the lowest one seen at a competitor; empty means no such ceiling.",
            "5",
        ),
    )
    competitor_feed: str = field(
        default="",
        metadata=setting(
            "Competitor feed",
            "Address of a CSV file that is read every night: sku or barcode or title, price, date.",
            "https://feeds.example.com/prices.csv",
        ),
    )
    max_step_pct: Decimal = field(
        default=Decimal(5),
        metadata=setting(
            "Largest single change (%)",
            "One change moves a price by at most this much.",
            "5: 20.00 → 19.00 to 21.00",
        ),
    )
    max_step_30d_pct: Decimal = field(
        default=Decimal(15),
        metadata=setting("Largest change in 30 days (%)", "All changes of 30 days together.", "15"),
    )
    min_step_pct: Decimal = field(
        default=Decimal(1),
        metadata=setting("Smallest change worth making (%)", "Smaller changes are not proposed.", "1"),
    )
    cooldown_hours: int = field(
        default=72,
        metadata=setting(
            "Rest between changes (hours)", "A price that was just changed is left alone this long.", "72"
        ),
    )
    max_changes_per_day: int = field(
        default=100, metadata=setting("Changes per day", "For the whole shop.", "100")
    )
    quiet_from: time | None = field(
        default=None,
        metadata=setting(
            "Quiet hours from", "No price changes from then on, in the shop's time zone.", "08:00"
        ),
    )
    quiet_until: time | None = field(
        default=None, metadata=setting("Quiet hours until", "…until then.", "20:00")
    )
    protected: tuple[ProductId, ...] = field(
        default=(), metadata=setting("Protected products", "Products whose price only you change.")
    )
    minimum_advertised: Mapping[ProductId, Decimal] = field(
        default_factory=dict,
        metadata=setting("Minimum advertised prices", "Prices that a supplier forbids to undercut."),
    )
    charm_endings: tuple[str, ...] = field(
        default=(), metadata=setting("Price endings", "Prices end like this.", ".99, .95")
    )
    harm_tolerance_pct: Decimal = field(
        default=Decimal(4),
        metadata=setting(
            "Risk of harm per product (%)",
            "How probable it may be that a product ends up earning less than under your own price.",
            "4",
        ),
    )
    explore: bool = field(
        default=False,
        metadata=setting("May try prices to learn", "Small steps on products that are not protected."),
    )
    clear_after_weeks: int = field(
        default=0,
        metadata=setting(
            "Too much stock (weeks)",
            "Goods on offer for longer than this, whose stock lasts longer than this, are priced to sell sooner; 0 "
            "means never.",
            "40",
        ),
    )
    announce_reductions: bool = field(
        default=False,
        metadata=setting("Show reductions", "Set the struck-through price, within the EU 30-day rule."),
    )
    accepted_before_automatic: int = field(
        default=20,
        metadata=setting(
            "Accepted proposals before automatic", "Automatic starts only after you approved this many.", "20"
        ),
    )
    power_band_pct: Decimal = field(
        default=Decimal(0),
        metadata=setting(
            "Purchasing-power band (%)", "How far local prices may follow local purchasing power.", "10"
        ),
    )
    market_tax_pct: Mapping[str, Decimal] = field(
        default_factory=dict,
        metadata=setting(
            "Tax shown in local prices (%)",
            "Per market, by its name: how much tax its buyers see in prices beyond what your own prices show.",
            "Germany = 19",
        ),
    )
    rate_hysteresis_pct: Decimal = field(
        default=Decimal(2),
        metadata=setting(
            "Exchange-rate dead band (%)",
            "Local prices move only when the rate moved further than this.",
            "2",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationLimits:
    """What the merchant allows for translations."""

    locales: tuple[Locale, ...] = field(
        default=(),
        metadata=setting(
            "Languages", "Into which languages; empty means all that the shop publishes.", "de, fr"
        ),
    )
    characters_per_month: int = field(
        default=500_000,
        metadata=setting("Characters per month", "Translation stops there until next month.", "500000"),
    )
    publish_quality: Decimal = field(
        default=Decimal("0.6"),
        metadata=setting(
            "Quality that publishes on its own (0 to 1)", "Below it, a translation waits for review.", "0.6"
        ),
    )
    quality_by_locale: Mapping[Locale, Decimal] = field(
        default_factory=dict,
        metadata=setting(
            "Quality per language", "Where one language needs more or less than the others.", "zh = 0.7"
        ),
    )
    price_per_million: Decimal = field(
        default=Decimal(20),
        metadata=setting(
            "Price per million characters",
            "What your DeepL plan charges, in the currency of its bill; 0 on a free plan. Forecasts use it.",
            "20",
        ),
    )
    formality: Mapping[Locale, str] = field(
        default_factory=dict,
        metadata=setting("Formality", "Per language: more, less or default.", "de = less"),
    )
    protected_terms: tuple[str, ...] = field(
        default=(), metadata=setting("Never translate", "Brand and product names.", "Tradewind")
    )
    glossary: Mapping[Locale, Mapping[str, str]] = field(
        default_factory=dict, metadata=setting("Glossary", "Per language: how a term is translated.")
    )
    polish: bool = field(
        default=False,
        metadata=setting(
            "Polish with DeepL Write",
            "Sentences without placeholders are put better; their characters count twice. Plans without "
            "DeepL Write leave them as they are.",
        ),
    )
    translate_handles: bool = field(
        default=False, metadata=setting("Translate web addresses", "With a redirect from the old address.")
    )
    convert_units: bool = field(
        default=False, metadata=setting("Convert units and sizes", "Inches to centimetres, US to EU sizes.")
    )
    market_units: Mapping[str, Units] = field(
        default_factory=dict,
        metadata=setting(
            "Units of single markets",
            "Per market, by its name: metric, us or as written. Where that differs from the other markets, this "
            "market gets texts of its own in every language, size charts included; taking it out leaves them there.",
            "United States = us",
        ),
    )

    def quality_for(self, locale: Locale) -> Decimal:
        """What a translation into this language needs to be published without a person."""
        base = Locale(locale.partition("-")[0])
        return self.quality_by_locale.get(locale, self.quality_by_locale.get(base, self.publish_quality))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLimits:
    """What the merchant says about risk."""

    margin_pct: Decimal = field(
        default=Decimal(40), metadata=setting("Usual margin (%)", "Where an item's cost is unknown.", "40")
    )
    chargeback_fee: Decimal = field(
        default=Decimal(15),
        metadata=setting("Chargeback fee", "What your payment provider charges for one.", "15.00"),
    )
    lost_buyer_cost: Decimal = field(
        default=Decimal(30),
        metadata=setting(
            "Cost of losing a good buyer", "What a wrongly refused buyer would have brought.", "30.00"
        ),
    )
    review_cost: Decimal = field(
        default=Decimal(3),
        metadata=setting("Cost of one review", "Your time for looking at one order.", "3.00"),
    )
    reviews_per_day: int = field(
        default=20, metadata=setting("Reviews per day", "How many orders a day somebody can look at.", "20")
    )
    hold: bool = field(
        default=False,
        metadata=setting("Hold risky orders", "Keep them from being sent until somebody has looked."),
    )
    hold_mails_buyer: bool = field(
        default=False,
        metadata=setting(
            "Hold even where the store mails the buyer", "WooCommerce's on-hold sends a mail to the buyer."
        ),
    )
    tag: str = field(
        default="", metadata=setting("Tag", "A tag for risky orders; empty means none.", "check")
    )
    max_country_gap_pct: Decimal = field(default=Decimal(5), metadata=setting(
        "Largest gap between countries (points)", "Warn when good buyers of one country are held more often by this.",
        "5"))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything a merchant decided, with a version so that two people cannot overwrite each other."""

    modes: Mapping[FunctionName, Mode] = field(default_factory=dict)
    paused: bool = False
    """The kill switch: nothing is written while it is on."""
    recommendations: RecommendationLimits = RecommendationLimits()
    prices: PriceLimits = PriceLimits()
    translations: TranslationLimits = TranslationLimits()
    orders: OrderLimits = OrderLimits()
    version: int = 0

    def mode(self, function: FunctionName) -> Mode:
        """What this function may do; a function nobody has spoken of is off."""
        return self.modes.get(function, Mode.OFF)
