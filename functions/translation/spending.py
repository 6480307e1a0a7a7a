"""What translating costs, told before it is spent."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from chalicelib.domain.catalogue import Text
from functions.translation.drafts import Draft, drafted, wanted
from functions.translation.memory import Pair, Remembered
from functions.translation.protect import Guard

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a set of texts would take; a sentence that stands in several places is paid for once."""

    characters: int = 0
    sentences: int = 0
    remembered: int = 0
    """Sentences that the memory knows already, free of charge."""
    texts: int = 0

    def cost(self, price_per_million: Decimal) -> Decimal:
        """In the currency of that price, rounded up to two places."""
        return (price_per_million * self.characters / MILLION).quantize(Decimal("0.01"), ROUND_UP)

    def fits(self, spent: int, allowed: int) -> bool:
        """Whether a month's allowance still bears it."""
        return spent + self.characters <= allowed

    def months(self, spent: int, allowed: int) -> int:
        """How many monthly allowances it takes, this month's counted; 0 where nothing is to do or allowed."""
        if self.characters == 0 or allowed <= 0:
            return 0
        beyond = self.characters - max(0, allowed - spent)
        return 1 + max(0, -(-beyond // allowed))


def forecast(
    texts: Iterable[Text],
    pair: Pair,
    guard: Guard,
    recall: Callable[[frozenset[str]], Mapping[str, Remembered]] = lambda keys: {},
    progress: Callable[[int], None] = lambda done: None,
) -> Forecast:
    """Count what translating these texts into one language would take.

    ``recall`` looks up the memory, one text at a time; ``progress`` hears how many texts are done.
    """
    seen: set[str] = set()
    found = Forecast()
    for done, text in enumerate(texts, 1):
        draft = drafted(text, pair, guard, lambda words: ("", 0.0))
        if isinstance(draft, Draft):
            found = _with(found, draft, recall(frozenset(draft.keys)), seen)
        progress(done)
    return found


def _with(so_far: Forecast, draft: Draft, held: Mapping[str, Remembered], seen: set[str]) -> Forecast:
    fresh = {key: segment for key, segment in wanted([draft], held).items() if key not in seen}
    seen.update(fresh)
    return Forecast(
        characters=so_far.characters + sum(len(segment.xml()) for segment in fresh.values()),
        sentences=so_far.sentences + len(fresh),
        remembered=so_far.remembered + sum(key in held for key in draft.keys),
        texts=so_far.texts + 1,
    )
