"""Which model a shop should use: every candidate on the shop's own past, the best by NDCG on the newest window.

    history ── older windows ── validation ── test
               blend learns     choice        looked at once, by backtests alone
               from these       is made here

For each window all is learnt anew from what lay before it, so that nothing later leaks in. The blend must beat the
best single model by the whole 95 % interval of their paired difference: what is simpler is preferred.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from functions.recommendations.batch import Reading
from functions.recommendations.cases import Cases, Protocol, baskets, companions, leave_one_out, time_split
from functions.recommendations.judging import Judged, interval, judge
from functions.recommendations.models import Model, Weights
from functions.recommendations.ranker import Window, fitted
from functions.recommendations.recipes import BLENDED, Parts, Spec, Words, learnt, singles, worded
from functions.recommendations.sales import Sales, Scores
from functions.recommendations.tables import Table
from functions.recommendations.vectors import Vectors, vectors

BLEND, DEFAULT = "blend", "item-knn"
TRIED = 2_000
"""Cases that the variants of one candidate are compared on."""
WINDOWS = 2
"""Older windows that the blend learns from."""
FEWEST_CASES = 50
"""Answered questions without which a blend or a choice would be chance."""

type Say = Callable[[str], None]
type Wording = Callable[[float], Scores | None]
"""Products' words as they were known at a moment (days)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """What may be learnt from, the moment up to which, and what is asked."""

    learn: Sales
    moment: float
    cases: Cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Folds by age: the last of ``older`` lies just before ``validation``, which lies before ``test``."""

    protocol: Protocol
    repeats: bool
    older: Sequence[Fold]
    validation: Fold
    test: Fold | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One model as chosen on validation: its variant, its figures there, the seconds that fitting took."""

    name: str
    parts: Parts | None
    judged: Judged
    seconds: float

    @property
    def ndcg(self) -> float:
        """Mean over cases."""
        return float(self.judged.ndcg.mean()) if len(self.judged.ndcg) else 0.0


@dataclass(slots=True)
class Workshop:
    """Tables and vectors, each learnt once per set of lines; ``say`` hears what is being done."""

    wording: Wording
    say: Say
    seconds: dict[tuple[int, Spec | None], float] = field(default_factory=dict)
    _tables: dict[tuple[int, Spec], Table] = field(default_factory=dict)
    _vectors: dict[int, Vectors] = field(default_factory=dict)
    _kept: list[Sales] = field(default_factory=list)
    """Alive, so that no other lines get their number."""

    def table(self, spec: Spec, fold: Fold) -> Table:
        """The table of a spec, from what the fold may learn from."""
        key = (id(fold.learn), spec)
        if key not in self._tables:
            self._kept.append(fold.learn)
            begin = time.perf_counter()
            words = self.wording(fold.moment) if worded(spec) else None
            self._tables[key] = learnt(spec, fold.learn, words)
            self.seconds[key] = time.perf_counter() - begin
            self.say(f"  {type(spec).__name__.lower()} learnt in {self.seconds[key]:.1f} s")
        return self._tables[key]

    def known(self, fold: Fold) -> Vectors:
        """The product vectors of a fold."""
        key = id(fold.learn)
        if key not in self._vectors:
            self._kept.append(fold.learn)
            begin = time.perf_counter()
            self._vectors[key] = vectors(fold.learn, fold.moment)
            self.seconds[key, None] = time.perf_counter() - begin
        return self._vectors[key]

    def took(self, specs: Sequence[Spec], fold: Fold) -> float:
        """Seconds that these tables and the vectors of a fold took."""
        return sum(self.seconds.get((id(fold.learn), spec), 0.0) for spec in (*set(specs), None))

    def single(self, name: str, parts: Parts, fold: Fold) -> Model:
        """A candidate whose weights are given."""
        return Model(
            name=name, tables=[self.table(spec, fold) for spec, _ in parts.channels],
            readings=[reading for _, reading in parts.channels], weights=parts.weights(), known=self.known(fold),
        )  # fmt: skip

    def blend(self, plan: Plan, older: Sequence[Fold], fold: Fold) -> Model:
        """The blend, its weights learnt from ``older`` folds, its tables from ``fold``."""
        channels = self.recipe(plan, fold)
        weights = fitted(
            [self._window(channels, one) for one in older[-WINDOWS:] if len(one.cases)], repeats=plan.repeats
        )
        return self._model(BLEND, channels, fold, weights)

    def recipe(self, plan: Plan, fold: Fold) -> Sequence[tuple[Spec, Reading]]:
        """The blend's channels; without words where products have none."""
        named = self.wording(fold.moment) is not None
        return [pair for pair in BLENDED[plan.protocol] if named or not isinstance(pair[0], Words)]

    def _window(self, channels: Sequence[tuple[Spec, Reading]], fold: Fold) -> Window:
        return Window(
            tables=[self.table(spec, fold) for spec, _ in channels], readings=[reading for _, reading in channels],
            known=self.known(fold), cases=fold.cases,
        )  # fmt: skip

    def _model(self, name: str, channels: Sequence[tuple[Spec, Reading]], fold: Fold, weights: Weights) -> Model:
        return Model(
            name=name, tables=[self.table(spec, fold) for spec, _ in channels],
            readings=[reading for _, reading in channels], weights=weights, known=self.known(fold),
        )  # fmt: skip


