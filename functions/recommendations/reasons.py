"""Why a product is shown, said as somebody behind the counter would say it."""

from collections.abc import Iterator
from functools import lru_cache

from chalicelib.domain.catalogue import Product
from chalicelib.domain.evidence import Reason

TOGETHER = "Bought together in {count} of {total} orders"
FAVOURITE = "A favourite at the moment: in {count} of the last {total} orders"
PINNED = "You pinned it"
SPOILT = "The list shows what can no longer be bought"
_SAME_OPTION = "Also in {value}"
_SAME_WORDS = "From the same family: {words}"
_SAME_TYPE = "Another choice of {type}"
_SAME_TAG = "Shares the theme {tag}"
_CLOSE = "Very much like it"
_BESIDE = "Suits it: {words}"
_NEW = "New here; its kind goes well with this"

_SMALL_WORDS = frozenset((
    "a", "an", "and", "the", "of", "in", "on", "for", "to", "with", "set", "pack", "new",
    "der", "die", "das", "und", "mit", "für", "von", "im", "de", "la", "le", "les", "du", "des", "et", "en", "pour",
    "avec", "el", "los", "las", "del", "y", "con", "para", "il", "lo", "gli", "e", "di", "per",
))  # fmt: skip


def together(count: int, total: int, weight: float) -> Reason:
    """Counted from the shop's own orders."""
    return Reason(text=TOGETHER, values=(("count", str(count)), ("total", str(total))), weight=weight)


def favourite(count: int, total: int, weight: float) -> Reason:
    """Counted from the newest month of orders."""
    return Reason(text=FAVOURITE, values=(("count", str(count)), ("total", str(total))), weight=weight)


def alike(own: Product, other: Product | None, weight: float) -> Reason:
    """What two products visibly share, the most telling first: an option, words of the title, a tag, the type."""
    for text, name, value in _shared(own, other):
        return Reason(text=text, values=((name, value),), weight=weight)
    return Reason(text=_CLOSE, weight=weight)


def beside(own: Product, other: Product | None, weight: float) -> Reason:
    """Why something goes with a product that nobody has bought yet."""
    words = common_words(own, other)
    if words:
        return Reason(text=_BESIDE, values=(("words", ", ".join(words)),), weight=weight)
    return Reason(text=_NEW, weight=weight)


def common_words(own: Product, other: Product | None) -> list[str]:
    """Words that both titles hold, in the order of the first, without articles and numbers."""
    if other is None:
        return []
    theirs = frozenset(_words(other.title))
    return [word for word in _words(own.title) if word in theirs][:3]


@lru_cache(maxsize=4096)
def _words(title: str) -> tuple[str, ...]:
    words = dict.fromkeys(word.strip(",.()").casefold() for word in title.split())
    return tuple(word for word in words if len(word) > 1 and _telling(word))


def _telling(word: str) -> bool:
    return word not in _SMALL_WORDS and any(sign.isalpha() for sign in word)


def _shared(own: Product, other: Product | None) -> Iterator[tuple[str, str, str]]:
    if other is None:
        return
    if words := common_words(own, other):
        yield _SAME_WORDS, "words", ", ".join(words)
    theirs = set(_options(other))
    for value in _options(own):
        if value in theirs:
            yield _SAME_OPTION, "value", value
    for tag in own.tags:
        if tag in other.tags:
            yield _SAME_TAG, "tag", tag
    if own.product_type and own.product_type == other.product_type:
        yield _SAME_TYPE, "type", own.product_type


def _options(product: Product) -> list[str]:
    """Colours, materials, sizes: the values that variants differ in."""
    values = (value for variant in product.variants for _, value in variant.options if value)
    return [value for value in dict.fromkeys(values) if value.casefold() not in ("default title", "standard")]
