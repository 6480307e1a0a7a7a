"""Products as vectors of what they are: title, type, tags, options and price, before anybody has bought them."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from chalicelib.domain.catalogue import Product
from functions.recommendations.sales import Scores

type Encoder = Callable[[Sequence[str]], Scores]
"""Texts to unit vectors (texts, width); a sentence encoder can take the place of hashing."""

WIDTH = 1024
"""Places that words and word parts are hashed into."""
_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[^>]*>")
_NEAREST_BLOCK = 2_000


def described(product: Product) -> str:
    """What a shop assistant would read on the label: title, type, vendor, tags, options, start of the description."""
    options = [value for variant in product.variants for _, value in variant.options]
    story = html.unescape(_TAG.sub(" ", product.description_html))[:300]
    words = (product.title, product.product_type, product.vendor, *product.tags, *dict.fromkeys(options), story)
    return " ".join(word for word in words if word)


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
