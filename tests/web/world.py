"""An empty, a busy and a broken shop in memory, and a browser's part: cookies, forms, redirects."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib import applying, connecting
from chalicelib.contracts import Credentials, Engine, Function, RawRequest
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
    TagOrder,
    TranslatedField,
)
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.evidence import (
    Card,
    Curve,
    Evidence,
    Fact,
    Facts,
    Letter,
    Mark,
    ProductCards,
    Reason,
    TextDifference,
    Timeline,
)
from chalicelib.domain.ids import (
    EventId,
    FunctionName,
    Locale,
    OrderId,
    ProductId,
    ProposalId,
    ShopId,
    VariantId,
    shop_id,
)
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order
from chalicelib.domain.proposals import ModelVersion, Proposal
from chalicelib.domain.screening import Ruling, Screening
from chalicelib.domain.shop import Mode, Shop
from chalicelib.services import Services
from chalicelib.web.accounts import Accounts, Role
from chalicelib.web.answers import Answer
from chalicelib.web.routes import respond
from sandbox.bazaar import Stall
from sandbox.rehearsal.players import Witness
from sandbox.rehearsal.stage import Play, Stage

OWNER, EDITOR, VIEWER, STRANGER = (f"{name}@shop.example" for name in ("owner", "editor", "viewer", "stranger"))
TITLES = (
    "White hanging heart T-light holder",
    "Regency cakestand 3 tier",
    "Jumbo bag red retrospot",
    "Party bunting",
    "Assorted colour bird ornament",
    "Lunch bag black skull",
    "Set of 3 cake tins pantry design",
    "مصباح زجاجي معلق مع حامل شمعة",
    "Natural slate heart chalkboard",
    "Heart of wicker large, hand-woven in three sizes with a very long name that ends nowhere near here",
    "<script>alert(1)</script> & friends",
    "Wooden frame antique white",
    "Rabbit night light",
)


class Pretender(Witness):
    """A function by name and label alone; the pages know no more of one."""

    def __init__(self, name: str, label: str, capabilities: frozenset[str]) -> None:
        self.name = FunctionName(name)
        self.label = label
        self.triggers = frozenset()
        self.capabilities = capabilities  # type: ignore[assignment]


def functions() -> Mapping[FunctionName, Pretender]:
    """Four, one per group of capabilities."""
    from chalicelib.contracts import Capability

    made = (
        Pretender(
            "lists",
            "Recommendations",
            frozenset({Capability.RECOMMEND_RELATED, Capability.RECOMMEND_COMPLEMENTARY}),
        ),
        Pretender("prices", "Prices", frozenset({Capability.PRICES})),
        Pretender("texts", "Translations", frozenset({Capability.TRANSLATIONS})),
        Pretender(
            "risks",
            "Order screening",
            frozenset({Capability.ORDER_ASSESSMENT, Capability.ORDER_HOLD, Capability.ORDER_TAGS}),
        ),
    )
    return {one.name: one for one in made}


@dataclass(slots=True)
class World:
    """Shops in a bazaar, with services over memory."""

    stage: Stage
    services: Services
    made: int = 0

    @property
    def accounts(self) -> Accounts:
        return Accounts(self.services.records, self.services.settings.master_key)

    def stall(self, shop: ShopId) -> Stall:
        return self.stage.bazaar.stalls[shop.partition(":")[2]]

    def open(self, name: str, *, goods: int = 0, title: str = "", modes: Mode = Mode.PROPOSE) -> ShopId:
        """Connect one more stall."""
        stall = self.stage.bazaar.open(name)
        for index in range(goods):
            stall.put_product(product(stall, index))
        draft = Shop(
            id=shop_id("bazaar", name),
            marketplace="bazaar",
            name=title or name,
            endpoint=f"bazaar://{name}",
            currency="EUR",
            timezone="Europe/Berlin",
        )
        chosen = dict.fromkeys(self.services.functions, modes)
        shop = connecting.connect(self.services, draft, Credentials(values={"key": "k"}), by="test", modes=chosen)
        if title:
            self.services.shops.save(replace(self.services.shops.get(shop.id), name=title))
        self.stage.settle()
        stall.drain()
        return shop.id

    def propose(
        self,
        shop: ShopId,
        function: str,
        action: Action,
        *,
        reasons: tuple[Reason, ...] = (),
        evidence: tuple[Evidence, ...] = (),
        title: str = "",
        worth: float = 1.0,
        review: bool = False,
    ) -> Proposal:
        """Store one proposal as the working path does."""
        self.made += 1
        client = self.services.open_store(self.services.shops.get(shop))
        before = client.read([action])[action.target]
        proposal = Proposal(
            id=ProposalId(f"p{self.made:05d}"),
            shop_id=shop,
            function=FunctionName(function),
            action=action,
            before=before,
            reasons=reasons,
            evidence=evidence,
            confidence=0.8,
            worth=worth,
            title=title,
            model=ModelVersion("model", "2026-01-01", "abcdef12"),
            created_at=self.services.clock.now(),
            event_id=EventId(f"e{self.made}"),
            review=review,
        )
        shop_, policy = self.services.shops.with_policy(shop)
        applying.settle(self.services, shop_, policy, client, [proposal], {})
        return self.services.proposals.get(shop, proposal.id)

    def many_prices(self, shop: ShopId, count: int) -> list[Proposal]:
        """Prices for the first goods, each a little lower."""
        return [price(self, shop, index) for index in range(count)]

    def browser(self, email: str = "") -> "Browser":
        """Somebody at a browser, signed in if an address is given."""
        browser = Browser(self.services)
        if email:
            browser.sign_in(email)
        return browser


@dataclass(slots=True)
class Browser:
    """Cookies, forms and redirects, as a browser without JavaScript does them."""

    services: Services
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    answer: Answer = field(default_factory=Answer)
    path: str = "/"

    def get(self, where: str) -> Answer:
        return self._follow("GET", where, b"")

    def post(self, where: str, fields: Mapping[str, str | list[str]], *, csrf: bool = True) -> Answer:
        pairs = [(k, v) for k, vs in fields.items() for v in ([vs] if isinstance(vs, str) else vs)]
        if csrf and (found := re.search(r'name="csrf" value="([0-9a-f]+)"', self.answer.body)):
            pairs.append(("csrf", found[1]))
        return self._follow("POST", where, urlencode(pairs).encode())

    def sign_in(self, email: str) -> Answer:
        self.get("/sign-in")
        self.post("/sign-in", {"email": email})
        found = re.search(r'href="([^"]*sign-in/link[^"]*)"', self.answer.body)
        letters = vars(self.services.mail)["outbox"]
        link = found[1] if found else re.search(r"https?://\S+", letters[-1].text)[0]  # type: ignore[index]
        self.get(link)
        token = re.search(r'name="token" value="([^"]+)"', self.answer.body)
        assert token
        return self.post("/sign-in/link", {"token": token[1]})

    def _follow(self, method: str, where: str, body: bytes, hops: int = 0) -> Answer:
        split = urlsplit(where)
        self.path = split.path + (f"?{split.query}" if split.query else "")
        headers = {**self.headers, "cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if method == "POST":
            headers["content-type"] = "application/x-www-form-urlencoded"
        self.answer = respond(
            self.services,
            RawRequest(
                method=method,
                path=split.path,
                headers=headers,
                body=body,
                query=dict(parse_qsl(split.query)),
            ),
        )
        self._keep(self.answer)
        if self.answer.status == 303:
            assert hops < 5
            return self._follow("GET", str(self.answer.headers["Location"]), b"", hops + 1)
        return self.answer

    def _keep(self, answer: Answer) -> None:
        for line in answer.cookies:
            name, _, value = line.partition(";")[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)


def make(
    *, sandbox: bool = False, cast: Mapping[FunctionName, Function] | None = None, engines: Sequence[Engine] = ()
) -> World:
    """A world without shops."""
    stage = Stage(Play(seed=1), functions=cast or functions(), engines=engines)
    settings = replace(stage.services.settings, sandbox=sandbox, operators=("operator@tradewind.example",))
    return World(stage, replace(stage.services, settings=settings))


def product(stall: Stall, index: int) -> Product:
    """One of the goods."""
    cost = Money(Decimal(index + 4), stall.currency)
    return Product(
        id=ProductId(f"p{index}"),
        handle=f"p{index}",
        title=TITLES[index % len(TITLES)],
        status=ProductStatus.PUBLISHED,
        updated_at=stall.clock(),
        description_html="<p>Nice.</p>",
        variants=(
            Variant(
                id=VariantId(f"v{index}"),
                price=Money(Decimal(index + 10), stall.currency),
                cost=cost,
                stock=9,
            ),
        ),
    )


def price(world: World, shop: ShopId, index: int, *, factor: str = "0.97", worth: float = 1.0) -> Proposal:
    """A price that moves a little, with a demand curve and a price history."""
    was = Decimal(index + 10)
    wanted = (was * Decimal(factor)).quantize(Decimal("0.01"))
    now = world.services.clock.now()
    xs = tuple(float(was) * (0.8 + 0.05 * step) for step in range(9))
    ys = tuple(40 - (x - float(wanted)) ** 2 for x in xs)
    curve = Curve(
        title="Expected profit",
        finding=f"Profit is highest near {wanted} EUR.",
        x_label="Price (EUR)",
        y_label="Profit per week (EUR)",
        x=xs,
        y=ys,
        low=tuple(y - 4 for y in ys),
        high=tuple(y + 4 for y in ys),
        marks=(
            Mark(label="now", x=float(was), kind="current"),
            Mark(label="proposed", x=float(wanted), kind="chosen"),
            Mark(label="floor", x=float(was) * 0.82, kind="limit"),
        ),
    )
    timeline = Timeline(
        title="Price history",
        finding="The price has moved twice in 60 days.",
        y_label="Price (EUR)",
        at=tuple(now - timedelta(days=60 - 20 * step) for step in range(4)),
        y=(float(was) + 1, float(was) + 0.5, float(was), float(was)),
        lower=float(was) * 0.82,
        upper=float(was) * 1.25,
    )
    return world.propose(
        shop,
        "prices",
        SetPrice(product_id=ProductId(f"p{index}"), variant_id=VariantId(f"v{index}"), price=Money(wanted, "EUR")),
        title=TITLES[index % len(TITLES)],
        worth=worth,
        evidence=(curve, timeline),
        reasons=(
            Reason(
                text="Buyers of {title} react strongly to its price.",
                values=(("title", TITLES[index % len(TITLES)]),),
                weight=0.7,
                sentiment=Sentiment.POSITIVE,
            ),
            Reason(text="Stock for {days} days is more than usual.", values=(("days", "64"),), weight=0.3),
        ),
    )


def recommendation(world: World, shop: ShopId, index: int, picks: tuple[int, ...]) -> Proposal:
    """A list of products with a card for each."""
    cards = tuple(
        Card(
            product_id=ProductId(f"p{pick}"),
            title=TITLES[pick % len(TITLES)],
            score=0.9 - pick / 100,
            reason=Reason(
                text="Bought together in {count} of {total} orders",
                values=(("count", str(14 - pick % 9)), ("total", "60")),
            ),
        )
        for pick in picks
    )
    return world.propose(
        shop,
        "lists",
        SetRecommendations(
            product_id=ProductId(f"p{index}"),
            slot=Slot.RELATED,
            product_ids=tuple(ProductId(f"p{pick}") for pick in picks),
        ),
        title=TITLES[index % len(TITLES)],
        evidence=(ProductCards(title="Products", cards=cards),),
        reasons=(
            Reason(text="Bought together in {count} of {total} orders", values=(("count", "14"), ("total", "60"))),
        ),
    )


def translation(world: World, shop: ShopId, index: int, value: str = "Teelichthalter mit weißem Herz") -> Proposal:
    """A title and a description in German, side by side with the source."""
    fields = (
        TranslatedField(key="title", value=value, source_digest="s1"),
        TranslatedField(key="description", value="<p>Schön, aus Holz und 12 cm hoch.</p>", source_digest="s2"),
    )
    evidence = (
        TextDifference(
            field="title",
            locale="de",
            source=TITLES[index % len(TITLES)],
            before="Teelicht Halter",
            after=value,
            quality=0.82,
        ),
        TextDifference(
            field="description",
            locale="de",
            source="<p>Nice, of wood and 12 cm high.</p>",
            before="",
            after="<p>Schön, aus Holz und 12 cm hoch.</p>",
            quality=0.58,
            flags=(Reason(text="Shorter than usual", sentiment=Sentiment.NEGATIVE),),
        ),
        Facts(
            title="How it was made",
            facts=(Fact(label="From memory", value="1 of 3 sentences"), Fact(label="Characters", value="74")),
        ),
    )
    return world.propose(
        shop,
        "texts",
        PublishTranslation(resource_id=f"p{index}", locale=Locale("de"), fields=fields),
        title=TITLES[index % len(TITLES)],
        evidence=evidence,
        review=True,
        reasons=(
            Reason(text="The source text changed."),
            Reason(text="Numbers and units are kept.", sentiment=Sentiment.POSITIVE),
        ),
    )


def risky_order(world: World, shop: ShopId, number: int, action: str = "assess") -> Proposal:
    """An order that looks risky."""
    stall = world.stall(shop)
    order = OrderId(f"{1000 + number}")
    if order not in stall.orders:
        stall.put_order(
            Order(
                id=order,
                created_at=stall.clock(),
                updated_at=stall.clock(),
                currency="EUR",
                total=Money(Decimal(250), "EUR"),
                lines=(),
            )
        )
    actions: Mapping[str, Action] = {
        "assess": AssessOrder(
            order_id=order,
            risk=RiskLevel.HIGH,
            facts=(RiskFact(text="Three cards in ten minutes", sentiment=Sentiment.NEGATIVE),),
        ),
        "hold": HoldOrder(order_id=order, note="Looks risky", mails_buyer=True),
        "tag": TagOrder(order_id=order, tag="check"),
    }
    reasons = (
        Reason(text="Three cards were tried in ten minutes.", sentiment=Sentiment.NEGATIVE, weight=0.6),
        Reason(text="The address matches the card.", sentiment=Sentiment.POSITIVE, weight=0.2),
    )
    world.services.screenings.note(shop, [screening(world, order, reasons)])
    facts = Facts(
        title="What speaks for and against",
        facts=(
            Fact(label="Cards tried", value="3 in 10 minutes", sentiment=Sentiment.NEGATIVE),
            Fact(label="Buyer known since", value="first order", sentiment=Sentiment.NEUTRAL),
            Fact(label="Address check", value="matches", sentiment=Sentiment.POSITIVE),
        ),
    )
    scores = Curve(
        title="Scores of the last 90 days",
        finding="This order scores higher than 99 % of orders.",
        x_label="Score",
        y_label="Orders",
        x=(0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95),
        y=(410, 160, 71, 30, 12, 8, 5, 3, 2, 1),
        marks=(
            Mark(label="this order", x=0.93, kind="chosen"),
            Mark(label="review from", x=0.6, kind="limit"),
        ),
    )
    return world.propose(
        shop,
        "risks",
        actions[action],
        title=f"Order #{1000 + number}",
        evidence=(facts, scores),
        review=True,
        reasons=reasons,
    )


def screening(world: World, order: OrderId, reasons: tuple[Reason, ...]) -> Screening:
    """The verdict that such an order gets."""
    return Screening(
        order_id=order,
        number=f"#{order}",
        at=world.services.clock.now(),
        ruling=Ruling.HOLD,
        probability=0.93,
        why="cost",
        model=ModelVersion("screening", "1", "abcdef123456"),
        inputs={"cards_per_ip": 3.0, "avs": "match", "orders_before": None},
        reasons=reasons,
        costs={"approve": 148.5, "review": 55.0, "hold": 26.4},
        currency="EUR",
        country="DE",
        language="de",
        letter=Letter(
            title="What you may write to the buyer", locale="de",
            text="Ihre Bestellung\n\nvielen Dank! Jemand von uns sieht sie sich an.",
        ),
        waited_s=1.4,
        earlier=("2026-01-01T00:00:00+00:00 review 0.3000 screening/1",),
    )  # fmt: skip


def busy(world: World, name: str = "busy") -> ShopId:
    """A shop with everything in it."""
    shop = world.open(name, goods=13, title="Harbour Lights")
    for index in range(9):
        price(world, shop, index, worth=float(9 - index))
    for index, picks in enumerate(((1, 2, 3), (0, 4, 7, 10), (9, 8, 5, 6))):
        recommendation(world, shop, index, picks)
    translation(world, shop, 0)
    translation(world, shop, 7)
    for number, kind in enumerate(("assess", "hold", "tag")):
        risky_order(world, shop, number, kind)
    _decided(world, shop)
    return shop


def _decided(world: World, shop: ShopId) -> None:
    from chalicelib import deciding

    rec = recommendation(world, shop, 11, (0, 1, 2))
    deciding.approve(world.services, shop, rec.id, EDITOR)
    undone = recommendation(world, shop, 12, (3, 4, 5))
    deciding.approve(world.services, shop, undone.id, OWNER)
    deciding.undo(world.services, shop, undone.id, OWNER)
    no = recommendation(world, shop, 5, (7, 8))
    deciding.dismiss(world.services, shop, no.id, EDITOR)


def broken(world: World, name: str = "broken") -> ShopId:
    """A shop whose key was revoked while things went wrong."""
    shop = world.open(name, goods=4, title="Lantern & Bunting")
    price(world, shop, 0)
    world.services.trouble(shop, "access_revoked", "The store refuses our key. Connect the store again.", urgent=True)
    world.services.trouble(shop, "webhooks_mended", "Webhooks had stopped and were mended: orders/create")
    world.services.trouble(shop, "model_broken", "A model could not be used: output is not finite", subject="model")
    policy = world.services.shops.policy(shop)
    world.services.shops.save_policy(shop, replace(policy, paused=True))
    world.stall(shop).revoked = True
    return shop


def people(world: World, *shops: ShopId) -> None:
    """An account with a member per role that looks after these shops."""
    account = world.accounts.create("Harbour agency", OWNER, shops=shops)
    account = world.accounts.invite(account, EDITOR, Role.EDITOR)
    world.accounts.invite(account, VIEWER, Role.VIEWER)
