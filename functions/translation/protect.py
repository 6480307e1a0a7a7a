"""What must survive a translation, found and put behind marks.

Inside the pipeline a protected token is one private-use character (plane 15), so that splitting, trimming and
comparing
are string operations; towards the engine it is an ``<x id="n"/>`` element that its tag handling leaves alone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from chalicelib.domain.shop import Units
from functions.translation.units import WORDS, converted

FIRST_MARK = 0xF0000
MARKS = 65_000
MARK = re.compile("[\U000f0000-\U000ffffd]")


class Token(StrEnum):
    """Kinds of protected tokens."""

    TAG = "tag"
    LIQUID = "liquid"
    PLACEHOLDER = "placeholder"
    URL = "web address"
    SKU = "article number"
    MONEY = "amount"
    MEASURE = "measure"
    TERM = "protected term"
    EMOJI = "emoji"


STRUCTURE = frozenset({Token.TAG, Token.LIQUID, Token.PLACEHOLDER})
"""Kinds whose content says nothing to a translator: the engine sees an empty mark."""
SHOWN = frozenset({Token.MEASURE, Token.MONEY, Token.TERM})
"""Kinds whose content the engine sees inside the mark, because grammar depends on it."""


@dataclass(frozen=True, slots=True)
class Protected:
    """One protected token: as it stands in the source, and as it shall stand in the target."""

    kind: Token
    raw: str
    target: str = ""

    @property
    def out(self) -> str:
        """What the target holds: the same, unless a rule converted it."""
        return self.target or self.raw


@dataclass(frozen=True, slots=True)
class Guard:
    """What one shop protects beyond the general patterns: brand and do-not-translate terms, known article
    numbers."""

    terms: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    units: Units = Units.AS_WRITTEN
    """In which units the text shall be; the rule table holds only for the other system's."""
    languages: tuple[str, str] = ("", "")
    """Source and target, for how they write numbers in measures."""
    sizes: tuple[tuple[str, str], ...] = ()
    """Sizes that are to be converted (``US 9`` to ``EU 40``), where it is known whose they are."""

    def protected(self, kind: Token, raw: str) -> Protected:
        """The token, converted where the merchant asked for that."""
        if kind is not Token.MEASURE or self.units is Units.AS_WRITTEN:
            return Protected(kind, raw)
        target = converted(raw, self.units, *self.languages, sizes=dict(self.sizes))
        return Protected(kind, raw, target if target != raw else "")

    def find(self, text: str) -> list[tuple[int, int, Token]]:
        """Non-overlapping tokens of running text, left to right, as (start, end, kind)."""
        pattern = _pattern(self.terms, self.skus, self.units is not Units.AS_WRITTEN)
        found = []
        for match in pattern.finditer(text):
            kind = _KINDS[match.lastgroup or ""]
            if match.lastgroup == "spelled" and not self.protected(kind, match.group()).target:
                continue  # a unit in words that no rule converts is the engine's to translate
            end = match.end() - _trailing(match.group()) if kind is Token.URL else match.end()
            found.append((match.start(), end, kind))
        return found


_KINDS = {
    "private": Token.EMOJI, "term": Token.TERM, "known": Token.SKU, "url": Token.URL, "emoji": Token.EMOJI,
    "place": Token.PLACEHOLDER, "money": Token.MONEY, "measure": Token.MEASURE, "spelled": Token.MEASURE,
    "heading": Token.MEASURE, "sku": Token.SKU,
}  # fmt: skip

