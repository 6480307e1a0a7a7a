"""The Fraud Detection Handbook's protocol on its rebuilt simulator, beside its published rows."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from bench import Row
from bench.screening_cards import card_precision, payments, protocol, table
from bench.screening_figures import area, average_precision
from functions.screening.learning import Lesson
from functions.screening.recipes import learn

PUBLISHED: Final[Mapping[str, Mapping[str, float]]] = {
    "XGBoost, published": {"ap": 0.639, "auc": 0.862, "cp100": 0.273},
    "neural network, published": {"ap": 0.675, "auc": 0.876, "cp100": 0.303},
}


def rows() -> Iterator[Row]:
    """A week to learn from, a week's wait, a week to judge."""
    paid = payments()
    week, columns = protocol(paid), table(paid)
    lesson = Lesson(table={name: values[week.train] for name, values in columns.items()}, label=paid.fraud[week.train],
                    group=paid.customer[week.train], directions={})  # fmt: skip
    used, additive, _, contest = learn(lesson)
    test = {name: values[week.test] for name, values in columns.items()}
    share = f"trees take part with {contest.share:.0%}" if contest else "no trees"
    for name, judge, note in (("screening.handbook", used, share), ("screening.handbook.additive", additive, "")):
        score, y = judge.logit(test), paid.fraud[week.test]
        ones = np.ones(len(y))
        own = {"ap": average_precision(y, score, ones), "auc": area(y, score, ones),
               "cp100": card_precision(paid, week.test, score)}  # fmt: skip
        for figure, value in own.items():
            for peer, published in PUBLISHED.items():
                yield Row(name=f"{name}.{figure}", value=value, peer=peer, peer_value=published[figure],
                          ratio=value / published[figure],
                          note=f"{len(week.train):,} payments to learn from, {len(y):,} judged, {int(y.sum())} frauds; "
                          f"rebuilt simulator, week of 2018-08-08. {note}".strip())  # fmt: skip
