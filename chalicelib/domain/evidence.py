"""What a decision rests on, typed so that a page can draw it without knowing who made it."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.actions import Sentiment
from chalicelib.domain.ids import ProductId


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason in merchant words: a translatable sentence with named places, and how much it weighs."""

    text: str
    """A catalogue message such as ``Bought together in {count} of {total} orders``."""
    plural: str = ""
    """The same for more than one; ``text`` is said of one alone then."""
    count: int = 1
    """Of what the plural speaks."""
    values: tuple[tuple[str, str], ...] = ()
    weight: float = 0.0
    sentiment: Sentiment = Sentiment.NEUTRAL

    def __str__(self) -> str:
        return fill(self.plural if self.plural and self.count != 1 else self.text, self.values)


def fill(text: str, values: tuple[tuple[str, str], ...]) -> str:
    """Put values into a message's named places; text that looks like a place but is none stays."""
    for name, value in values:
        text = text.replace("{" + name + "}", value)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One labelled value."""

    label: str
    value: str
    sentiment: Sentiment = Sentiment.NEUTRAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A small table of facts."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One recommended product and why it is there."""

    product_id: ProductId
    title: str
    reason: Reason
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCards:
    """Recommended products, best first."""

    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A named place on a curve's x axis: the chosen price, a guardrail, a threshold."""

    label: str
    x: float
    kind: str = "note"
    """``chosen``, ``current``, ``limit`` or ``note``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """y over x with an interval: expected profit over price, a score's distribution."""

    title: str
    finding: str
    """The sentence that a reader should take away."""
    x_label: str
    y_label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A value over time, with bounds where there are any: a price between its guardrails."""

    title: str
    finding: str
    y_label: str
    at: tuple[datetime, ...]
    y: tuple[float, ...]
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDifference:
    """One field side by side: source, what the store holds, what we would publish."""

    field: str
    locale: str
    source: str
    before: str
    after: str
    quality: float | None = None
    flags: tuple[Reason, ...] = ()
    editable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message that the merchant may send to somebody, in that person's language."""

    title: str
    locale: str
    text: str


type Evidence = Facts | ProductCards | Curve | Timeline | TextDifference | Letter
