"""LightGBM as the peer, run by an interpreter that has it: ``python this in.npz out.npz [rows.npy]``.

in.npz: ``categorical`` (columns,), ``y``, and per fold i ``train_i`` and ``test_i``; ``x`` (rows, columns) with NaN, or
that array in a file of its own, which is not read into memory as a whole.
out.npz: per fold ``p_i`` for the test rows, and ``seconds`` to fit and ``row_us`` to score one row, each per fold.
"""

import sys
import time

import lightgbm
import numpy as np

type Options = dict[str, float | int | str]

OPTIONS: Options = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 1, "learning_rate": 0.05}
FEW, FEWER, MANY = 10_000, 3_000, 200_000


def options(rows: int) -> tuple[Options, int]:
    """Smaller trees and fewer of them where there are few rows, more of them where there are very many."""
    if rows < FEWER:
        return {**OPTIONS, "num_leaves": 7, "min_data_in_leaf": 10, "feature_fraction": 0.5}, 100
    leaves, trees = (15, 200) if rows < FEW else (31, 400 if rows < MANY else 1_200)
    more: Options = {"num_leaves": leaves, "min_data_in_leaf": 30, "feature_fraction": 0.5, "bagging_fraction": 0.8}
    return {**OPTIONS, **more, "bagging_freq": 1}, trees


def main(given: str, answer: str, rows: str = "") -> None:
    """Fit and score each fold."""
    with np.load(given) as data:
        held = dict(data)
    x = np.load(rows, mmap_mode="r") if rows else held["x"]
    y, categorical = held["y"], np.flatnonzero(held["categorical"]).tolist()
    found, seconds, row_us = {}, [], []
    for fold in range(sum(name.startswith("train_") for name in held)):
        train, test = held[f"train_{fold}"], held[f"test_{fold}"]
        chosen, trees = options(len(train))
        begin = time.perf_counter()
        data_set = lightgbm.Dataset(x[train], y[train], categorical_feature=categorical)
        model = lightgbm.train(chosen, data_set, num_boost_round=trees)
        seconds.append(time.perf_counter() - begin)
        found[f"p_{fold}"] = model.predict(x[test])
        begin = time.perf_counter()
        for row in np.asarray(x[test[:200]]):
            model.predict(row[None, :])
        row_us.append((time.perf_counter() - begin) / min(200, len(test)) * 1e6)
    np.savez(answer, **found, seconds=np.array(seconds), row_us=np.array(row_us))


if __name__ == "__main__":
    main(*sys.argv[1:4])
