"""A store, a memory and an engine in a few lines, to run the translation function as the pipeline does."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from chalicelib.contracts import Answers, Context, Decision, Model, TranslateTexts, Translations
from chalicelib.domain.actions import PublishTranslation, digest_of, intended
from chalicelib.domain.catalogue import Product, ProductStatus, Text, Variant
from chalicelib.domain.events import EventKind, StoreEvent
from chalicelib.domain.ids import EventId, Locale, ProductId, ShopId, Target, VariantId
from chalicelib.domain.journal import Written
from chalicelib.domain.proposals import Proposal
from chalicelib.domain.shop import Policy, Shop, TranslationLimits
from functions.translation.propose import FUNCTION

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SHOP = Shop(
    id=ShopId("test:stall"), marketplace="test", name="Stall", endpoint="https://stall.example",
    currency="EUR",
    primary_locale=Locale("en"), locales=(Locale("de"),),
)  # fmt: skip


def digest(value: str) -> str:
    return "d" + hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:12]


def pseudo(xml: str) -> str:
    """Accents outside elements."""
    table = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")
    parts = re.split(r"(<x id=\"\d+\"(?:/>|>.*?</x>)|&\w+;)", xml, flags=re.DOTALL)
    return "".join(part if i % 2 else part.translate(table) for i, part in enumerate(parts))


def _place(locale: str, market: str) -> str:
    return f"{locale}/{market}" if market else locale


class NoModels:
    def get(self, name: str) -> Model | None:
        return None


@dataclass
class Floor:
    """One shop: source texts by product, translations by (product, locale), memory, and what was spent."""

    policy: Policy = field(default_factory=lambda: Policy(translations=TranslationLimits()))
    shop: Shop = SHOP
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    published: dict[tuple[str, str], dict[str, tuple[str, str]]] = field(default_factory=dict)
    """(value, digest of the source at that time) by key."""
    memory: dict[str, str] = field(default_factory=dict)
    written: dict[Target, Written] = field(default_factory=dict)
    products: dict[ProductId, Product] = field(default_factory=dict)
    characters: int = 0
    asked: list[str] = field(default_factory=list)
    engine: Callable[[str], str] = pseudo
    failure: str = ""
    now: datetime = NOW
    events: int = 0

    def put(self, product: str, **texts: str) -> None:
        self.sources[product] = {**self.sources.get(product, {}), **texts}
        self.products[ProductId(product)] = Product(
            id=ProductId(product), handle=product, title=self.sources[product].get("title", ""),
            vendor="Nordlicht",
            status=ProductStatus.PUBLISHED, updated_at=self.now,
            variants=(Variant(id=VariantId(product + "v"), sku="NL-77X"),),
        )  # fmt: skip

    def edit(self, product: str, locale: str, key: str, value: str) -> None:
        """A person writes into the store, for the present source."""
        held = self.published.setdefault((product, locale), {})
        held[key] = (value, digest(self.sources[product][key]))

    def texts(self, product: str, locale: str, market: str = "") -> Translations:
        held = self.published.get((product, _place(locale, market)), {})
        return Translations(
            source=tuple(Text(key=k, value=v, digest=digest(v)) for k, v in self.sources[product].items()),
            existing=tuple(Text(key=k, value=v, digest="") for k, (v, _) in held.items()),
            outdated=frozenset(
                k for k, (_, source) in held.items() if source != digest(self.sources[product].get(k, ""))
            ),
            source_locale=Locale("en"),
        )

    def context(self, product: str) -> Context:
        """Everything that the function asks for, in rounds, as the pipeline reads it."""
        self.events += 1
        event = StoreEvent(
            id=EventId(f"e{self.events}"), shop_id=self.shop.id, kind=EventKind.PRODUCT_CHANGED,
            resource=product,
            occurred_at=self.now, received_at=self.now, delivery=f"e{self.events}",
        )  # fmt: skip
        known = Context(shop=self.shop, policy=self.policy, event=event, now=self.now)
        for _ in range(4):
            wants = FUNCTION.reads(known, NoModels())
            known = replace(
                known,
                texts={place: self.texts(*place) for place in wants.texts},
                catalogue={p: self.products[p] for p in wants.catalogue if p in self.products},
                memory={key: self.memory[key] for key in wants.memory if key in self.memory},
                written={target: self.written[target] for target in wants.written if target in self.written},
            )
        return known

    def answers(self, context: Context) -> Answers:
        texts: dict[object, tuple[str, ...]] = {}
        failed: dict[object, str] = {}
        for request in FUNCTION.plan(context, NoModels()):
            assert isinstance(request, TranslateTexts)
            if self.failure:
                failed[request] = self.failure
                continue
            self.characters += request.characters
            self.asked += request.texts
            texts[request] = tuple(self.engine(text) for text in request.texts)
        return Answers(texts=texts, failed=failed)  # type: ignore[arg-type]

    def decide(self, product: str) -> Decision:
        """One event up to the decision; what is to be remembered is."""
        context = self.context(product)
        decision = FUNCTION.propose(context, self.answers(context), NoModels())
        self.memory.update(decision.remember)
        return replace(decision, proposals=[p for p in decision.proposals if not p.moot])

    def apply(self, proposal: Proposal) -> None:
        """As the adapter does: the fields named, each with its source's digest, if nothing changed
        meanwhile."""
        action = proposal.action
        assert action.target == proposal.target
        assert isinstance(action, PublishTranslation)
        fields: Mapping[str, tuple[str, str]] = {f.key: (f.value, f.source_digest) for f in action.fields}
        where = _place(action.locale, action.market or "")
        self.published.setdefault((action.resource, where), {}).update(fields)
        self.written[action.target] = Written(
            target=action.target,
            digest=digest_of(intended(action)),
            proposal_id=proposal.id,
            at=self.now,
            original=proposal.before,
        )

    def run(self, product: str, *, automatic: bool = False) -> Decision:
        """Decide, and publish (what needs no review only, where ``automatic``)."""
        decision = self.decide(product)
        for proposal in decision.proposals:
            if not (automatic and proposal.review):
                self.apply(proposal)
        return decision

    def later(self, days: int) -> None:
        self.now += timedelta(days=days)

    def value(self, product: str, key: str, locale: str = "de", market: str = "") -> str:
        return self.published.get((product, _place(locale, market)), {}).get(key, ("", ""))[0]
