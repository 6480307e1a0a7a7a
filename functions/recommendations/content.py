"""Products as vectors of what they are: title, type, tags, options and price, before anybody has bought them.

Two views of the same text: its words (hashed; exact in one language) and its meaning (the shared sentence
encoder; the same thing in another language lies close by).
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

from chalicelib import texts
from chalicelib.contracts import Model
from chalicelib.domain.catalogue import Product
from functions.recommendations.sales import Scores

WIDTH = 1024
"""Places that words and word parts are hashed into."""
_REMEMBERED = 256
_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[^>]*>")
PIECES = 48
"""Pieces of a text that the encoder reads: the title, type, tags and options; a story adds time, not meaning."""


def described(product: Product) -> str:
    """What a shop assistant would read on the label: title, type, vendor, tags, options, start of the description."""
    options = [value for variant in product.variants for _, value in variant.options]
    story = html.unescape(_TAG.sub(" ", product.description_html))[:300]
    words = (product.title, product.product_type, product.vendor, *product.tags, *dict.fromkeys(options), story)
    return " ".join(word for word in words if word)


def named(text: str) -> bytes:
    """A short name of a text, under which its meaning is kept from one training to the next."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()


def meanings(encoder: Model, described_texts: Sequence[str]) -> Scores:
    """The encoder's unit vectors, not centred: two titles of any kind have cosines of .79 to .92 (see centred)."""
    return texts.vectors(encoder, described_texts, limit=PIECES)


def meaning(encoder: Model, text: str) -> Scores:
    """As ``meanings`` for one text, (1, width); the last few are remembered, since one event asks several times."""
    memory: dict[str, Scores] = encoder.once("last meanings", lambda _: {})
    if text not in memory:
        if len(memory) >= _REMEMBERED:
            memory.clear()
        memory[text] = meanings(encoder, [text])
    return memory[text]


def centred(vectors: Scores, centre: Scores) -> Scores:
    """Unit vectors around the shop's own mean, so that a cosine of 0 means "as alike as any two"; an unread
    text (a row of zeros) stays one, alike to nothing."""
    unread = ~vectors.any(axis=1)
    moved = unit(vectors - centre)
    moved[unread] = 0.0
    return moved


def log_price(product: Product) -> float:
    """Natural logarithm of what a buyer pays, 0 where no price is known."""
    price = product.price
    return float(np.log(float(price.amount))) if price is not None and price.amount > 0 else 0.0


def hashed(texts: Sequence[str], width: int = WIDTH) -> Scores:
    """Unit vectors of hashed words and four-letter word parts (Weinberger et al. 2009), rarer ones stronger.

    It needs no weights and no vocabulary, and is the same in every process.
    """
    places: dict[str, tuple[int, float]] = {}
    vectors = np.zeros((len(texts), width), np.float32)
    for row, text in enumerate(texts):
        for part, strength in _parts(text).items():
            place, sign = places.setdefault(part, _place(part, width))
            vectors[row, place] += np.float32(sign * strength)
    return unit(vectors)


def rare_first(vectors: Scores, rarity: Scores) -> Scores:
    """Unit vectors with each place weighted by how rare it is in the shop."""
    return unit(vectors * rarity)


def rarity(vectors: Scores) -> Scores:
    """Inverse document frequency of each place: ln((1 + products) / (1 + products that use it)) + 1."""
    used = (np.abs(vectors) > 0).sum(0)
    return (np.log((1.0 + len(vectors)) / (1.0 + used)) + 1.0).astype(np.float32)


def unit(vectors: Scores) -> Scores:
    """Rows of length one; a row of zeros stays."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(length, 1e-9)).astype(np.float32)


def _parts(text: str) -> Mapping[str, float]:
    """Words at full strength, their four-letter parts at less, so that inflected and compound words still meet."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    parts: dict[str, float] = {}
    for word in _WORD.findall(plain):
        if len(word) > 1:
            parts[word] = 1.0
        padded = f"<{word}>"
        for start in range(len(padded) - 3):
            parts.setdefault(f"#{padded[start : start + 4]}", 0.25)
    return parts


def _place(part: str, width: int) -> tuple[int, float]:
    number = int.from_bytes(hashlib.blake2b(part.encode("utf-8", "replace"), digest_size=8).digest())
    return number % width, 1.0 if number >> 63 else -1.0
