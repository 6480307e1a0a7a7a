"""Translatable texts, their digests, and translations. Wording and codes as recorded."""

import hashlib
import re
from typing import Any

from sandbox.shopify_store.connections import connection
from sandbox.shopify_store.records import (
    Image,
    Metafield,
    Option,
    OptionValue,
    Product,
    Translation,
    gid,
)
from sandbox.shopify_store.registry import Call, resolves, user_error

READ = ("read_translations",)
WRITE = ("write_translations",)
MOST_KEYS = 100
KINDS = {
    "PRODUCT": "Product",
    "PRODUCT_OPTION": "ProductOption",
    "PRODUCT_OPTION_VALUE": "ProductOptionValue",
    "MEDIA_IMAGE": "MediaImage",
    "METAFIELD": "Metafield",
}
TEXT, LONG, URI = "SINGLE_LINE_TEXT_FIELD", "MULTI_LINE_TEXT_FIELD", "URI"
TRANSLATABLE = Product | Option | OptionValue | Image | Metafield
SPOKEN = {
    "single_line_text_field": TEXT,
    "multi_line_text_field": LONG,
    "json": "JSON",
    "url": "URL",
    "list.single_line_text_field": "LIST_SINGLE_LINE_TEXT_FIELD",
    "list.multi_line_text_field": "LIST_MULTI_LINE_TEXT_FIELD",
    "list.url": "LIST_URL",
}
"""Types of metafields that have a kind of localizable content; numbers, dates and references have none."""
PRODUCT_KEYS = ("title", "body_html", "handle", "product_type", "meta_title", "meta_description")


def texts(record: Any) -> list[tuple[str, str, str]]:
    """Key, text and type of everything translatable; empty optional texts are left out, as recorded."""
    if isinstance(record, Product):
        optional = [
            ("meta_title", record.seo_title, LONG),
            ("meta_description", record.seo_description, LONG),
        ]
        body = [("body_html", record.description_html, "HTML")] if record.description_html else []
        fixed = [("handle", record.handle, URI), ("product_type", record.product_type, TEXT)]
        return [
            ("title", record.title, TEXT),
            *body,
            *fixed,
            *((key, text, kind) for key, text, kind in optional if text),
        ]
    if isinstance(record, Metafield):
        return [("value", record.value, SPOKEN[record.type])]
    return [("alt", record.alt, TEXT)] if isinstance(record, Image) else [("name", record.name, TEXT)]


def translatable(record: Any) -> bool:
    """Whether an object has texts at all: a metafield only where its type is one of words."""
    return isinstance(record, TRANSLATABLE) and (not isinstance(record, Metafield) or record.type in SPOKEN)


def keys(record: Any) -> tuple[str, ...]:
    """Every key that the kind of object can have, whether it holds a text now or not."""
    if isinstance(record, Product):
        return PRODUCT_KEYS
    if isinstance(record, Metafield):
        return ("value",)
    return ("alt",) if isinstance(record, Image) else ("name",)


def digest(text: str) -> str:
    """SHA-256 of the text: the recorded digest of an empty text is that of nothing."""
    return hashlib.sha256(text.encode()).hexdigest()


def current_digest(record: Any, key: str) -> str | None:
    """The digest that a new translation of ``key`` has to name."""
    return next((digest(text) for name, text, _ in texts(record) if name == key), None)


def _resource(record: Any) -> dict[str, Any]:
    return {"resourceId": gid(record.kind, record.number), "record": record}


@resolves("QueryRoot.translatableResource", access=READ)
def one(_root: Any, call: Call, *, resource_id: str) -> dict[str, Any] | None:
    """One object's texts; null where it has none."""
    record = call.state.find(resource_id)
    return _resource(record) if translatable(record) else None


class _Row(dict[str, Any]):
    """A resource that can be paged over."""

    def __init__(self, record: Any) -> None:
        super().__init__(_resource(record))
        self.number = record.number


@resolves("QueryRoot.translatableResources", access=READ)
def many(_root: Any, call: Call, *, resource_type: str, **paging: Any) -> dict[str, Any]:
    """Objects of one type; types that the sandbox has no objects of are empty."""
    rows = call.state.view(KINDS.get(resource_type, resource_type), "ID", lambda record: record.number)
    return connection(call, [_Row(row) for row in rows if translatable(row)], paging)


@resolves("QueryRoot.translatableResourcesByIds", access=READ)
def by_ids(_root: Any, call: Call, *, resource_ids: list[str], **paging: Any) -> dict[str, Any]:
    """The named objects, each once, without those that do not exist."""
    found = [call.state.find(one) for one in dict.fromkeys(resource_ids)]
    rows = [_Row(record) for record in found if translatable(record)]
    return connection(call, sorted(rows, key=lambda row: row.number), paging)


@resolves("TranslatableResource.nestedTranslatableResources")
def nested(
    resource: dict[str, Any], call: Call, *, resource_type: str | None = None, **paging: Any
) -> dict[str, Any]:
    """A product's options, their values, its pictures and its metafields of words."""
    record = resource["record"]
    parts: list[Any] = []
    if isinstance(record, Product):
        values = [value for option in record.options for value in option.values]
        fields = [one for one in record.metafields.values() if translatable(one)]
        parts = [*record.options, *values, *record.images, *fields]
    wanted = KINDS.get(resource_type or "", resource_type)
    rows = [_Row(part) for part in parts if resource_type is None or part.kind == wanted]
    return connection(call, sorted(rows, key=lambda row: row.number), paging)


