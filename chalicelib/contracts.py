"""What the outside must be: functions, marketplaces, engines. Protocols only; nothing here does anything.

The accepting path imports this module, so numpy and pydantic appear in annotations alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, runtime_checkable

from chalicelib.domain.actions import Action, Snapshot
from chalicelib.domain.catalogue import Product, Text
from chalicelib.domain.events import EventKind, StoreEvent, Trigger
from chalicelib.domain.evidence import Reason
from chalicelib.domain.ids import (
    EventId,
    FunctionName,
    IdempotencyKey,
    Locale,
    MarketId,
    OrderId,
    ProductId,
    ShopId,
    Target,
    VariantId,
)
from chalicelib.domain.journal import Written
from chalicelib.domain.orders import Order
from chalicelib.domain.price_inputs import Sighting
from chalicelib.domain.proposals import Proposal
from chalicelib.domain.screening import Screening
from chalicelib.domain.shop import Market, Policy, Shop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    type Array = NDArray[Any]


class Capability(StrEnum):
    """What a store can do for us. One that is missing is said plainly, and is not an error."""

    RECOMMEND_COMPLEMENTARY = "recommend_complementary"
    RECOMMEND_RELATED = "recommend_related"
    PRICES = "prices"
    MARKET_PRICES = "market_prices"
    TRANSLATIONS = "translations"
    MARKET_TEXTS = "market_texts"
    ORDER_ASSESSMENT = "order_assessment"
    ORDER_HOLD = "order_hold"
    ORDER_TAGS = "order_tags"
    UNIT_COST = "unit_cost"
    STOREFRONT = "storefront"


# --- functions -------------------------------------------------------------------------------------


EVERYBODY: Final = "shop"
"""The subject of what is counted of all buyers together."""


@dataclass(frozen=True, slots=True)
class CounterKey:
    """One counter of a shop: what is counted, for whom, over how long.

    ``subject`` is already a keyed hash where it stands for a person.
    """

    name: str
    subject: str
    window_s: int
    """The trailing window in seconds; 0 counts for ever."""


@dataclass(frozen=True, slots=True)
class CounterUpdate:
    """Add ``amount`` at ``at``; ``unique`` makes the update happen once (an order's id)."""

    key: CounterKey
    at: datetime
    unique: str
    amount: int = 1


class TextPlace(NamedTuple):
    """Where translated texts stand: a resource in one language, for all markets or for one alone."""

    resource: str
    locale: Locale
    market: MarketId = MarketId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a function wants to know before it decides. Everything is optional; empty means nothing more."""

    products: frozenset[ProductId] = frozenset()
    """To be read fresh from the store."""
    orders: frozenset[OrderId] = frozenset()
    """To be read fresh from the store."""
    catalogue: frozenset[ProductId] = frozenset()
    """From our own mirror of the catalogue: cheap, minutes old."""
    targets: frozenset[Action] = frozenset()
    """Actions whose targets' present values are wanted (only ``target`` and its ids matter)."""
    written: frozenset[Target] = frozenset()
    """Targets of which it is enough to know what we last wrote there; the store is not asked."""
    texts: frozenset[TextPlace] = frozenset()
    """Source texts with digests, and the translations that exist there."""
    counters: frozenset[CounterKey] = frozenset()
    memory: frozenset[str] = frozenset()
    """Keys of the shop's own memory (translation memory, ledgers): exact look-ups."""
    sales: frozenset[ProductId] = frozenset()
    """Daily sales and price history per variant of these products."""
    pasts: frozenset[VariantId] = frozenset()
    """Every price that these variants had in the store, in the shop's currency."""
    screenings: frozenset[OrderId] = frozenset()
    """How these orders were screened before, if they were."""
    allowances: frozenset[tuple[str, str]] = frozenset()
    """(allowance, for what): how much of today's is used already for other things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translations:
    """Source texts of one resource, and what exists in one locale, for all markets or for one alone."""

    source: tuple[Text, ...]
    existing: tuple[Text, ...]
    """``digest`` is the digest of the source that the translation was made from, or empty if unknown."""
    outdated: frozenset[str] = frozenset()
    source_locale: Locale = Locale("")


@dataclass(frozen=True, slots=True)
class SalesDay:
    """One variant on one day of the shop's own calendar."""

    variant: str
    day: int
    """Days since 1970-01-01."""
    units: int
    price_minor: int
    """The price most units were sold at (or that was on show), in minor units of the shop's currency."""
    in_stock: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a function may look at. What was asked for but does not exist is simply absent."""

    shop: Shop
    policy: Policy
    event: StoreEvent
    now: datetime
    products: Mapping[ProductId, Product] = field(default_factory=dict)
    orders: Mapping[OrderId, Order] = field(default_factory=dict)
    catalogue: Mapping[ProductId, Product] = field(default_factory=dict)
    snapshots: Mapping[Target, Snapshot] = field(default_factory=dict)
    written: Mapping[Target, Written] = field(default_factory=dict)
    """What we last wrote at the targets asked for."""
    texts: Mapping[TextPlace, Translations] = field(default_factory=dict)
    counters: Mapping[CounterKey, int] = field(default_factory=dict)
    memory: Mapping[str, str] = field(default_factory=dict)
    sales: Mapping[ProductId, Sequence[SalesDay]] = field(default_factory=dict)
    pasts: Mapping[VariantId, Sequence[tuple[datetime, Decimal]]] = field(default_factory=dict)
    """Oldest first; each price was in force until the next one."""
    screenings: Mapping[OrderId, Screening] = field(default_factory=dict)
    allowances: Mapping[str, int] = field(default_factory=dict)
    """By name, how many were used today for other things than the one asked about."""
    asked: Needs = Needs()
    """What the function asked for so far: what of it is absent does not exist."""
    abilities: frozenset[Capability] = frozenset(Capability)
    """What this store can do for us."""
    locate: Callable[[str], str] = lambda address: ""
    """``locate(address)``: the country of an internet address, where the operator has a table for that."""
    identify: Callable[[str, str], str] = lambda kind, value: ""
    """``identify(kind, value)``: the shop's keyed hash of a personal value (``email``, ``ip``, ``card``,
    ``address``, ``customer``); empty for an empty value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslateTexts:
    """Ask the translation engine. Texts carry their protection already as ``<x id="n"/>`` style tags."""

    texts: tuple[str, ...]
    source: Locale | None
    target: Locale
    formality: str = ""
    glossary: tuple[tuple[str, str], ...] = ()
    context: str = ""
    tag_handling: str = "xml"
    ignore_tags: tuple[str, ...] = ("x",)
    polish: bool = False
    """Put plain texts better afterwards, where the engine's plan has that; it bills them once more."""

    @property
    def characters(self) -> int:
        """What the engine will bill (source characters; those of polished texts twice)."""
        return sum(map(len, self.texts)) + sum(len(self.texts[place]) for place in self.polishable)

    @property
    def polishable(self) -> tuple[int, ...]:
        """Places of the texts to be polished: those without markup, which engines that polish do not know."""
        return tuple(i for i, text in enumerate(self.texts) if self.polish and not {"<", "&"} & set(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRates:
    """Ask for exchange rates of one day, as units of each currency for one ``base``."""

    base: str
    currencies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFile:
    """Ask for a file that a merchant publishes (a feed of competitors' prices); the answer is its bytes."""

    url: str
    sandbox: bool = False
    """Whether it may lie on this machine; counts only where the deployment is a sandbox."""


type EngineRequest = TranslateTexts | FetchRates | FetchFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the engines said, by request; a request that failed is in ``failed`` with a reason in words."""

    texts: Mapping[EngineRequest, tuple[str, ...]] = field(default_factory=dict)
    rates: Mapping[EngineRequest, Mapping[str, str]] = field(default_factory=dict)
    """Decimal amounts as strings."""
    failed: Mapping[EngineRequest, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactCard:
    """What a model is: read from card.json and checked against the session at load."""

    name: str
    version: str
    sha256: str
    inputs: Mapping[str, tuple[str, tuple[int | str, ...]]]
    """Per input: element type (``float32``) and shape (names for free dimensions)."""
    outputs: Mapping[str, tuple[str, tuple[int | str, ...]]]
    units: Mapping[str, str]
    thresholds: Mapping[str, float]
    training_data: str
    metrics: Mapping[str, Any]
    licence: str
    created_at: datetime
    notes: str = ""


class Model(Protocol):
    """One loaded artifact."""

    @property
    def card(self) -> ArtifactCard: ...

    @property
    def assets(self) -> Mapping[str, bytes]:
        """Files beside the graph (an item index, word lists)."""
        ...

    def run(self, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        """Score. Raises ArtifactMismatch when an output holds NaN or inputs do not fit the card."""
        ...

    def once[T](self, name: str, make: Callable[[Mapping[str, bytes]], T]) -> T:
        """Parse an asset once per loaded model and remember the result."""
        ...


class Models(Protocol):
    """The artifacts of one shop: its own where it has one, else the shipped base."""

    def get(self, name: str) -> Model | None:
        """The current artifact of that name, or None; a broken one falls back to the last good one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What a trainer makes: a graph, its card (sha256 is filled in on storing), files beside it."""

    name: str
    graph: bytes
    card: ArtifactCard
    assets: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Order lines of one shop as columns, oldest first. Refunded and test lines are left out.

    Every array has one row per order line.
    """

    order: Array
    """Order index, int64 from 0, ascending in time."""
    at: Array
    """Seconds since 1970, int64, UTC."""
    customer: Array
    """Customer index, int32, -1 where unknown."""
    product: Array
    """Index into ``products``, int32."""
    quantity: Array
    """int32, positive."""
    unit_price_minor: Array
    """int64, minor units of ``currency``."""
    country: Array
    """Index into ``countries``, int16, -1 where unknown."""
    variant: Array
    """Index into ``variants``, int32, -1 where unknown."""
    products: Sequence[str]
    variants: Sequence[str]
    countries: Sequence[str]
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOutcome:
    """How an order ended, for learning: features as they were when it was screened, and a label if known."""

    order_id: str
    at: datetime
    features: Mapping[str, float | str | None]
    label: bool | None
    """True: fraud; False: fine; None: not known yet."""
    source: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a trainer gets."""

    shop: Shop
    policy: Policy
    now: datetime
    history: History
    catalogue: Mapping[ProductId, Product]
    outcomes: Sequence[OrderOutcome] = ()
    screenings: Sequence[Screening] = ()
    sales: Mapping[ProductId, Sequence[SalesDay]] = field(default_factory=dict)
    rivals: Mapping[VariantId, Sequence[Sighting]] = field(default_factory=dict)
    """What competitors were seen to ask, oldest first."""
    stock_outs: Mapping[VariantId, Sequence[int]] = field(default_factory=dict)
    """Days since 1970-01-01 (UTC) on which a variant was seen sold out, oldest first."""
    current: Models | None = None
    """What is in use now, so that a worse model does not replace it."""


class Function(Protocol):
    """One ability. Pure: it never reads, writes or spends; it says what it needs and what it would do.

    A ``Schedule.PROPOSE`` event names up to twenty products in ``resource``, separated by commas.
    """

    @property
    def name(self) -> FunctionName: ...

    @property
    def label(self) -> str:
        """What people call it, for example ``Recommendations``."""
        ...

    @property
    def triggers(self) -> frozenset[Trigger]: ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """At least one of these must be there for the function to make sense in a store."""
        ...

    def reads(self, known: Context, models: Models) -> Needs:
        """What else to read, given what is known; asked until nothing new is wanted (at most 4 times)."""
        ...

    def observe(self, known: Context) -> Sequence[CounterUpdate]:
        """What this event adds to counters; once per event, before counters are read."""
        ...

    def plan(self, context: Context, models: Models) -> Sequence[EngineRequest]:
        """Text to translate, rates to fetch; often empty. The pipeline spends and remembers."""
        ...

    def propose(self, context: Context, answers: Answers, models: Models) -> Decision:
        """What we would do, and why."""
        ...

    def train(self, material: Material, progress: Callable[[str], None]) -> Iterable[Artifact]:
        """New artifacts for one shop, or none when there is too little to learn from. Large ones may come one by one,
        each made when the one before it has been stored."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """One of a day's allowance, used once for ``unique`` however often it is tried again."""

    ceiling: int
    unique: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something the merchant must hear of; ``over`` takes an earlier one of the same code and subject back."""

    code: str
    subject: str = ""
    message: str = ""
    urgent: bool = False
    """Mailed at once, not with the day's digest."""
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a function found when it looked over its own work, and what it wants remembered of that."""

    alarms: Sequence[Alarm] = ()
    remember: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Watchful(Protocol):
    """A function that looks over its own work every night, and says what is amiss."""

    @property
    def codes(self) -> frozenset[str]:
        """Every code it may raise at night; what it does not raise again has mended itself."""
        ...

    def watch(self, material: Material) -> Watched: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What is known while a buyer waits for a list that was not written into the store."""

    slot: str
    """``for-cart``, ``for-customer`` or ``trending``; a function answers nothing to words it does not know."""
    products: tuple[ProductId, ...] = ()
    """On show and in the cart."""
    past: tuple[tuple[ProductId, float], ...] = ()
    """What the buyer bought and how many days ago, oldest first; empty for a stranger."""
    country: str = ""
    count: int = 24


@runtime_checkable
class Serving(Protocol):
    """A function that also answers at request time, from models alone: it must be done in milliseconds."""

    def serve(self, visit: Visit, models: Models) -> Sequence[ProductId]:
        """Products, best first; the storefront drops what cannot be bought."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Proposals, and what the function wants remembered (translation memory, ledgers, outcomes)."""

    proposals: Sequence[Proposal] = ()
    remember: Mapping[str, str] = field(default_factory=dict)
    outcomes: Sequence[OrderOutcome] = ()
    screenings: Sequence[Screening] = ()
    """Verdicts on orders, to be kept for the record."""
    spends: Mapping[str, Spend] = field(default_factory=dict)
    """Allowances of today that this decision uses. Where one has run out meanwhile, it is not carried out: the
    function is asked again, with the allowance shown as used up."""
    alarms: Sequence[Alarm] = ()
    considered: int = 0
    """How many changes were looked at, so that "unchanged" can be told from "nothing to look at"."""
    notes: Sequence[str] = ()
    """Why something was left alone, in merchant words (shown on the activity page)."""


@dataclass(frozen=True, slots=True)
class Said:
    """An errand's result: the text to show, and what a person should know of it."""

    text: str
    reasons: tuple[Reason, ...] = ()


class Errand(Protocol):
    """One text on demand. Pure like a function: it says what it needs and asks, and others spend."""

    @property
    def memory(self) -> frozenset[str]:
        """Keys of the shop's memory to look up."""
        ...

    def plan(self, memory: Mapping[str, str]) -> Sequence[EngineRequest]: ...

    def answer(self, memory: Mapping[str, str], answers: Answers) -> Said: ...


@runtime_checkable
class Interpreter(Protocol):
    """A function that also translates single texts (reviews, messages) and hands its memory in and out."""

    def errand(self, known: Context, text: str, source: Locale, target: Locale) -> Errand:
        """``source`` may be empty: then it is told from the text, among the shop's languages."""
        ...

    @property
    def memory_prefix(self) -> str:
        """Under which the shop's memory holds what can be handed out."""
        ...

    def export_memory(self, entries: Iterable[tuple[str, str]], form: str) -> str:
        """Memory entries (key, value) as one document of the form ``tmx`` or ``csv``."""
        ...

    def import_memory(self, known: Context, document: str, form: str) -> Taken:
        """What a document adds to the memory. Raises MalformedPayload, saying what to mend."""
        ...

    def conflicts(self, known: Context, target: Locale) -> Sequence[Reason]:
        """What in the shop's own wishes for a language contradicts itself and is left out until that is mended."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import adds: memory entries by key, and how many lines could not be used."""

    entries: Mapping[str, str]
    left: int = 0


# --- marketplaces ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """An HTTP request as it came: raw bytes, header names in lower case, path and query decoded."""

    method: str = "POST"
    path: str = ""
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(repr=False)
    account: str = ""
    """The part of the address that names the shop, where the address does."""


class WebhookSecrets(Protocol):
    """Where webhook secrets come from; each answer is [current, previous]."""

    def app(self, marketplace: str) -> Sequence[bytes]:
        """One secret for all shops (Shopify's client secret)."""
        ...

    def derived(self, marketplace: str, account: str) -> Sequence[bytes]:
        """A secret per shop, derived from the master key: no read per webhook."""
        ...


class WebhookReader(Protocol):
    """Reads one marketplace's webhooks, on the accepting path: standard library only, no buyer data out."""

    def ping(self, request: RawRequest) -> bool:
        """Whether this is the store's unsigned test call, to be answered 200 and forgotten."""
        ...

    def verify(self, request: RawRequest, secrets: WebhookSecrets) -> None:
        """Raises InvalidSignature. Over the raw bytes, in constant time."""
        ...

    def normalise(self, request: RawRequest, received_at: datetime) -> StoreEvent:
        """Theirs to ours. Raises MalformedPayload and nothing else, whatever the bytes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One action to apply, and what the store held when it was decided."""

    action: Action
    before: Snapshot
    key: IdempotencyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the store holds at the target after an apply or a restore."""

    after: Snapshot
    wrote: bool = True
    """False when the store already held it (our own earlier attempt, say)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRef:
    """Something that changed in a store."""

    kind: EventKind
    id: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookState:
    """One subscription as the store holds it."""

    id: str
    topic: str
    address: str
    active: bool
    by_us: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """What a store says of itself."""

    name: str
    currency: str
    country: str = ""
    timezone: str = "UTC"
    primary_locale: Locale = Locale("en")
    locales: tuple[Locale, ...] = ()
    markets: tuple[Market, ...] = ()
    plugins: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    plan: str | None = None
    """The plan of ours that the merchant pays for in the marketplace, empty for none; None where it bills nothing."""
    version: str = ""
    account: str = ""
    """The store's own name for itself, to be checked against the tenant."""
    told_at: datetime | None = None
    """The store's own clock as it answered, where it says."""


@dataclass(frozen=True, slots=True)
class Page[T]:
    """One page of a long read, and where to go on (None at the end)."""

    items: Sequence[T]
    cursor: str | None


class StoreClient(Protocol):
    """One shop, connected. Every call names its tenant by being this object.

    All methods raise the errors of chalicelib.errors and no others.
    """

    def facts(self) -> StoreFacts: ...

    def product(self, product_id: ProductId) -> Product:
        """Raises Gone."""
        ...

    def products(self, product_ids: Sequence[ProductId]) -> Mapping[ProductId, Product]:
        """Those that exist, in as few calls as the store allows."""
        ...

    def missing(self, product_ids: Sequence[ProductId]) -> frozenset[ProductId]:
        """Which of these the store has no more, in as few calls as it allows."""
        ...

    def order(self, order_id: OrderId) -> Order:
        """Raises Gone."""
        ...

    def product_page(self, *, since: datetime | None, cursor: str | None) -> Page[Product]:
        """All products (changed since a moment), oldest change first, resumable by cursor."""
        ...

    def order_page(self, *, since: datetime | None, cursor: str | None) -> Page[Order]:
        """All orders (changed since a moment), oldest change first, resumable by cursor."""
        ...

    def changed_since(self, moment: datetime) -> Iterator[ResourceRef]:
        """Products and orders that changed since then, oldest first."""
        ...

    def texts(self, places: Sequence[TextPlace]) -> Mapping[TextPlace, Translations]:
        """Source texts with digests, and what exists there, in as few calls as the store allows: all languages of a
        resource together, and several resources.

        A place is absent where the resource is gone, or the store has no texts for single markets.
        """
        ...

    def read(self, actions: Sequence[Action]) -> Mapping[Target, Snapshot]:
        """What the store holds now where these actions would write; a target that is gone is absent."""
        ...

    def apply(self, changes: Sequence[Change]) -> Sequence[Receipt | Exception]:
        """Write, in batches where the store has them; one answer per change, in order.

        Compare-and-set where the API has it (StaleState on a conflict). Applying what is already there
        writes nothing. A failed change does not stop the others.
        """
        ...

    def restore(self, change: Change, after: Snapshot) -> Receipt:
        """Put ``change.before`` back, if the store still holds ``after``; StaleState otherwise."""
        ...

    def webhooks(self) -> Sequence[WebhookState]: ...

    def subscribe(self, address: str, secret: str) -> Sequence[str]:
        """Make every subscription we need exist, active, at this address; says what it had to mend."""
        ...

    def unsubscribe(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What opens a store; kept encrypted, never printed."""

    values: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None = None


class CredentialSource(Protocol):
    """Gives the client its credentials, and fresh ones when they have run out."""

    def current(self) -> Credentials: ...

    def refreshed(self, stale: Credentials) -> Credentials:
        """One refresher per shop; others wait for its result. Raises AccessRevoked."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what it means, in words a merchant understands."""

    code: str
    ok: bool
    message: str
    remedy: str = ""
    """What to do about it, where there is something to do."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Keys that a store's consent page sent: still to be proven by a call."""

    nonce: str
    credentials: Credentials


class KeyConsent(Protocol):
    """A store that is named by its address, and whose own page hands out keys (WooCommerce)."""

    def store_url(self, text: str) -> str:
        """The store's address as merchants paste it. Raises NotAllowed."""
        ...

    def preflight(self, store: str, transport: Any, *, sandbox: bool = False) -> Sequence[Finding]:
        """What a merchant should know before going to the consent page."""
        ...

    def authorize_url(self, store: str, nonce: str, return_url: str, callback_url: str) -> str:
        """The store's consent page; it posts keys to ``callback_url`` with ``nonce``."""
        ...

    def read_grant(self, body: bytes) -> Grant:
        """What that page posts. Raises MalformedPayload; NotAllowed for keys that may not write."""
        ...

    def remarks(self, facts: StoreFacts) -> Sequence[Finding]:
        """What a store's version and plug-ins mean for us, once it lets us in."""
        ...


class Sender(Protocol):
    """Who a marketplace's own session token names."""

    @property
    def domain(self) -> str: ...

    @property
    def user(self) -> str: ...


class Surroundings(Protocol):
    """What a marketplace's admin wants around an embedded page: who frames it, its scripts, their settings."""

    @property
    def ancestors(self) -> Sequence[str]: ...

    @property
    def scripts(self) -> Sequence[str]: ...

    @property
    def meta(self) -> Mapping[str, str]: ...


class AppConsent(Protocol):
    """An app that merchants install from the marketplace itself (Shopify); ``secrets`` are [current, previous]."""

    def visitor(self, authorization: str, client_id: str, app_secrets: Sequence[bytes]) -> Sender:
        """The verified sender of a session token. Raises InvalidSignature."""
        ...

    def surroundings(self, domain: str, client_id: str) -> Surroundings:
        """What an embedded page of this shop needs around it."""
        ...

    def framed_by(self, query: Mapping[str, str]) -> str:
        """The shop in whose admin a page without a valid token was opened, or empty; nothing is proven by it."""
        ...

    def reload_query(self, query: Mapping[str, str], url: str) -> Mapping[str, str]:
        """How the marketplace's script is told to fetch a token and then go to ``url``."""
        ...

    def retry_headers(self) -> Mapping[str, str]:
        """How the marketplace's script is told, with a 401, to sign the request again."""
        ...

    def check_start(self, query: Mapping[str, str], app_secrets: Sequence[bytes], now: datetime) -> str:
        """The shop that a link signed by the marketplace names. Raises InvalidSignature."""
        ...

    def authorize_url(self, endpoint: str, client_id: str, redirect_uri: str, state: str) -> str:
        """The consent page of a shop whose merchant is not in the admin."""
        ...

    def check_redirect(
        self, params: Mapping[str, str], expected_state: str, app_secrets: Sequence[bytes], now: datetime
    ) -> str:
        """The shop that consent comes back from. Raises InvalidSignature."""
        ...

    def exchange(
        self, shop: Shop, transport: Any, client_id: str, client_secret: str, session_token: str
    ) -> Credentials:
        """Credentials for a page's session token. Raises AccessRevoked."""
        ...

    def redeem(self, shop: Shop, transport: Any, client_id: str, client_secret: str, code: str) -> Credentials:
        """Credentials for the code that consent came back with. Raises AccessRevoked."""
        ...

    def admin_url(self, domain: str, client_id: str) -> str:
        """Where the merchant opens the app inside the admin."""
        ...


class ProxyCaller(Protocol):
    """Whose storefront a signed call comes from; ``customer`` is empty for an anonymous buyer."""

    @property
    def domain(self) -> str: ...

    @property
    def customer(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Marketplace:
    """One marketplace as one value: adding one is a package, its fixtures, and one registry line."""

    name: str
    label: str
    capabilities: frozenset[Capability]
    topics: Mapping[str, EventKind]
    """Their word -> ours. Words not listed become UNKNOWN."""
    reader: WebhookReader
    connect: Callable[[Shop, CredentialSource, Any], StoreClient]
    """``connect(shop, credentials, transport)``; the transport is ``integrations.http.Transport``."""
    shop_in_address: bool = False
    """Whether each shop has a webhook address of its own."""
    refresh: Callable[[Shop, Any, Credentials], Credentials] | None = None
    """``refresh(shop, transport, stale)``: new credentials where they run out; raises AccessRevoked."""
    bridge: tuple[str, Callable[[Mapping[str, Any], datetime], StoreEvent]] | None = None
    """The ``detail-type`` under which its events come over Amazon EventBridge, and what reads them."""
    advice: Mapping[Capability, str] = field(default_factory=dict)
    """For a capability that a shop may lack: what to install or do, in words."""
    gaps: Mapping[Capability, str] = field(default_factory=dict)
    """For a capability that a shop has: what it leaves out all the same, and what to do about that, in words."""
    offers: Callable[[Shop], frozenset[Capability]] | None = None
    """Capabilities that depend on the shop (a plug-in, a plan); None means all of ``capabilities``."""
    keys: Callable[[], KeyConsent] | None = None
    """How a store is connected by its address; imported only when somebody does."""
    app: Callable[[], AppConsent] | None = None
    """How a store is connected by installing our app; imported only when somebody does."""
    bills: bool = False
    """Whether merchants pay for the app in the marketplace; then ``StoreFacts.plan`` says for what."""
    proxy: Callable[[Sequence[tuple[str, str]], Sequence[bytes], datetime], ProxyCaller] | None = None
    """``proxy(query pairs in their order, app secrets, now)``: whose storefront a call signed by the
    marketplace comes from; raises InvalidSignature."""

    def abilities(self, shop: Shop) -> frozenset[Capability]:
        """What this very shop can do."""
        return self.offers(shop) if self.offers else self.capabilities


class Engine(Protocol):
    """A paid or slow service that answers engine requests."""

    def answers(self, request: EngineRequest) -> bool:
        """Whether this engine takes this request."""
        ...

    def ask(self, request: EngineRequest, shop: ShopId, event: EventId) -> Any:
        """Texts or rates. Raises Retryable, NeedsMerchant or Skipped."""
        ...
