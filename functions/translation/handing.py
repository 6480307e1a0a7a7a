"""The translation memory handed out and taken in: entries to units of a document, and back."""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from chalicelib.contracts import Context, Taken
from chalicelib.domain.ids import Locale
from chalicelib.errors import MalformedPayload
from functions.translation import exchange, glossary, memory
from functions.translation.exchange import Unit
from functions.translation.memory import Origin, Pair, Remembered
from functions.translation.protect import Guard
from functions.translation.segments import Segment, TooManyTokens, cut

PREFIX = "tm:"
_KEY = re.compile(r"tm:[0-9a-f]{40}")
_TOKEN = re.compile(r'<x id="(\d+)"(?:/>|>([^<]*)</x>)')
_WRITERS: Mapping[str, Callable[[Iterable[Unit]], str]] = {"tmx": exchange.to_tmx, "csv": exchange.to_csv}
_READERS: Mapping[str, Callable[[str], Iterator[Unit]]] = {"tmx": exchange.from_tmx, "csv": exchange.from_csv}


def exported(entries: Iterable[tuple[str, str]], form: str) -> str:
    """What can be used of the memory as a document. Raises MalformedPayload for a form that there is not."""
    if form not in _WRITERS:
        raise MalformedPayload("The memory is handed out as tmx or csv.")
    return _WRITERS[form](_units(entries))


def _units(entries: Iterable[tuple[str, str]]) -> Iterator[Unit]:
    for key, value in entries:
        entry = memory.unpacked(value)
        if entry is not None and entry.origin is not Origin.FAULTY and all(entry.pair):
            yield Unit(entry.source, entry.target, *entry.pair, origin=str(entry.origin), key=key)


def imported(context: Context, document: str, form: str) -> Taken:
    """Units of a document as memory entries; one that fits no sentence of ours is left out and counted.

    Raises:
        MalformedPayload: another form, or a document that cannot be read.
    """
    if form not in _READERS:
        raise MalformedPayload("The memory is taken in as tmx or csv.")
    found: dict[str, str] = {}
    left = 0
    for unit in _READERS[form](document):
        entry = _entry(context, unit)
        if entry is None:
            left += 1
        else:
            found[entry[0]] = memory.packed(entry[1])
    return Taken(found, left)


def _entry(context: Context, unit: Unit) -> tuple[str, Remembered] | None:
    """Our own units go back where they were; another tool's are cut as a product's text would be."""
    pair = _pair(context, unit)
    if pair is None:
        return None
    if _KEY.fullmatch(unit.key) and _tokens(unit.source) == _tokens(unit.target):
        target = _TOKEN.sub(r'<x id="\1"/>', unit.target)
        return unit.key, _remembered(unit.source, target, pair, context.now)
    sides = [_plain(side) for side in (unit.source, unit.target)]
    guard = Guard(terms=context.policy.translations.protected_terms)
    cut_ = [_one(text, lang, guard) for text, lang in zip(sides, (pair.source, pair.target), strict=True)]
    ours, theirs = cut_
    if ours is None or theirs is None:
        return None
    learned = memory.learned(ours, theirs)
    return (memory.key(ours, pair), _remembered(ours.xml(), learned, pair, context.now)) if learned else None


def _pair(context: Context, unit: Unit) -> Pair | None:
    """The languages as the shop writes them (a tool's ``de-DE`` is its ``de``); None where it has not got them."""
    limits, shop = context.policy.translations, context.shop
    target = _known(unit.target_language, (*limits.locales, *shop.locales))
    source = _known(unit.source_language, (shop.primary_locale,))
    if target is None or source is None:
        return None
    words = glossary.selected(limits.glossary.get(target, {}), limits.protected_terms)
    return Pair(source=source, target=target, formality=limits.formality.get(target, ""), glossary=words)


def _known(language: str, locales: Sequence[Locale]) -> Locale | None:
    wanted = language.lower().replace("_", "-")
    same = [locale for locale in locales if locale.lower() == wanted]
    kin = [locale for locale in locales if locale.lower().partition("-")[0] == wanted.partition("-")[0]]
    return next(iter((*same, *kin)), None)


def _tokens(text: str) -> Counter[str]:
    return Counter(found[0] for found in _TOKEN.findall(text))


def _plain(text: str) -> str:
    return html.unescape(_TOKEN.sub(r"\2", text))


def _one(text: str, language: str, guard: Guard) -> Segment | None:
    """The text as one sentence, or None where it is none or several."""
    try:
        segments = cut(text, language=language, guard=guard, html=False).segments
    except TooManyTokens:
        return None
    return segments[0] if len(segments) == 1 else None


def _remembered(source: str, target: str, pair: Pair, now: datetime) -> Remembered:
    return Remembered(
        source=source, target=target, origin=Origin.IMPORT, at=now.isoformat(), pair=(pair.source, pair.target)
    )
