"""Texts in other languages: WooCommerce keeps a whole product per language, where a plug-in lets it.

WPML takes ``lang`` and ``translation_of`` (wpml.org, WooCommerce REST API), Polylang for WooCommerce ``lang``
and ``translations``. Both show ``translations``: the product's number in each language.
Pictures are shared between languages, alt texts and all, unless WPML Media Translation or Polylang's translation of
media gives each language its own; then an alt text is written with the translated product, which has to be there first.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.contracts import Change, Receipt, TextPlace, Translations
from chalicelib.domain.actions import PublishTranslation, Snapshot, digest_of
from chalicelib.domain.catalogue import Text, field_name
from chalicelib.domain.ids import Locale, Target
from chalicelib.domain.shop import Shop
from chalicelib.errors import Gone, StaleState, UnsupportedAction
from integrations.woocommerce import mapping
from integrations.woocommerce.answers import StoreProduct
from integrations.woocommerce.connection import Connection, parsed
from integrations.woocommerce.drafts import number, same
from integrations.woocommerce.pages import included, named
from integrations.woocommerce.words import MISSING, ONE_TEXT

type _Pair = tuple[StoreProduct, StoreProduct | None]
"""A product, and the one that says it in another language where there is one."""


class Translator:
    """Reads and writes one store's translated products."""

    def __init__(self, shop: Shop, connection: Connection) -> None:
        self._shop, self._connection = shop, connection

    def texts(self, places: Sequence[TextPlace]) -> dict[TextPlace, Translations]:
        """Source texts of products and what exists in other languages; what is gone is absent, and so are markets."""
        wanted = {place: (place.resource, place.locale) for place in places if not place.market}
        found = self._pairs(wanted.values())
        return {place: self._told(*found[pair]) for place, pair in wanted.items() if pair in found}

    def read(self, actions: Sequence[PublishTranslation]) -> dict[Target, Snapshot]:
        """The fields that actions would write, as the translated products hold them; what is gone is absent."""
        wanted = {action: (action.resource_id, action.locale) for action in actions}
        found = self._pairs(wanted.values())
        return {one.target: _snapshot(one, *found[pair]) for one, pair in wanted.items() if pair in found}

    def apply(self, change: Change, action: PublishTranslation) -> Receipt:
        """Write the fields, making the translated product where there is none yet."""
        self._check(action)
        original = self._product(number(action.resource_id))
        twin = self._twin(original, action.locale)
        now = _snapshot(action, original, twin)
        wanted = {field.key: field.value for field in action.fields}
        if same(now.value, wanted):
            return Receipt(after=now, wrote=False)
        source = {text.key: text.digest for text in _sources(original, twin)}
        if any(source.get(field.key) != field.source_digest for field in action.fields):
            raise StaleState("The source text changed, so the translation was not published.")
        if digest_of(now.value) != change.before.digest:
            raise StaleState
        if twin is not None:
            return Receipt(after=self._write(action, original, twin, wanted))
        made = self._connection.post("products", self._copy(original, action, wanted))
        return Receipt(after=_snapshot(action, original, parsed(StoreProduct, made), created=True))

    def restore(self, change: Change, action: PublishTranslation, after: Snapshot) -> Receipt:
        """Put the fields back; a translated product that we made goes to the bin, where it can be fetched."""
        now = self._present(action)
        if same(now.value, change.before.value):
            return Receipt(after=now, wrote=False)
        if now.digest != after.digest:
            raise StaleState
        original = self._product(number(action.resource_id))
        twin = self._product(number(dict(now.detail).get("twin", "")))
        if change.before.value is None and dict(after.detail).get("created"):
            self._connection.delete(f"products/{twin.id}")
            return Receipt(after=self._present(action))
        held = change.before.value if isinstance(change.before.value, Mapping) else {}
        copies = {key: ours.alt for key, (ours, _) in mapping.alts(original, twin).items()}
        fields = {field.key: str(held.get(field.key, copies.get(field.key, ""))) for field in action.fields}
        return Receipt(after=self._write(action, original, twin, fields))

    def _told(self, original: StoreProduct, twin: StoreProduct | None) -> Translations:
        return Translations(
            source=_sources(original, twin),
            existing=_held(original, twin),
            source_locale=Locale(original.lang or self._shop.primary_locale),
        )

    def _present(self, action: PublishTranslation) -> Snapshot:
        """One translation now. Raises Gone."""
        found = self.read([action]).get(action.target)
        if found is None:
            raise Gone
        return found

    def _write(
        self, action: PublishTranslation, original: StoreProduct, twin: StoreProduct, values: Mapping[str, str]
    ) -> Snapshot:
        pictures = mapping.alts(original, twin)
        said = {theirs.id: values[key] for key, (_, theirs) in pictures.items() if key in values}
        # a list of pictures replaces the one that is there, so all of them are named, in their order
        images = [{"id": image.id, "alt": said.get(image.id, image.alt)} for image in twin.images]
        body = {**_fields(values, original), **({"images": images} if said else {})}
        return _snapshot(action, original, parsed(StoreProduct, self._connection.put(f"products/{twin.id}", body)))

    def _check(self, action: PublishTranslation) -> None:
        if not self._wpml and not self._polylang:
            raise UnsupportedAction(MISSING)
        if action.market is not None or any(
            field.key not in _KEYS and field_name(field.key) != "alt" for field in action.fields
        ):
            raise UnsupportedAction(ONE_TEXT)

    def _copy(self, original: StoreProduct, action: PublishTranslation, values: Mapping[str, str]) -> dict[str, Any]:
        """A product in the other language; the plug-in keeps prices and stock in step with the original."""
        code = action.locale.lower()
        link: dict[str, Any] = {"lang": code, "translation_of": original.id}
        if self._polylang and not self._wpml:
            source = original.lang or self._shop.primary_locale.lower()
            link = {"lang": code, "translations": {source: original.id}}
        price = "" if original.regular_price is None else str(original.regular_price)
        shown = {"type": original.type, "status": original.status, "regular_price": price}
        return {"name": original.name, **shown, **_fields(values, original), **link}

    def _pairs(self, wanted: Iterable[tuple[str, Locale]]) -> dict[tuple[str, Locale], _Pair]:
        """Products and what says them in other languages: two reads, one for the originals and one for the others."""
        chosen = list(wanted)
        originals = self._several(product for product, _ in chosen)
        known = {pair: originals[named(pair[0])] for pair in chosen if named(pair[0]) in originals}
        twins = {pair: _twin_of(original, pair[1]) for pair, original in known.items()}
        others = self._several(str(twin) for twin in twins.values())
        return {pair: (original, others.get(twins[pair])) for pair, original in known.items()}

    def _several(self, ids: Iterable[str]) -> dict[int, StoreProduct]:
        """Products by number, in every language. A listing that leaves one out may only not show its language: it is
        asked for by itself, for a translation that is overlooked would be paid for again."""
        wanted = {named(one) for one in ids} - {0}
        found = included(self._connection, "products", StoreProduct, map(str, wanted), lang="all")
        for one in sorted(wanted - set(found)):
            try:
                found[one] = self._product(one)
            except Gone:
                continue
        return found

    def _product(self, product_id: int) -> StoreProduct:
        found = parsed(StoreProduct, self._connection.get(f"products/{product_id}").data)
        if found.status == "trash":
            raise Gone
        return found

    def _twin(self, original: StoreProduct, locale: Locale) -> StoreProduct | None:
        twin = _twin_of(original, locale)
        try:
            return self._product(twin) if twin else None
        except Gone:
            return None

    @property
    def _wpml(self) -> bool:
        return any("sitepress" in plugin or "woocommerce-multilingual" in plugin for plugin in self._shop.plugins)

    @property
    def _polylang(self) -> bool:
        return any("polylang-wc" in plugin for plugin in self._shop.plugins)


