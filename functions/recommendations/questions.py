"""Each slot that a shop's orders can answer has a question, a choice and a graph of its own.

Candidates are judged on the shop's newest orders, each learnt from the older ones (functions.recommendations.choice);
the chosen one is learnt again from all. The card says who stood for choice, how they did, and who was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from chalicelib.contracts import Artifact, ArtifactCard, Material
from chalicelib.contracts import Model as Loaded
from functions.recommendations import content
from functions.recommendations.asking import Index, asked_of, index_assets, index_of
from functions.recommendations.cases import Cases, Protocol
from functions.recommendations.choice import (
    FEWEST_CASES,
    Candidate,
    Fold,
    Plan,
    Workshop,
    bounded,
    candidates,
    chosen,
    final,
    fold,
    plan,
    standings,
)
from functions.recommendations.companions import COMPANIONS, LISTED, counted
from functions.recommendations.export import graph_of
from functions.recommendations.judging import interval, judge
from functions.recommendations.models import Model, one_case
from functions.recommendations.recipes import described
from functions.recommendations.sales import Ints, Sales, Scores

CART, CUSTOMER = "cart_companions", "for_customer"
FEWEST_BASKETS = 30
"""With fewer baskets of two or more products, companions would be chance."""
NEWEST = 0.15
"""Share of the newest lines on which candidates are judged."""
FEWEST_NEW = 50
"""Questions since the last training without which the model in use is not measured against the new one."""
CELLS_JUDGED, MOST_JUDGED, FEWEST_JUDGED = 200_000_000, 10_000, 1_000
"""Scores that one candidate is judged by, and so questions: fewer in a larger shop, drawn with a fixed seed."""
_DAY = 86_400.0

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the lists of one slot are for: the graph that answers, and how its answers are judged."""

    name: str
    protocol: Protocol
    judged: str
    returning: bool = False
    """Whether it is about buyers who come back; without enough of them, their slot shows companions."""


