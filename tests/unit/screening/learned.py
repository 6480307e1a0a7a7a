"""Small labelled tables for the tests of learning."""

import numpy as np

from functions.screening.learning import Lesson


def lesson(rows: int = 1_500, seed: int = 0, share: float = 0.15) -> Lesson:
    """Two numbers that matter, one of them together with a third, a category, gaps, and noise."""
    rng = np.random.default_rng(seed)
    a, b, c, noise = rng.standard_normal((4, rows))
    kind = rng.choice(np.array(["x", "y", "z"], object), rows)
    logit = np.log(share / (1 - share)) + 1.5 * a + 1.2 * (b > 0) * (c > 0) + 1.0 * (kind == "z")
    label = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(float)
    a[rng.random(rows) < 0.1] = np.nan
    kind[rng.random(rows) < 0.1] = None
    table = {"a": a, "b": b, "c": c, "kind": kind, "noise": noise, "constant": np.ones(rows)}
    return Lesson(table=table, label=label, group=np.arange(rows) // 3, directions={"a": 1})
