"""Translation memory: what was translated once is never paid for again, and what a merchant wrote is kept.

A sentence's key is made of the language pair, the style, the glossary entries that matter to it, and its text
with
tokens in place: values that grammar depends on (amounts, terms) by what they are, all others (markup,
addresses,
article numbers) by their kind alone, so that a changed link does not make a sentence new.
"""

import hashlib
import html
import json
import re
import unicodedata
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.ids import Locale
from functions.translation.glossary import Glossary
from functions.translation.protect import MARK, SHOWN, mark, place_of
from functions.translation.segments import Segment

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
RETRY = timedelta(days=7)
"""How long an answer that could not be used is not asked for again."""


class Origin(StrEnum):
    """Whose words a translation is."""

    ENGINE = "engine"
    MERCHANT = "merchant"
    IMPORT = "import"
    FAULTY = "faulty"
    """The engine's answer could not be used; kept so that it is not paid for again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """From which language into which, in what style."""

    source: Locale
    target: Locale
    formality: str = ""
    glossary: Glossary = Glossary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """One translated sentence; ``source`` and ``target`` carry their tokens as ``<x id="n"/>``."""

    source: str
    target: str
    origin: Origin = Origin.ENGINE
    quality: float | None = None
    doubt: str | None = None
    """What the estimate found odd, in its words."""
    judge: str | None = None
    """Which estimate that was: another one judges anew."""
    at: str = ""
    """When, in ISO form."""
    pair: tuple[str, str] = ("", "")
    """The languages of both sides, for people and exports; the key alone decides what it is used for."""

    def usable(self, now: datetime) -> bool:
        """Whether it answers the question "what is this sentence in that language?" now."""
        return self.origin is not Origin.FAULTY or now - datetime.fromisoformat(self.at) < RETRY


def key(segment: Segment, pair: Pair) -> str:
    """Where the memory keeps a sentence."""
    style = pair.glossary.version(segment.plain)
    parts = (pair.source.lower(), pair.target.lower(), pair.formality, style, normalised(segment))
    return "tm:" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]


def normalised(segment: Segment) -> str:
    """The sentence without what makes no difference: invisible characters, forms of one letter, runs of
    blanks."""
    text = MARK.sub(lambda found: _abstract(segment, place_of(found.group())), segment.text)
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


def _abstract(segment: Segment, place: int) -> str:
    token = segment.tokens[place]
    return f"\x02{token.raw}\x03" if token.kind in SHOWN else f"\x02{token.kind}\x03"


def packed(entry: Remembered) -> str:
    """The memory's form of an entry."""
    return json.dumps({name: value for name, value in asdict(entry).items() if value is not None})


def unpacked(text: str) -> Remembered | None:
    """Read an entry back; what cannot be read counts as absent, so it is translated again."""
    try:
        data = json.loads(text)
        entry = Remembered(**{name: data[name] for name in data if name in Remembered.__slots__})
        return replace(entry, origin=Origin(entry.origin), pair=(str(entry.pair[0]), str(entry.pair[1])))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None


def from_marks(text: str) -> str:
    """A restored sentence with marks as the memory keeps it."""
    escaped = html.escape(text, quote=False)
    return MARK.sub(lambda found: f'<x id="{place_of(found.group()) + 1}"/>', escaped)


def learned(source: Segment, target: Segment) -> str | None:
    """A merchant's sentence as a memory target, or None where its tokens are not the source's (it teaches
    nothing
    that could be used again)."""
    if sorted(t.raw for t in source.tokens) != sorted(t.raw for t in target.tokens):
        return None
    waiting = list(source.tokens)
    places = []
    for token in target.tokens:
        place = next(i for i, other in enumerate(waiting) if other.raw == token.raw and i not in places)
        places.append(place)
    return from_marks(MARK.sub(lambda found: mark(places[place_of(found.group())]), target.text))