@resolves("TranslatableResource.translatableContent")
def content(resource: dict[str, Any], call: Call, *, market_id: str | None = None) -> list[dict[str, Any]]:
    """The source texts with their digests."""
    locale = call.state.primary_locale
    return [
        {"key": key, "value": text, "digest": digest(text), "locale": locale, "type": kind}
        for key, text, kind in texts(resource["record"])
    ]


@resolves("TranslatableResource.translations")
def of_resource(
    resource: dict[str, Any],
    _call: Call,
    *,
    locale: str,
    market_id: str | None = None,
    outdated: bool | None = None,
) -> list[dict[str, Any]]:
    """The translations into one language, in the order of the texts."""
    rows = _translations(resource["record"], locale, market_id)
    return [row for row in rows if outdated is None or row["outdated"] == outdated]


@resolves("Product.translations")
def of_product(
    record: Product, _call: Call, *, locale: str, market_id: str | None = None
) -> list[dict[str, Any]]:
    """A product's published translations into one language."""
    return _translations(record, locale, market_id)


def _translations(record: Any, locale: str, market_id: str | None) -> list[dict[str, Any]]:
    found = (record.translations.get((locale, key, market_id)) for key in keys(record))
    return [render(record, one) for one in found if one]


def render(record: Any, one: Translation) -> dict[str, Any]:
    """One translation; outdated once its source text is no longer what it was made from."""
    return {
        "key": one.key,
        "value": one.value,
        "locale": one.locale,
        "outdated": one.source_digest != current_digest(record, one.key),
        "updatedAt": one.updated_at,
        "market": None if one.market_id is None else {"id": one.market_id},
        "market_id": one.market_id,
    }


@resolves("Translation.market")
def market_of(row: dict[str, Any], call: Call) -> Any:
    """The market that a translation is for; null for all."""
    return call.state.find(row["market_id"]) if row["market_id"] else None


@resolves("Mutation.translationsRegister", access=WRITE)
def register(
    _root: Any, call: Call, *, resource_id: str, translations: list[dict[str, Any]]
) -> dict[str, Any]:
    """Keeps the good translations and says what is wrong with the others, as recorded."""
    record = call.state.find(resource_id)
    if not translatable(record):
        message = f"Resource {resource_id} does not exist"
        return {
            "translations": None,
            "userErrors": [user_error(["resourceId"], message, "RESOURCE_NOT_FOUND")],
        }
    if len(translations) > MOST_KEYS:
        message = f"Too many translation keys for the resource (maximum is {MOST_KEYS})"
        error = user_error(["translations"], message, "TOO_MANY_KEYS_FOR_RESOURCE")
        return {"translations": None, "userErrors": [error]}
    kept, errors = [], []
    for index, wanted in enumerate(translations):
        problem = _check(call, record, ["translations", str(index)], wanted)
        if problem:
            errors.append(problem)
        else:
            kept.append(render(record, _keep(call, record, wanted)))
    return {"translations": kept, "userErrors": errors}


def _check(call: Call, record: Any, path: list[str], wanted: dict[str, Any]) -> dict[str, Any] | None:
    locale = call.state.locales.get(wanted["locale"])
    if locale is None or locale.primary:
        same = "Locale cannot be the same as the shop's primary locale"
        message = same if locale else "Locale is not a valid locale for the shop"
        return user_error([*path, "locale"], message, "INVALID_LOCALE_FOR_SHOP")
    if wanted["key"] not in keys(record):
        message = f"Key {wanted['key']} is not a valid translatable field"
        return user_error([*path, "key"], message, "INVALID_KEY_FOR_MODEL")
    if wanted.get("marketId") and call.state.find(wanted["marketId"]) is None:
        return user_error([*path, "marketId"], "The market does not exist", "MARKET_DOES_NOT_EXIST")
    if wanted["translatableContentDigest"] != current_digest(record, wanted["key"]):
        message = "Translatable content hash is invalid"
        return user_error([*path, "translatableContentDigest"], message, "INVALID_TRANSLATABLE_CONTENT")
    if not wanted["value"]:
        return user_error([*path, "value"], "Value can't be blank", "BLANK")
    return _check_handle(path, wanted)


def _check_handle(path: list[str], wanted: dict[str, Any]) -> dict[str, Any] | None:
    if wanted["key"] != "handle" or re.fullmatch(r"[\w\-]+", wanted["value"].lower()):
        return None
    message = "Value is not a valid handle"
    return user_error([*path, "value"], message, "INVALID_VALUE_FOR_HANDLE_TRANSLATION")


def _keep(call: Call, record: Any, wanted: dict[str, Any]) -> Translation:
    made = Translation(
        key=wanted["key"],
        value=wanted["value"],
        locale=wanted["locale"],
        market_id=wanted.get("marketId"),
        source_digest=wanted["translatableContentDigest"],
        updated_at=call.now(),
    )
    record.translations[made.locale, made.key, made.market_id] = made
    return made


@resolves("Mutation.translationsRemove", access=WRITE)
def remove(
    _root: Any,
    call: Call,
    *,
    resource_id: str,
    translation_keys: list[str],
    locales: list[str],
    market_ids: list[str] | None = None,
) -> dict[str, Any]:
    """Takes translations away; what is not there is no error, and nothing removed is answered with null."""
    record = call.state.find(resource_id)
    if not translatable(record):
        message = f"Resource {resource_id} does not exist"
        return {
            "translations": None,
            "userErrors": [user_error(["resourceId"], message, "RESOURCE_NOT_FOUND")],
        }
    wanted = [
        (locale, key, market)
        for locale in locales
        for key in translation_keys
        for market in (*(market_ids or ()), *(() if market_ids else (None,)))
    ]
    found = [record.translations.pop(place, None) for place in wanted]
    gone = [render(record, one) for one in found if one]
    return {"translations": gone or None, "userErrors": []}
