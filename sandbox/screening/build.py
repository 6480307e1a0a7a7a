"""Train the shipped screening model: ``python -m sandbox.screening.build`` (eight minutes on two processors, half of
them for drawing the orders, which are kept).

Simulates twelve years of orders (``sandbox/orders``, sealed before any model saw it), learns from months 1 to 8 of
each, and is described by their month 9. Settings were chosen on other simulated years. Months 10 to 12, and the attacks
that are kept for them, are looked at by ``bench/screening_simulated.py`` and ``bench/screening_costs.py``, and nowhere
here.
"""

import argparse
import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from functions.screening.boosting import Pace, log_loss, sigmoid
from functions.screening.columns import Floats
from functions.screening.judging import Judge, calibrated
from functions.screening.keeping import ASSET as TABLES
from functions.screening.keeping import write_tables
from functions.screening.learning import additive
from functions.screening.scoring import ASSET as TERMS
from functions.screening.scoring import Terms
from sandbox.screening.lessons import hidden
from sandbox.screening.years import KEPT, Year, joined, years

VERSION: Final = "2"
HERE: Final = Path(__file__).parents[2] / "model_artifacts" / "screening" / VERSION
SEEDS: Final = tuple(range(20250101, 20250113))
LEARNED, CHOSEN = range(1, 9), 9
"""Months."""
PACE: Final = Pace(rate=0.08, rounds=200, groups=40, pair_penalty=4.0)
BAGS: Final = 4
SEED: Final = 1


def street(folder: Path = KEPT) -> Year:
    """All shops of all years that may be learned from, months 1 to 9, without the kept attacks."""
    found = joined(years(SEEDS, folder))
    return found.rows(found.shown & (found.month <= CHOSEN))


def taught(orders: Year) -> Year:
    """Those of the street that the model learns from."""
    return orders.rows(np.isin(orders.month, LEARNED))


def learned(orders: Year) -> Judge:
    """The model of these orders."""
    lesson = hidden(orders.lesson(), SEED)
    return calibrated(additive(lesson, pace=PACE, bags=BAGS, seed=SEED, say=tell), lesson.label)


def trained(folder: Path) -> tuple[Judge, dict[str, Any]]:
    """The shipped model, and what it is worth on the month after the ones it learned from."""
    orders = street(folder)
    judge = learned(taught(orders))
    after = orders.rows(orders.month == CHOSEN)
    return judge, figures(judge, after.table, after.label)


def tell(line: str) -> None:
    """Progress."""
    sys.stderr.write(f"{line}\n")


def figures(judge: Judge, table: Any, label: Floats) -> dict[str, Any]:
    """On the validation month."""
    logit = judge.logit(table)
    order = np.argsort(-logit, kind="stable")
    hits = label[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    parts = np.array_split(np.argsort(logit, kind="stable"), 15)
    p = sigmoid(logit)
    gap = sum(abs(float((p[part] - label[part]).sum())) for part in parts) / len(label)
    return {
        "validation_month": f"simulated month {CHOSEN} of {len(SEEDS)} years",
        "orders": len(label),
        "frauds": int(label.sum()),
        "average_precision": round(float(precision[hits > 0].mean()), 4),
        "log_loss": round(log_loss(label, logit), 5),
        "expected_calibration_error": round(gap, 5),
    }


def looked_at(graph: bytes) -> dict[str, Any]:
    """What the card says of the last look, where it is of this very graph; it is no longer true of another."""
    held = HERE / "card.json"
    before = json.loads(held.read_text(encoding="utf-8")) if held.is_file() else {}
    if before.get("sha256") != hashlib.sha256(graph).hexdigest() or "last_look" not in before["metrics"]:
        return {}
    return {"last_look": before["metrics"]["last_look"]}


def card(graph: bytes, terms: Terms, metrics: dict[str, Any]) -> dict[str, Any]:
    """What the model is."""
    wide, many = len(terms.inputs), len(terms.terms)
    return {
        "name": "screening", "version": VERSION, "sha256": hashlib.sha256(graph).hexdigest(),
        "inputs": {"features": ["float32", ["rows", wide]]},
        "outputs": {"probability": ["float32", ["rows", 1]], "contributions": ["float32", ["rows", many]]},
        "units": {"probability": "of fraud, 0 to 1", "contributions": "log odds, by the terms of terms.json"},
        "thresholds": {},
        "training_data": f"simulated: {len(SEEDS)} years of orders of six invented shops (sandbox/orders, sealed by "
        "sha256), months 1 to 8 of each",
        "metrics": metrics, "licence": "the product's own",
        "created_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "notes": "Simulated: no real order was ever seen. A start for a shop without labels of its own, replaced by "
        "what that shop teaches. Explainable boosting with terms of up to three features; contributions and intercept "
        "add up to the logit exactly. A feature's own term follows common sense (more failed payments never look "
        "safer), a term of several need not. Calibrated by a sigmoid on rows that its parts had not seen. No name, "
        "language, nationality, postcode or country goes in; countries count as distance and mismatch.",
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=Path, default=KEPT, help="where simulated orders are kept")
    chosen = parser.parse_args(arguments)
    judge, metrics = trained(chosen.kept)
    graph, terms = judge.graph()
    HERE.mkdir(parents=True, exist_ok=True)
    (HERE / "model.onnx").write_bytes(graph)
    (HERE / TERMS).write_bytes(terms.write())
    (HERE / TABLES).write_bytes(write_tables(judge))
    described = card(graph, terms, metrics | looked_at(graph))
    (HERE / "card.json").write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stderr.write(f"{len(graph):,} bytes, {len(terms.terms)} terms; {metrics}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
