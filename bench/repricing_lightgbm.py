"""A boosted-tree peer for demand, run by an interpreter that has LightGBM: `python this in.npz out.npz`."""

import sys

import lightgbm
import numpy as np


def main(given: str, answer: str) -> None:
    """Fit with Tweedie loss on training cells, predict all cells, with and without a monotone price."""
    with np.load(given) as data:
        x, y, train, group = data["x"], data["y"], data["train"] > 0, data["group"]
    series, periods, features = x.shape
    columns = np.concatenate(
        [
            x.reshape(-1, features)[:, 1:],
            np.repeat(np.arange(series), periods)[:, None],
            np.repeat(group, periods)[:, None],
            np.repeat(np.log(((y * train).sum(1) + 1) / (train.sum(1) + 1)), periods)[:, None],
        ],
        axis=1,
    )
    used, categorical = train.reshape(-1), [features - 1, features]
    means = {}
    for name, price in (("monotone in price", -1), ("free", 0)):
        options = {
            "objective": "tweedie", "verbose": -1, "num_threads": 1, "seed": 1, "learning_rate": 0.05,
            "num_leaves": 63, "monotone_constraints": [price] + [0] * (columns.shape[1] - 1),
        }  # fmt: skip
        data_set = lightgbm.Dataset(columns[used], y.reshape(-1)[used], categorical_feature=categorical)
        model = lightgbm.train(options, data_set, num_boost_round=400)
        means[name] = model.predict(columns).reshape(series, periods)
    np.savez(answer, **means)


if __name__ == "__main__":
    main(*sys.argv[1:3])
