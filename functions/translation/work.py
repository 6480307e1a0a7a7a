"""From what is known of a product to the work per language: which fields, cut how, looked up where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

from chalicelib.contracts import Context, TranslateTexts, Translations
from chalicelib.domain.actions import PublishTranslation, TranslatedField
from chalicelib.domain.catalogue import Product, Text, field_name
from chalicelib.domain.ids import Locale, ProductId
from chalicelib.texts import identify
from functions.translation import glossary, memory, ownership
from functions.translation.drafts import Draft, Left, drafted, wanted
from functions.translation.glossary import Glossary
from functions.translation.memory import Pair, Remembered
from functions.translation.ownership import Mark, Standing
from functions.translation.protect import Guard
from functions.translation.segments import Segment
from functions.translation.units import sizes_for

UNTRANSLATED = frozenset({"handle", "slug", "vendor", "sku", "barcode", "tags"})
"""Keys that are names or addresses rather than words."""
PORTION_TEXTS, PORTION_BYTES = 50, 60_000
"""What one request holds at most, so that it is one call to the engine."""
RENEWED = frozenset({Standing.MISSING, Standing.OUTDATED, Standing.EDITED_OUTDATED})
"""Standings that want a new translation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One product in one language."""

    resource: str
    locale: Locale
    pair: Pair
    guard: Guard
    texts: Translations
    standings: Mapping[str, Standing]
    marks: Mapping[str, Mark]
    drafts: tuple[Draft, ...] = ()
    left: tuple[Left, ...] = ()
    held: Mapping[str, Remembered] = field(default_factory=dict)
    polish: bool = False

    @property
    def action(self) -> PublishTranslation:
        """The place in the store and all its fields, with nothing in them yet."""
        fields = tuple(TranslatedField(key=text.key, value="", source_digest=text.digest) for text in self.texts.source)
        return PublishTranslation(resource_id=self.resource, locale=self.locale, fields=fields)

    def missing(self) -> dict[str, Segment]:
        """Sentences to be paid for, by key."""
        return wanted(self.drafts, self.held)

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
    """The work in every language whose texts were read."""
    resource = context.event.resource
    found = ((locale, context.texts.get((resource, locale))) for locale in locales(context))
    return [_work(context, resource, locale, texts) for locale, texts in found if texts is not None]


def _work(context: Context, resource: str, locale: Locale, texts: Translations) -> Work:
    pair = pair_of(context, locale, texts)
    guard = guard_of(context, locale)
    marks = _marks(context, resource, locale, texts)
    published = PublishTranslation(resource_id=resource, locale=locale, fields=()).target in context.written
    sources = [text for text in texts.source if text.value.strip() and field_name(text.key) not in UNTRANSLATED]
    existing = existing_of(texts)
    standings = {
        text.key: ownership.standing(text, existing.get(text.key), texts, marks[text.key], published=published)
        for text in sources
    }
    cut = [_draft(context, text, pair, guard) for text in sources if standings[text.key] in RENEWED]
    drafts = tuple(draft for draft in cut if isinstance(draft, Draft))
    left = tuple(draft for draft in cut if isinstance(draft, Left))
    return Work(
        resource=resource, locale=locale, pair=pair, guard=guard, texts=texts, standings=standings,
        marks=marks, drafts=drafts, left=left, held=_held(context, drafts),
        polish=context.policy.translations.polish,
    )  # fmt: skip


def pair_of(context: Context, locale: Locale, texts: Translations) -> Pair:
    """From which language into which, in what style, with which words."""
    source = texts.source_locale or context.shop.primary_locale
    formality = context.policy.translations.formality.get(locale, "")
    return Pair(source=source, target=locale, formality=formality, glossary=chosen_words(context, locale))


def chosen_words(context: Context, locale: Locale) -> Glossary:
    """The shop's glossary for a language, without what contradicts itself."""
    limits = context.policy.translations
    return glossary.selected(limits.glossary.get(locale, {}), limits.protected_terms)


def guard_of(context: Context, locale: Locale) -> Guard:
    """What is protected in this product's texts: the shop's terms, the brand, its article numbers."""
    limits, product = context.policy.translations, product_of(context)
    brand = (product.vendor,) if product and len(product.vendor) > 2 else ()
    skus = tuple(v.sku for v in product.variants if len(v.sku) > 2) if product else ()
    if not limits.convert_units:
        return Guard(terms=(*limits.protected_terms, *brand), skus=skus)
    words = f"{product.title} {product.product_type}" if product else ""
    sizes = tuple(sizes_for(words).items())
    return Guard(terms=(*limits.protected_terms, *brand), skus=skus, units_for=locale, sizes=sizes)


def _draft(context: Context, text: Text, pair: Pair, guard: Guard) -> Draft | Left:
    shop = context.shop
    languages = (pair.source, pair.target, shop.primary_locale, *shop.locales)
    return _cut(text, pair, guard, languages)


@lru_cache(maxsize=64)
def _cut(text: Text, pair: Pair, guard: Guard, languages: tuple[Locale, ...]) -> Draft | Left:
    """One product's texts are asked for five times over between reading and proposing; they are cut once."""
    return drafted(text, pair, guard, partial(identify, languages=languages))


def _marks(context: Context, resource: str, locale: Locale, texts: Translations) -> dict[str, Mark]:
    held = existing_of(texts)
    return {
        text.key: ownership.read(context.memory, _places(resource, locale, text, held.get(text.key)))
        for text in texts.source
    }


def existing_of(texts: Translations) -> dict[str, Text]:
    """What stands there, by key; empty texts count as absent."""
    return {text.key: text for text in texts.existing if text.value.strip()}


def _places(resource: str, locale: Locale, source: Text, existing: Text | None) -> ownership.Places:
    return ownership.places(resource, locale, source, existing.value if existing else "")


def _held(context: Context, drafts: Sequence[Draft]) -> dict[str, Remembered]:
    keys = dict.fromkeys(key for draft in drafts for key in draft.keys)
    read = {key: memory.unpacked(context.memory[key]) for key in keys if key in context.memory}
    return {key: entry for key, entry in read.items() if entry is not None and entry.usable(context.now)}


def memory_keys(work: Work) -> frozenset[str]:
    """Everything of the shop's memory that this work looks at."""
    held = existing_of(work.texts)
    found = [_places(work.resource, work.locale, text, held.get(text.key)) for text in work.texts.source]
    marks = {key for at in found for key in (at.wording, at.source, at.learned)}
    return frozenset(marks | {key for draft in work.drafts for key in draft.keys})
