"""Which language a page speaks, and how it writes dates, numbers and money (CLDR, by babel)."""

import gettext
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError, dates, numbers

from chalicelib.domain.money import Money, decimals
from chalicelib.web import wording

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "zh": "中文"}
JUST_NOW = timedelta(seconds=45)
_CATALOGUES = Path(__file__).parent / "locale"


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The messages of a language; English where none are compiled."""
    return gettext.translation("tradewind", _CATALOGUES, [language], fallback=True)


def choose(wanted: str, accepts: str) -> str:
    """The person's own choice, else the first of the browser's that we speak, else English (RFC 9110)."""
    if wanted in LANGUAGES:
        return wanted
    ranges = (part.partition(";") for part in accepts.split(","))
    ranked = sorted(ranges, key=lambda part: -_weight(part[2]))
    spoken = (name.strip().partition("-")[0].lower() for name, _, _ in ranked)
    return next((name for name in spoken if name in LANGUAGES), "en")


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def moment(at: datetime, language: str, place: str) -> str:
    """A date and time in the shop's own time zone."""
    return dates.format_datetime(at, "medium", tzinfo=zone(place), locale=_locale(language))


def day(at: datetime, language: str, place: str) -> str:
    """A date in the shop's own time zone."""
    return dates.format_date(at.astimezone(zone(place)).date(), "long", locale=_locale(language))


def ago(at: datetime, now: datetime, language: str) -> str:
    """How long ago, in words."""
    if abs(at - now) < JUST_NOW:
        return catalogue(language).gettext(wording.JUST_NOW)
    return dates.format_timedelta(at - now, add_direction=True, locale=_locale(language))


def money(amount: Money, language: str) -> str:
    """An amount with its currency, as the language writes it, with the digits the currency has."""
    digits = decimals(amount.currency)
    pattern = _locale(language).currency_formats["standard"].pattern
    shown: str = numbers.format_currency(
        amount.amount.quantize(Decimal(1).scaleb(-digits)), amount.currency, pattern, _locale(language)
    )
    return shown


def number(value: float | Decimal, language: str) -> str:
    """A number, as the language writes it."""
    shown: str = numbers.format_decimal(value, locale=_locale(language))
    return shown


def percent(value: float, language: str) -> str:
    """A share between 0 and 1 as a percentage."""
    shown: str = numbers.format_percent(value, locale=_locale(language))
    return shown


def chance(value: float, language: str) -> str:
    """A probability as a percentage, never as certain."""
    if value > 0.99:
        return f"> {percent(0.99, language)}"
    return f"< {percent(0.01, language)}" if value < 0.01 else percent(value, language)


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


@cache
def zone(name: str) -> ZoneInfo:
    """A time zone by name; UTC where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def name_of(locale: str, language: str) -> str:
    """A language's name in another, for example "Deutsch" of "de" in "de"; an unknown one as it is written."""
    try:
        return Locale.parse(locale.replace("-", "_")).get_display_name(_locale(language)) or locale
    except (ValueError, UnknownLocaleError):
        return locale