_KEYS = frozenset({*mapping.TEXTS, *mapping.SEO})


def _twin_of(original: StoreProduct, locale: Locale) -> int:
    """The number of the product that says the original in a language; 0 where none does."""
    for code in (locale.lower(), locale.lower().partition("-")[0]):
        twin = str(original.translations.get(code) or "")
        if twin.isdigit() and int(twin) != original.id:
            return int(twin)
    return 0


def _fields(values: Mapping[str, str], original: StoreProduct) -> dict[str, Any]:
    """The body of a write; SEO fields go into the meta data that the original has them in, nothing takes one away."""
    own = {mapping.TEXTS[key]: value for key, value in values.items() if key in mapping.TEXTS}
    places = mapping.seo_places(original)
    rows = [{"key": places[key], "value": value or None} for key, value in values.items() if key in places]
    return {**own, "meta_data": rows} if rows else own


def _sources(original: StoreProduct, twin: StoreProduct | None) -> tuple[Text, ...]:
    """What can be translated of the original, the translation being as it is."""
    pictures = mapping.alts(original, twin).items()
    return (*mapping.texts(original), *(mapping.text(key, ours.alt) for key, (ours, _) in pictures))


def _held(original: StoreProduct, twin: StoreProduct | None) -> tuple[Text, ...]:
    """What the translation says; an alt text that is still a copy of the original's is none yet."""
    if twin is None:
        return ()
    pictures = mapping.alts(original, twin).items()
    return (
        *mapping.texts(twin),
        *(mapping.text(key, theirs.alt) for key, (ours, theirs) in pictures if theirs.alt and theirs.alt != ours.alt),
    )


def _snapshot(
    action: PublishTranslation, original: StoreProduct, twin: StoreProduct | None, *, created: bool = False
) -> Snapshot:
    held = {text.key: text.value for text in _held(original, twin)}
    value = {field.key: held[field.key] for field in action.fields if field.key in held}
    detail = (("twin", str(twin.id)), ("created", "yes" if created else "")) if twin else ()
    return Snapshot(value=value or None, read_at=datetime.now(UTC), detail=detail)
