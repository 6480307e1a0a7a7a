"""The shop itself: its plan, money, languages and places."""

from typing import Any

from sandbox.shopify_store.connections import connection
from sandbox.shopify_store.records import Locale, gid
from sandbox.shopify_store.registry import Call, resolves, user_error
from sandbox.shopify_store.state import State

LOCATION_NUMBER = 655_441_491
# Each language by its English name.
LANGUAGES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "nl": "Dutch",
    "pt": "Portuguese", "pt-BR": "Portuguese (Brazil)", "pt-PT": "Portuguese (Portugal)", "pl": "Polish",
    "sv": "Swedish", "da": "Danish", "nb": "Norwegian (Bokmål)", "fi": "Finnish", "cs": "Czech",
    "ja": "Japanese", "ko": "Korean", "zh-CN": "Chinese (Simplified)", "zh-TW": "Chinese (Traditional)",
    "ru": "Russian", "uk": "Ukrainian", "tr": "Turkish", "ar": "Arabic", "he": "Hebrew", "el": "Greek",
    "hu": "Hungarian", "ro": "Romanian", "bg": "Bulgarian", "sk": "Slovak", "sl": "Slovenian",
    "hr": "Croatian", "et": "Estonian", "lv": "Latvian", "lt": "Lithuanian", "id": "Indonesian",
    "vi": "Vietnamese", "th": "Thai", "hi": "Hindi",
}  # fmt: skip


@resolves("QueryRoot.shop", "ProductCreatePayload.shop", "ProductDeletePayload.shop")
def shop(_root: Any, call: Call) -> dict[str, Any]:
    """The one shop of this server."""
    return render_shop(call.state)


def render_shop(state: State) -> dict[str, Any]:
    """The shop's own record."""
    host = {"id": gid("Domain", state.number), "host": state.domain, "url": f"https://{state.domain}"}
    return {
        "__typename": "Shop",
        "id": state.id,
        "name": state.name,
        "email": f"owner@{state.domain}",
        "contactEmail": f"owner@{state.domain}",
        "myshopifyDomain": state.domain,
        "primaryDomain": {**host, "sslEnabled": True},
        "url": f"https://{state.domain}",
        "currencyCode": state.currency,
        "enabledPresentmentCurrencies": [state.currency],
        "ianaTimezone": state.timezone,
        "plan": {"partnerDevelopment": True, "shopifyPlus": False, "publicDisplayName": "Development"},
        "shopAddress": {"countryCodeV2": state.country, "country": state.country},
        "taxesIncluded": False,
        "weightUnit": "KILOGRAMS",
        "createdAt": state.created_at,
        "updatedAt": state.created_at,
    }


@resolves("QueryRoot.shopLocales", access=("read_locales", "read_translations"))
def shop_locales(_root: Any, call: Call, *, published: bool = False) -> list[Locale]:
    """The shop's languages, the primary one first."""
    return [one for one in call.state.locales.values() if one.published or not published]


@resolves("ShopLocale.name")
def locale_name(locale: Locale, _call: Call) -> str:
    """The language's English name."""
    return LANGUAGES.get(locale.locale, locale.locale)


@resolves("Mutation.shopLocaleEnable", access=("write_locales",))
def enable_locale(_root: Any, call: Call, *, locale: str, **_: Any) -> dict[str, Any]:
    """Adds a language, not yet published."""
    if locale in call.state.locales:
        return {"shopLocale": None, "userErrors": [user_error(["locale"], "Locale has already been taken")]}
    if locale not in LANGUAGES:
        return {"shopLocale": None, "userErrors": [user_error(["locale"], "Locale is invalid")]}
    added = Locale(locale=locale, primary=False, published=False)
    call.state.locales[locale] = added
    return {"shopLocale": added, "userErrors": []}


@resolves("Mutation.shopLocaleDisable", access=("write_locales",))
def disable_locale(_root: Any, call: Call, *, locale: str) -> dict[str, Any]:
    """Removes a language together with its translations."""
    found = call.state.locales.get(locale)
    if found is None or found.primary:
        message = (
            "The primary locale of your store can't be changed." if found else "The locale doesn't exist."
        )
        return {"locale": None, "userErrors": [user_error(["locale"], message)]}
    del call.state.locales[locale]
    for product in call.state.products():
        for key in [key for key in product.translations if key[0] == locale]:
            del product.translations[key]
    return {"locale": locale, "userErrors": []}


def location(state: State) -> dict[str, Any]:
    """The one place that the shop sends from."""
    return {
        "__typename": "Location",
        "id": gid("Location", LOCATION_NUMBER),
        "legacyResourceId": LOCATION_NUMBER,
        "name": state.location_name,
        "isActive": True,
        "createdAt": state.created_at,
        "updatedAt": state.created_at,
    }


@resolves("Location.legacyResourceId")
def location_number(place: dict[str, Any], _call: Call) -> int:
    """The location's number."""
    return int(place["legacyResourceId"])


@resolves("QueryRoot.location", access=("read_locations", "read_inventory", "read_orders"))
def one_location(_root: Any, call: Call, *, global_id: str | None = None) -> dict[str, Any] | None:
    """The shop's location; null for any other id."""
    place = location(call.state)
    return place if global_id in (None, place["id"]) else None


class _Place(dict[str, Any]):
    """A location that can be paged over."""

    number = LOCATION_NUMBER


@resolves("QueryRoot.locations", access=("read_locations", "read_inventory", "read_orders"))
def locations(_root: Any, call: Call, **arguments: Any) -> dict[str, Any]:
    """All locations: one."""
    return connection(call, [_Place(location(call.state))], arguments)
