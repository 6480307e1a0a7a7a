"""From what is known of a product to the work per language: which fields, cut how, looked up where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

from chalicelib.contracts import Capability, Context, TextPlace, TranslateTexts, Translations
from chalicelib.domain.actions import PublishTranslation, TranslatedField
from chalicelib.domain.catalogue import Product, Text, field_name
from chalicelib.domain.ids import Locale, ProductId, Target
from chalicelib.domain.shop import Market, Units
from chalicelib.texts import identify
from functions.translation import glossary, memory, ownership
from functions.translation.charts import charted
from functions.translation.drafts import Draft, Left, drafted, is_html, wanted
from functions.translation.glossary import Glossary
from functions.translation.memory import Pair, Remembered
from functions.translation.ownership import Mark, Standing
from functions.translation.protect import Guard
from functions.translation.segments import Segment
from functions.translation.units import sizes_for, units_of

UNTRANSLATED = frozenset({"handle", "slug", "vendor", "sku", "barcode", "tags"})
"""Keys that are names or addresses rather than words."""
PORTION_TEXTS, PORTION_BYTES = 50, 60_000
"""What one request holds at most, so that it is one call to the engine."""
RENEWED = frozenset({Standing.MISSING, Standing.OUTDATED, Standing.EDITED_OUTDATED})
"""Standings that want a new translation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One product in one language, for all markets or for one whose units differ."""

    resource: str
    locale: Locale
    market: Market | None = None
    pair: Pair
    guard: Guard
    texts: Translations
    standings: Mapping[str, Standing]
    marks: Mapping[str, Mark]
    drafts: tuple[Draft, ...] = ()
    left: tuple[Left, ...] = ()
    held: Mapping[str, Remembered] = field(default_factory=dict)
    polish: bool = False
    base: "Work | None" = None
    """For a market: the work for all others, whose questions to the engine are its own as well."""

    @property
    def target(self) -> Target:
        """The place in the store that its proposals write to."""
        return self.publishing(()).target

    def publishing(self, fields: Sequence[TranslatedField]) -> PublishTranslation:
        """These fields, put where this work's texts stand."""
        market = self.market.id if self.market else None
        return PublishTranslation(
            resource_id=self.resource, locale=self.locale, fields=tuple(fields), market=market
        )

    def missing(self) -> dict[str, Segment]:
        """Sentences to be paid for, by key; what is asked for all markets is not asked again for one."""
        asked = self.base.missing() if self.base else {}
        return {key: segment for key, segment in wanted(self.drafts, self.held).items() if key not in asked}

    def requests(self, context: str) -> list[TranslateTexts]:
        """What the engine is asked, in portions of one call: answers to one are kept when another fails."""
        missing = list(self.missing().values())
        return [
            TranslateTexts(
                texts=tuple(segment.xml() for segment in portion), source=self.pair.source,
                target=self.locale, formality=self.pair.formality,
                glossary=self.pair.glossary.entries, context=context, polish=self.polish,
            )
            for portion in _portions(missing)
        ]  # fmt: skip


def _portions(segments: Sequence[Segment]) -> list[list[Segment]]:
    found: list[list[Segment]] = []
    size = PORTION_BYTES
    for segment in segments:
        length = len(segment.text.encode("utf-8", "replace"))
        if size + length > PORTION_BYTES or len(found[-1]) == PORTION_TEXTS:
            found.append([])
            size = 0
        found[-1].append(segment)
        size += length
    return found


def locales(context: Context) -> tuple[Locale, ...]:
    """Languages that this shop wants, its own left out."""
    wanted_locales = context.policy.translations.locales or context.shop.locales
    primary = context.shop.primary_locale.lower()
    return tuple(locale for locale in dict.fromkeys(wanted_locales) if locale.lower() != primary)


def product_of(context: Context) -> Product | None:
    """The product that the event speaks of, from the store or from our mirror."""
    product_id = ProductId(context.event.resource)
    return context.products.get(product_id) or context.catalogue.get(product_id)


def works(context: Context) -> list[Work]:
    """The work in every language whose texts were read, each followed by that of its single markets."""
    resource, found = context.event.resource, []
    for locale in locales(context):
        texts = context.texts.get(TextPlace(resource, locale))
        if texts is None:
            continue
        base = _work(context, resource, locale, texts)
        local = ((market, context.texts.get(TextPlace(resource, locale, market.id))) for market in markets(context))
        found += [base, *(_local(context, base, market, held) for market, held in local if held is not None)]
    return found


def markets(context: Context) -> tuple[Market, ...]:
    """The markets that the merchant wants in units of their own, where the store can keep texts for one."""
    units = context.policy.translations.market_units
    if not units or Capability.MARKET_TEXTS not in context.abilities:
        return ()
    return tuple(market for market in context.shop.markets if _units_in(context, market) is not None)


def _units_in(context: Context, market: Market) -> Units | None:
    """What the merchant says of a market, by its name or number."""
    said = context.policy.translations.market_units.items()
    return next((units for name, units in said if market.called(name)), None)


def _work(context: Context, resource: str, locale: Locale, texts: Translations) -> Work:
    pair = pair_of(context, locale, texts)
    guard = guard_of(context, pair)
    work = Work(
        resource=resource, locale=locale, pair=pair, guard=guard, texts=texts, standings={}, marks={},
        polish=context.policy.translations.polish,
    )  # fmt: skip
    return _cut_up(context, work, sources(texts))