def plan(
    history: Sales, protocol: Protocol, *, validation: float, test: float | None, end: float, repeats: bool = False,
    known: dict[float, Sales] | None = None,
) -> Plan:  # fmt: skip
    """Windows before ``validation`` are as long as validation is; ``end`` closes the last one (days).

    ``known`` remembers what lay before each moment, so that plans of several protocols learn from the same lines.
    """
    if protocol is Protocol.LEAVE_ONE_OUT:
        return _sequences(history)
    close = end if test is None else test
    length = close - validation
    begins = [validation - length * back for back in range(WINDOWS, 0, -1)]
    before = {} if known is None else known
    older = [
        fold(history, protocol, begin, begin + length, repeats=repeats, known=before)
        for begin in begins
        if begin > (float(history.day.min()) if len(history) else 0.0)
    ]
    return Plan(
        protocol=protocol, repeats=repeats, older=older,
        validation=fold(history, protocol, validation, close, repeats=repeats, known=before),
        test=None if test is None else fold(history, protocol, test, end, repeats=repeats, known=before),
    )  # fmt: skip


def fold(
    history: Sales, protocol: Protocol, begin: float, end: float, *, known: dict[float, Sales], repeats: bool = False
) -> Fold:
    """The questions of one window (days), and what lay before it, which ``known`` remembers."""
    match protocol:
        case Protocol.BASKET:
            cases = baskets(history, begin, end)
        case Protocol.COMPANION:
            cases = companions(history, begin, end)
        case _:
            cases = time_split(history, begin, end, repeats=repeats)
    if begin not in known:
        known[begin] = history.before(begin)
    return Fold(learn=known[begin], moment=begin, cases=cases)


def bounded(work: Plan, most: int) -> Plan:
    """The same plan with at most so many questions in each fold but the test, drawn with a fixed seed."""

    def some(one: Fold) -> Fold:
        return Fold(learn=one.learn, moment=one.moment, cases=one.cases.sample(most))

    return Plan(
        protocol=work.protocol, repeats=work.repeats, validation=some(work.validation),
        older=[some(one) for one in work.older], test=work.test,
    )  # fmt: skip


def _sequences(history: Sales) -> Plan:
    folds = [
        Fold(learn=learn, moment=learn.last_day, cases=cases)
        for learn, cases in (leave_one_out(history, held) for held in (3, 2, 1))
    ]
    return Plan(
        protocol=Protocol.LEAVE_ONE_OUT, repeats=False, older=folds[:1], validation=folds[1], test=folds[2]
    )


def candidates(shop: Workshop, plan: Plan, k: int = 10) -> list[Candidate]:
    """Every candidate with its best variant, judged on validation; single models first, the blend last."""
    fold = plan.validation
    found = [
        _best(shop, name, variants, fold, k) for name, variants in singles(plan.protocol, repeats=plan.repeats).items()
    ]
    if any(len(one.cases) >= FEWEST_CASES for one in plan.older[-WINDOWS:]):
        begin = time.perf_counter()
        model = shop.blend(plan, plan.older, fold)
        found.append(_judged(shop, BLEND, None, model, fold, k, time.perf_counter() - begin))
    return found


def _best(shop: Workshop, name: str, variants: Sequence[Parts], fold: Fold, k: int) -> Candidate:
    """The variant with the best NDCG on (a sample of) the fold."""
    some = fold.cases.sample(TRIED)
    scores = [
        judge(shop.single(name, parts, fold).scores, some, fold.learn.items, k=k).ndcg.mean() if len(some) else 0.0
        for parts in (variants if len(variants) > 1 else [])
    ]
    parts = variants[int(np.argmax(scores))] if scores else variants[0]
    model = shop.single(name, parts, fold)
    return _judged(shop, name, parts, model, fold, k, shop.took([spec for spec, _ in parts.channels], fold))


def _judged(
    shop: Workshop, name: str, parts: Parts | None, model: Model, fold: Fold, k: int, seconds: float
) -> Candidate:
    judged = judge(model.scores, fold.cases, fold.learn.items, k=k)
    found = Candidate(name=name, parts=parts, judged=judged, seconds=seconds)
    shop.say(f"validation: {name} NDCG@{k} {found.ndcg:.4f}")
    return found


def chosen(found: Sequence[Candidate]) -> Candidate:
    """The best single model, or the blend where it is surely better; with nothing to judge by, plain neighbours."""
    if not len(found[0].judged.ndcg):
        return next(one for one in found if one.name == DEFAULT)
    single = max((one for one in found if one.name != BLEND), key=lambda one: one.ndcg)
    blend = next((one for one in found if one.name == BLEND), None)
    if blend is None or len(blend.judged.ndcg) < FEWEST_CASES:
        return single
    return _surely(blend, single)


def final(shop: Workshop, plan: Plan, candidate: Candidate, fold: Fold) -> Model:
    """A candidate trained again for a later fold, in the way that it was trained for validation."""
    if candidate.parts is not None:
        return shop.single(candidate.name, candidate.parts, fold)
    return shop.blend(plan, [*plan.older, plan.validation], fold)


def unless_better(found: Sequence[Candidate], usual: str) -> Candidate:
    """The candidate of that name, or the best one where its whole paired interval lies above it."""
    own = next(one for one in found if one.name == usual)
    return _surely(max(found, key=lambda one: one.ndcg), own)


def _surely(better: Candidate, usual: Candidate) -> Candidate:
    """The better one where the whole interval of its lead lies above nothing, or else the usual one."""
    low, _ = interval(better.judged.ndcg - usual.judged.ndcg)
    return better if low > 0 else usual


def standings(found: Sequence[Candidate], picked: Candidate) -> Iterator[Mapping[str, object]]:
    """What a card records of each candidate."""
    for one in found:
        low, high = interval(one.judged.ndcg)
        yield {
            "model": one.name, "ndcg": round(one.ndcg, 5), "ndcg_low": round(low, 5), "ndcg_high": round(high, 5),
            "hit_rate": round(float(one.judged.hit.mean()), 5) if len(one.judged.hit) else 0.0,
            "cases": len(one.judged.ndcg), "chosen": one is picked,
        }  # fmt: skip
