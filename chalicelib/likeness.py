"""Which of our products a foreign title may mean: by the shared text encoder, else by the words they share."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chalicelib.contracts import Model, Models
from chalicelib.domain.ids import ProductId
from chalicelib.texts import ENCODER, vectors

ENCODED = 400
"""Titles encoded for one file: 10 ms each."""
SHARED = 0.5
"""Least share of words in common (Dice) where no encoder is at hand."""


@dataclass(frozen=True, slots=True)
class Like:
    """The likeliest product, and how alike: a cosine, or a share of words."""

    product: ProductId
    likeness: float


class Likeness:
    """One shop's titles, ready to be compared with."""

    def __init__(self, models: Models, titles: Mapping[ProductId, str]) -> None:
        self._models = models
        self._names = list(titles)
        self._words = [_words(title) for title in titles.values()]
        self._titles = list(titles.values())

    def best(self, foreign: Sequence[str]) -> list[Like | None]:
        """For each foreign title the product most like it, or None where none is like it enough.

        With the encoder a title must lie closer to the product than the shop's own products lie to their nearest
        neighbours, by the median: what is enough is thereby learned from the shop.
        """
        if not foreign or not self._names:
            return [None] * len(foreign)
        encoder = self._models.get(ENCODER)
        places = self._likely(foreign)
        if encoder is None or len(places) < 2:
            return [self._by_words(title) for title in foreign]
        return self._by_meaning(encoder, foreign[:ENCODED], places) + [None] * max(len(foreign) - ENCODED, 0)

    def _likely(self, foreign: Sequence[str]) -> list[int]:
        """All of our titles where they are few, else those that share most words with any foreign one."""
        if len(self._names) <= ENCODED:
            return list(range(len(self._names)))
        shared: Counter[int] = Counter()
        for title in foreign[:ENCODED]:
            wanted = _words(title)
            for place, words in enumerate(self._words):
                shared[place] = max(shared[place], len(wanted & words))
        return sorted(place for place, _ in shared.most_common(ENCODED))

    def _by_meaning(self, encoder: Model, foreign: Sequence[str], places: Sequence[int]) -> list[Like | None]:
        ours = vectors(encoder, [self._titles[place] for place in places], limit=48)
        theirs = vectors(encoder, foreign, limit=48)
        enough = _usual_distance(ours)
        found: list[Like | None] = []
        for row in theirs @ ours.T:
            place = int(row.argmax())
            like = Like(self._names[places[place]], float(row[place]))
            found.append(like if like.likeness >= enough else None)
        return found

    def _by_words(self, title: str) -> Like | None:
        wanted = _words(title)
        scores = [2 * len(wanted & words) / max(len(wanted) + len(words), 1) for words in self._words]
        place = int(np.argmax(scores))
        return Like(self._names[place], scores[place]) if scores[place] >= SHARED else None


def _usual_distance(ours: NDArray[np.float32]) -> float:
    """Median cosine between a product and its nearest neighbour in the shop."""
    cosines = ours @ ours.T
    np.fill_diagonal(cosines, -1.0)
    return float(np.median(cosines.max(axis=1)))


def _words(title: str) -> frozenset[str]:
    return frozenset(title.casefold().replace("-", " ").split())
