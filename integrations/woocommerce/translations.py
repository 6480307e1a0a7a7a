"""Texts in other languages: WooCommerce keeps a whole product per language, where a plug-in lets it.

WPML takes ``lang`` and ``translation_of`` (wpml.org, WooCommerce REST API), Polylang for WooCommerce ``lang``
and ``translations``. Both show ``translations``: the product's number in each language.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.contracts import Change, Receipt, Translations
from chalicelib.domain.actions import PublishTranslation, Snapshot, digest_of
from chalicelib.domain.ids import Locale
from chalicelib.domain.shop import Shop
from chalicelib.errors import Gone, StaleState, UnsupportedAction
from integrations.woocommerce import MISSING, ONE_TEXT, mapping
from integrations.woocommerce.answers import StoreProduct
from integrations.woocommerce.connection import Connection, parsed
from integrations.woocommerce.drafts import number, same


class Translator:
    """Reads and writes one store's translated products."""

    def __init__(self, shop: Shop, connection: Connection) -> None:
        self._shop, self._connection = shop, connection

    def texts(self, resource_id: str, locale: Locale) -> Translations:
        """Source texts of a product and what exists in one language."""
        original = self._product(number(resource_id))
        twin = self._twin(original, locale)
        return Translations(
            source=mapping.texts(original),
            existing=mapping.texts(twin) if twin else (),
            source_locale=Locale(original.lang or self._shop.primary_locale),
        )

    def read(self, action: PublishTranslation) -> Snapshot:
        """The fields that the action would write, as the translated product holds them. Raises Gone."""
        original = self._product(number(action.resource_id))
        return _snapshot(action, self._twin(original, action.locale))

    def apply(self, change: Change, action: PublishTranslation) -> Receipt:
        """Write the fields, making the translated product where there is none yet."""
        self._check(action)
        original = self._product(number(action.resource_id))
        twin = self._twin(original, action.locale)
        now = _snapshot(action, twin)
        wanted = {field.key: field.value for field in action.fields}
        if same(now.value, wanted):
            return Receipt(after=now, wrote=False)
        source = {text.key: text.digest for text in mapping.texts(original)}
        if any(source.get(field.key) != field.source_digest for field in action.fields):
            raise StaleState("The source text changed, so the translation was not published.")
        if digest_of(now.value) != change.before.digest:
            raise StaleState
        if twin is not None:
            return Receipt(after=self._write(action, twin.id, _fields(wanted, original)))
        made = self._connection.post("products", self._copy(original, action, wanted))
        return Receipt(after=_snapshot(action, parsed(StoreProduct, made), created=True))

    def restore(self, change: Change, action: PublishTranslation, after: Snapshot) -> Receipt:
        """Put the fields back; a translated product that we made goes to the bin, where it can be fetched."""
        now = self.read(action)
        if same(now.value, change.before.value):
            return Receipt(after=now, wrote=False)
        if now.digest != after.digest:
            raise StaleState
        twin = dict(now.detail).get("twin", "")
        if change.before.value is None and dict(after.detail).get("created"):
            self._connection.delete(f"products/{number(twin)}")
            return Receipt(after=self.read(action))
        held = change.before.value if isinstance(change.before.value, Mapping) else {}
        fields = {field.key: str(held.get(field.key, "")) for field in action.fields}
        original = self._product(number(action.resource_id))
        return Receipt(after=self._write(action, number(twin), _fields(fields, original)))

    def _write(self, action: PublishTranslation, twin: int, body: Mapping[str, Any]) -> Snapshot:
        found = self._connection.put(f"products/{twin}", body)
        return _snapshot(action, parsed(StoreProduct, found))

    def _check(self, action: PublishTranslation) -> None:
        if not self._wpml and not self._polylang:
            raise UnsupportedAction(MISSING)
        if action.market is not None or any(field.key not in _KEYS for field in action.fields):
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

    def _product(self, product_id: int) -> StoreProduct:
        found = parsed(StoreProduct, self._connection.get(f"products/{product_id}").data)
        if found.status == "trash":
            raise Gone
        return found

    def _twin(self, original: StoreProduct, locale: Locale) -> StoreProduct | None:
        for code in (locale.lower(), locale.lower().partition("-")[0]):
            twin = str(original.translations.get(code) or "")
            if twin.isdigit() and int(twin) != original.id:
                try:
                    return self._product(int(twin))
                except Gone:
                    return None
        return None

    @property
    def _wpml(self) -> bool:
        return any("sitepress" in plugin or "woocommerce-multilingual" in plugin for plugin in self._shop.plugins)

    @property
    def _polylang(self) -> bool:
        return any("polylang-wc" in plugin for plugin in self._shop.plugins)


_KEYS = frozenset({*mapping.TEXTS, *mapping.SEO})


def _fields(values: Mapping[str, str], original: StoreProduct) -> dict[str, Any]:
    """The body of a write; SEO fields go into the meta data that the original has them in, nothing takes one away."""
    own = {mapping.TEXTS[key]: value for key, value in values.items() if key in mapping.TEXTS}
    places = mapping.seo_places(original)
    rows = [{"key": places[key], "value": value or None} for key, value in values.items() if key in places]
    return {**own, "meta_data": rows} if rows else own


def _snapshot(action: PublishTranslation, twin: StoreProduct | None, *, created: bool = False) -> Snapshot:
    held = {text.key: text.value for text in mapping.texts(twin)} if twin else {}
    value = {field.key: held[field.key] for field in action.fields if field.key in held}
    detail = (("twin", str(twin.id)), ("created", "yes" if created else "")) if twin else ()
    return Snapshot(value=value or None, read_at=datetime.now(UTC), detail=detail)