def _local(context: Context, base: Work, market: Market, texts: Translations) -> Work:
    """A market's own: texts that its units change, and those that it has already, so that none of them gets old."""
    guard = guard_of(context, base.pair, _units_in(context, market))
    work = replace(base, market=market, guard=guard, texts=texts, base=base, drafts=(), left=(), held={})
    held = existing_of(texts)
    return _cut_up(context, work, [t for t in sources(texts) if t.key in held or _differs(context, work, t)])


def _differs(context: Context, work: Work, text: Text) -> bool:
    ours, all_markets = (
        _draft(context, text, work.pair, guard) for guard in (work.guard, work.base.guard if work.base else work.guard)
    )
    if isinstance(ours, Left) or isinstance(all_markets, Left):
        return False
    return (ours.field.value, ours.document.converted) != (all_markets.field.value, all_markets.document.converted)


def _cut_up(context: Context, work: Work, texts: Sequence[Text]) -> Work:
    """The work with its fields: where each stands, and those to be renewed cut into sentences."""
    marks = _marks(context, work)
    published = work.target in context.written
    existing = existing_of(work.texts)
    standings = {
        text.key: ownership.standing(text, existing.get(text.key), work.texts, marks[text.key], published=published)
        for text in texts
    }
    found = [_draft(context, text, work.pair, work.guard) for text in texts if standings[text.key] in RENEWED]
    drafts = tuple(draft for draft in found if isinstance(draft, Draft))
    left = tuple(draft for draft in found if isinstance(draft, Left)) if work.market is None else ()
    return replace(
        work, standings=standings, marks=marks, drafts=drafts, left=left, held=_held(context, drafts)
    )


def sources(texts: Translations) -> list[Text]:
    """Source texts that hold words."""
    return [text for text in texts.source if text.value.strip() and field_name(text.key) not in UNTRANSLATED]


def pair_of(context: Context, locale: Locale, texts: Translations) -> Pair:
    """From which language into which, in what style, with which words."""
    source = texts.source_locale or context.shop.primary_locale
    formality = context.policy.translations.formality.get(locale, "")
    return Pair(source=source, target=locale, formality=formality, glossary=chosen_words(context, locale))


def chosen_words(context: Context, locale: Locale) -> Glossary:
    """The shop's glossary for a language, without what contradicts itself."""
    limits = context.policy.translations
    return glossary.selected(limits.glossary.get(locale, {}), limits.protected_terms)


def guard_of(context: Context, pair: Pair, units: Units | None = None) -> Guard:
    """What is protected in this product's texts: the shop's terms, the brand, its article numbers.

    ``units`` are a market's own; without them the language's, where units are converted at all.
    """
    limits, product = context.policy.translations, product_of(context)
    brand = (product.vendor,) if product and len(product.vendor) > 2 else ()
    skus = tuple(v.sku for v in product.variants if len(v.sku) > 2) if product else ()
    guard = Guard(terms=(*limits.protected_terms, *brand), skus=skus)
    units = units or (units_of(pair.target) if limits.convert_units else Units.AS_WRITTEN)
    if units is Units.AS_WRITTEN:
        return guard
    words = f"{product.title} {product.product_type}" if product else ""
    sizes = tuple(sizes_for(words, units).items())
    return replace(guard, units=units, languages=(pair.source, pair.target), sizes=sizes)


def _draft(context: Context, text: Text, pair: Pair, guard: Guard) -> Draft | Left:
    shop = context.shop
    languages = (pair.source, pair.target, shop.primary_locale, *shop.locales)
    return _cut(text, pair, guard, languages)


@lru_cache(maxsize=256)
def _cut(text: Text, pair: Pair, guard: Guard, languages: tuple[Locale, ...]) -> Draft | Left:
    """One product's texts are asked for five times over between reading and proposing; they are cut once."""
    if is_html(text):
        text = replace(text, value=charted(text.value, guard.units, *guard.languages))
    return drafted(text, pair, guard, partial(identify, languages=languages))


def _marks(context: Context, work: Work) -> dict[str, Mark]:
    return {text.key: ownership.read(context.memory, at) for text, at in _places_now(work)}


def existing_of(texts: Translations) -> dict[str, Text]:
    """What stands there, by key; empty texts count as absent."""
    return {text.key: text for text in texts.existing if text.value.strip()}


def places(work: Work, source: Text, wording: str) -> ownership.Places:
    """Where the memory keeps what it knows of one field of this work, as it stands with that wording."""
    return ownership.places(work.resource, work.locale, source, wording, market=work.market.id if work.market else "")


def _places_now(work: Work) -> Iterator[tuple[Text, ownership.Places]]:
    """Every source text with the places of its wording as it stands."""
    held = existing_of(work.texts)
    for text in work.texts.source:
        yield text, places(work, text, held[text.key].value if text.key in held else "")


def _held(context: Context, drafts: Sequence[Draft]) -> dict[str, Remembered]:
    keys = dict.fromkeys(key for draft in drafts for key in draft.keys)
    read = {key: memory.unpacked(context.memory[key]) for key in keys if key in context.memory}
    return {key: entry for key, entry in read.items() if entry is not None and entry.usable(context.now)}


def memory_keys(work: Work) -> frozenset[str]:
    """Everything of the shop's memory that this work looks at."""
    marks = {key for _, at in _places_now(work) for key in (at.wording, at.source, at.learned)}
    return frozenset(marks | {key for draft in work.drafts for key in draft.keys})