_MIXED = r"\d+[ -]\d{1,2}[/⁄](?:2|3|4|5|8|16|32|64)(?!\d)"
"""``2 1/2``: taken for one number, or half of it would be converted."""
_WHOLE = r"(?:\d{1,3}(?:[.,'\u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
_NUMBER = rf"{_MIXED}|{_WHOLE}(?:\s?[/⁄]\s?\d+)?[½¼¾⅓⅔⅛]?|[½¼¾⅓⅔⅛]"
_RANGE = rf"(?:{_NUMBER})(?:\s?(?:[-–—x×*/~]|bis|to)\s?(?:{_NUMBER})){{0,3}}"
_UNIT = (
    r"(?:[mck]?m[²³23]|[µmck]?m|[µmk]?g(?:/m[²2])?|gsm|[mcd]?[lL]|fl\.?\s?oz|oz|lbs?|ft|yd|k?Wh|[mkM]?W|[mk]?V|m?Ah|[kMG]?Hz"
    r"|[KMGT]B|px|dpi|psi|bar|rpm|lm|dB|fps|MP|kcal|k?J|kPa|°\s?[CF]?|[%‰]|[\"″”](?!\w)|['′]\d{0,2}[\"″]?|in(?=\s?[.,;:)×x]|\s*$))"
)
_CURRENCY = r"(?:[€$£¥₩₹₽฿]|US\$|CA\$|A\$|(?:USD|EUR|GBP|CHF|JPY|CNY|AUD|CAD|SEK|NOK|DKK|PLN|CZK)\b)"
_URL = (
    r"(?:https?://|ftp://|www\.|mailto:)[^\s<>\"{}|\\^`\[\]、。，！？]+"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
    r"|(?<![\w.-])(?:[a-z0-9-]{1,63}\.){1,5}(?:com|org|net|io|shop|store|eu|de|fr|uk|co\.uk|jp|cn|it|es|nl)\b(?:/[^\s<>\"]*)?"
)
_PLACE = (
    r"%(?:\d+\$|\(\w+\))?[-+0#]*(?:\d+|\*)?(?:\.\d+)?(?:hh|ll|[hlLzjt])?[sdiufFeEgGxXoc@](?![a-z])"
    r"|%%\w+%%|(?<![\w%])%[a-z]\w+%|%\{\w+\}|\$\{[^{}]*\}|\{[^\s{}][^{}]*\}|\{\}|\[\[[^\[\]]+\]\]|\[[a-z_]+(?:\s[^\[\]]*)?/?\]|__[A-Z][A-Z_]*__"
)
_SIZE = r"(?:EU|US|UK|FR|IT|JP)\s?\d{1,3}(?:[.,]5)?(?!\w)|(?<!\w)[ABC]\d(?!\w)"
_SKU = (
    r"(?=[A-Z0-9./_-]*[A-Z])(?=[A-Z0-9./_-]*\d)(?:[A-Z]+\d[A-Z0-9]+|\d{2,}[A-Z]+[A-Z0-9]*|[A-Z0-9]+[-_./][A-Z0-9./_-]*\d{3,})"
    r"(?:[-_./][A-Z0-9]+)*"
)
_EMOJI = (
    r"(?:[\U0001F1E6-\U0001F1FF]{2}|[#*0-9]\uFE0F?\u20E3"
    r"|[\u00a9\u00ae\u2122\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001F000-\U0001FAFF]"
    r"[\uFE0E\uFE0F\U0001F3FB-\U0001F3FF]*(?:\u200d[\u2600-\u27bf\U0001F000-\U0001FAFF][\uFE0F\U0001F3FB-\U0001F3FF]*)*)"
)
_EDGE = r"(?<![A-Za-z0-9À-ɏ])"
_END = r"(?![A-Za-z0-9À-ɏ])"


@lru_cache(maxsize=64)
def _pattern(terms: tuple[str, ...], skus: tuple[str, ...], words: bool) -> re.Pattern[str]:
    """One alternation in order of precedence; terms and known numbers are a shop's own."""
    parts = [
        ("private", "[\U000f0000-\U0010fffd]"),
        ("term", _words(terms)),
        ("known", _words(skus)),
        ("url", _URL),
        ("place", _PLACE),
        ("emoji", _EMOJI),
        ("money", rf"{_EDGE}{_CURRENCY}\s?(?:{_RANGE})|{_EDGE}(?<![.,])(?:{_RANGE})\s?{_CURRENCY}"),
        ("measure", rf"{_EDGE}(?<![.,])(?:{_RANGE})\s?-?{_UNIT}{_END}|{_EDGE}{_SIZE}"),
        ("spelled", rf"{_EDGE}(?<![.,])(?:{_RANGE})\s?-?(?i:{'|'.join(WORDS)}){_END}" if words else ""),
        ("heading", r"\((?:in|ft|oz|lb|fl oz|mm|cm|m|kg|g|ml)\)" if words else ""),
        ("sku", rf"(?<![\w./-]){_SKU}(?![\w-])"),
    ]
    return re.compile("|".join(f"(?P<{name}>{body})" for name, body in parts if body))


def _words(words: Iterable[str]) -> str:
    """Whole words, longest first, as written or in capitals."""
    spelled = {form for word in words if word.strip() for form in (word.strip(), word.strip().upper())}
    body = "|".join(re.escape(word) for word in sorted(spelled, key=lambda word: (-len(word), word)))
    return f"{_EDGE}(?:{body}){_END}" if body else ""


def _trailing(url: str) -> int:
    """How many closing characters of a sentence were taken for a part of the address."""
    return len(url) - len(url.rstrip(".,;:!?)'\""))


def mark(place: int) -> str:
    """The character that stands for the token of that number."""
    return chr(FIRST_MARK + place)


def place_of(character: str) -> int:
    """The number of the token that a mark stands for."""
    return ord(character) - FIRST_MARK
