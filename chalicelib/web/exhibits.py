"""Evidence as pages draw it: a chart, cards, facts, texts side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.catalogue import Product
from chalicelib.domain.evidence import Card, Curve, Evidence, Facts, Letter, ProductCards, TextDifference, Timeline
from chalicelib.domain.ids import ProductId
from chalicelib.web import charts, differences, wording
from chalicelib.web.charts import Chart, Say
from chalicelib.web.differences import Span


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A recommended product with what our mirror knows of it."""

    card: Card
    product: Product | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownText:
    """One translated field with its differences marked."""

    difference: TextDifference
    before: tuple[Span, ...]
    after: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One piece of evidence; ``kind`` names the part of the template that draws it."""

    kind: str
    title: str
    chart: Chart | None = None
    facts: Facts | None = None
    cards: Sequence[ShownCard] = ()
    text: ShownText | None = None
    letter: Letter | None = None


def show(
    evidence: Sequence[Evidence],
    names: Mapping[ProductId, Product],
    say: Say,
    when: Callable[[datetime], str],
) -> list[Exhibit]:
    """Everything a decision rests on, in its order."""
    return [_show(one, names, say, when) for one in evidence]


def _show(one: Evidence, names: Mapping[ProductId, Product], say: Say, when: Callable[[datetime], str]) -> Exhibit:
    match one:
        case Curve():
            return Exhibit(kind="chart", title=one.title, chart=charts.draw_curve(one, say))
        case Timeline():
            return Exhibit(kind="chart", title=one.title, chart=charts.draw_timeline(one, say, when))
        case Facts():
            return Exhibit(kind="facts", title=one.title, facts=one)
        case ProductCards():
            cards = [ShownCard(card, names.get(card.product_id)) for card in one.cards]
            return Exhibit(kind="cards", title=one.title, cards=cards)
        case Letter():
            return Exhibit(kind="letter", title=one.title, letter=one)
        case TextDifference():
            before, after = differences.compare(one.before, one.after)
            return Exhibit(
                kind="text",
                title=wording.field_label(one.field),
                text=ShownText(difference=one, before=before, after=after),
            )