QUESTIONS = (
    Question(
        name=COMPANIONS, protocol=Protocol.COMPANION,
        judged="one product of a new basket is looked at; right is what was bought along with it",
    ),
    Question(
        name=CART, protocol=Protocol.BASKET,
        judged="one product of a new basket is hidden and asked for, given all the others",
    ),
    Question(
        name=CUSTOMER, protocol=Protocol.TIME_SPLIT, returning=True,
        judged="what known buyers bought for the first time since, given all that they had bought before",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shop:
    """What the questions of one training share: tables are learnt once for all of them."""

    material: Material
    bought: Sales
    workshop: Workshop
    everything: Fold
    known: dict[float, Sales] = field(default_factory=dict)

    def plan(self, question: Question) -> Plan:
        """The newest lines for the choice, windows of the same length before them for the blend."""
        begin = float(np.quantile(self.bought.day, 1 - NEWEST))
        work = plan(
            self.bought, question.protocol, validation=begin, test=None, end=self.bought.last_day + 1.0,
            known=self.known,
        )  # fmt: skip
        most = int(np.clip(CELLS_JUDGED // max(self.bought.items, 1), FEWEST_JUDGED, MOST_JUDGED))
        return bounded(work, most)


def train_questions(material: Material, bought: Sales, progress: Say) -> Iterator[Artifact]:
    """A graph for each question that there are orders for, unless the one in use is better on the newest."""
    if int((np.bincount(bought.basket, minlength=1) > 1).sum()) < FEWEST_BASKETS:
        return
    workshop = Workshop(wording=_wording(material), say=progress)
    everything = Fold(learn=bought, moment=bought.last_day, cases=_no_cases())
    shop = _Shop(material=material, bought=bought, workshop=workshop, everything=everything)
    for question in QUESTIONS:
        work = shop.plan(question)
        if question.returning and len(work.validation.cases) < FEWEST_CASES:
            continue
        progress(f"{question.name} from {bought.baskets} orders")
        found = candidates(workshop, work)
        picked = chosen(found)
        if _worse(shop, work, question, picked):
            progress(f"{question.name}: the model in use is better on the newest orders: kept")
            continue
        yield _artifact(shop, question, final(workshop, work, picked, everything), found, picked)


def _no_cases() -> Cases:
    return one_case(np.empty(0, np.int64)).take(np.empty(0, np.int64))


def _wording(material: Material) -> Callable[[float], Scores | None]:
    """What products are called does not come from sales, so it is the same at every moment."""
    goods = {str(name): product for name, product in material.catalogue.items()}
    texts = [content.described(goods[name]) if name in goods else "" for name in material.history.products]
    words = described(texts)
    return lambda moment: words


def _worse(shop: _Shop, work: Plan, question: Question, picked: Candidate) -> bool:
    """Whether the model in use surely beats the new way on the orders since it was trained.

    Both know the same: the new way is trained on what there was when the model in use was.
    """
    current = shop.material.current.get(question.name) if shop.material.current is not None else None
    if current is None:
        return False
    since = current.card.created_at.timestamp() / _DAY
    newest = fold(shop.bought, question.protocol, since, shop.bought.last_day + 1.0, known=shop.known)
    if len(newest.cases) < FEWEST_NEW or not len(newest.learn):
        return False
    cases = newest.cases.sample(10 * FEWEST_NEW)
    fresh = judge(final(shop.workshop, work, picked, newest).scores, cases, shop.bought.items).ndcg
    used = judge(_InUse(current, shop.material).scores, cases, shop.bought.items).ndcg
    _, high = interval(fresh - used)
    return high < 0


class _InUse:
    """The model in use, asked about the products of today."""

    def __init__(self, current: Loaded, material: Material) -> None:
        self._current = current
        self._index: Index = index_of(current)
        self._places = np.array([self._index.place.get(name, -1) for name in material.history.products], np.int64)
        self._countries = np.array([self._index.countries.get(name, -1) for name in material.history.countries] + [-1])
        self._back = {int(place): here for here, place in enumerate(self._places.tolist()) if place >= 0}

    def scores(self, cases: Cases) -> Scores:
        """What it would show for each case, as scores over the products of today."""
        scores = np.zeros((len(cases), len(self._places)), np.float32)
        for row, case in enumerate(cases.blocks(1)):
            for place, strength in asked_of(self._current, self._past(case), LISTED):
                if place in self._back:
                    scores[row, self._back[place]] = strength
        return scores

    def _past(self, case: Cases) -> Cases:
        places: Ints = self._places[case.items]
        kept, out = places >= 0, self._places[case.blocked]
        return one_case(
            places[kept], age=case.age[kept], step=case.step[kept], country=int(self._countries[case.country[0]]),
            blocked=out[out >= 0],
        )  # fmt: skip


def _artifact(
    shop: _Shop, question: Question, model: Model, found: Sequence[Candidate], picked: Candidate
) -> Artifact:
    bought = shop.bought
    metrics = {
        "hit_rate_at_10": float(picked.judged.hit.mean()) if len(picked.judged.hit) else 0.0,
        "judged": question.judged, "cases": len(picked.judged.hit), "orders": bought.baskets, "products": bought.items,
        "chosen": picked.name, "candidates": list(standings(found, picked)),
    }  # fmt: skip
    assets = index_assets(model, shop.material.history.products, shop.material.history.countries)
    if question.name == COMPANIONS:
        assets["pairs.npz"] = counted(model, bought)
    card = card_of(shop.material, question, (len(model.tables), model.known.values.shape[0]), metrics)
    return Artifact(name=question.name, graph=graph_of(model), card=card, assets=assets)


def card_of(
    material: Material, question: Question, sizes: tuple[int, int], metrics: dict[str, object]
) -> ArtifactCard:
    """The card of one question's graph; ``sizes`` are its channels and its product vectors."""
    channels, vectors = sizes
    return ArtifactCard(
        name=question.name, version=f"{material.now:%Y%m%d%H%M%S}", sha256="",
        inputs={
            "items": ("int64", ("n",)), "weights": ("float32", (channels, "n")), "own": ("float32", ("n",)),
            "context": ("float32", (vectors,)), "blocked": ("int64", ("m",)), "k": ("int64", (1,)),
        },
        outputs={"ids": ("int64", ("top",)), "scores": ("float32", ("top",))},
        units={"scores": "of no unit; only their differences within one answer mean anything"},
        thresholds={}, training_data="this shop's own orders; buyers as keyed hashes only", metrics=metrics,
        licence="the merchant's own data", created_at=material.now,
        notes=f"Candidates were learnt from the older orders and judged on the newest: {question.judged}. "
        "hit_rate_at_10 is the share of questions with a right answer in the list of ten, ndcg its place in it; "
        "low and high are 95 % bootstrap intervals. Proposals quote the companions' hit rate as their confidence",
    )  # fmt: skip
