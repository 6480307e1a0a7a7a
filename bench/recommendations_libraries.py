"""implicit and LensKit on one time split, for an interpreter that has them: ``python this given.npz answer.npz``.

``given`` holds two folds, ``validation`` and ``test``: learnt pairs ({fold}_customer, {fold}_item), the customers
asked about ({fold}_asked) and, for the first, what they then bought ({fold}_row, {fold}_target). Each library's
variants are compared by NDCG@10 on validation; ``answer`` holds the best one's scores for the test, customers x
products, float32, and the seconds that fitting took.
"""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas
import scipy.sparse
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from lenskit.als import ImplicitMFScorer
from lenskit.data import ItemList, RecQuery, from_interactions_df
from lenskit.knn import ItemKNNScorer, SLIMScorer
from lenskit.training import TrainingOptions

Array = np.ndarray[Any, Any]
Scoring = Callable[["Fold"], Array]

GAINS = 1.0 / np.log2(np.arange(2, 12))


class Fold:
    """What may be learnt from, and who is asked about."""

    def __init__(self, given: Mapping[str, Array], name: str) -> None:
        self.customer, self.item = given[f"{name}_customer"], given[f"{name}_item"]
        self.asked, self.items = given[f"{name}_asked"], int(given["items"])
        shape = (int(max(self.customer.max(), self.asked.max())) + 1, self.items)
        self.matrix = scipy.sparse.csr_matrix((np.ones(len(self.item), np.float32), (self.customer, self.item)), shape)
        self.past = self.matrix[self.asked]
        self.row, self.target = given[f"{name}_row"], given[f"{name}_target"]

    def ndcg(self, scores: Array) -> float:
        """NDCG@10 of new products."""
        masked = np.where(self.past.toarray() > 0, -np.inf, scores)
        best = np.argsort(-masked, axis=1, kind="stable")[:, :10]
        wanted = np.zeros(scores.shape, bool)
        wanted[self.row, self.target] = True
        ideal = np.cumsum(GAINS)[np.minimum(wanted.sum(1), 10) - 1]
        return float((np.take_along_axis(wanted, best, axis=1) @ GAINS / ideal).mean())


def neighbours(kind: Any, **options: Any) -> Scoring:
    """An item-item model of implicit."""

    def scores(fold: Fold) -> Array:
        model = kind(**options)
        model.fit(fold.matrix, show_progress=False)
        found: Array = (fold.past @ model.similarity).toarray()
        return found

    return scores


def factors(**options: Any) -> Scoring:
    """implicit's ALS."""

    def scores(fold: Fold) -> Array:
        model = AlternatingLeastSquares(random_state=1, **options)
        model.fit(fold.matrix, show_progress=False)
        found: Array = model.user_factors[fold.asked] @ model.item_factors.T
        return found

    return scores


def lenskit(kind: Any, **options: Any) -> Scoring:
    """A scorer of LensKit."""

    def scores(fold: Fold) -> Array:
        table = pandas.DataFrame({"user_id": fold.customer, "item_id": fold.item})
        scorer = kind(**options)
        scorer.train(from_interactions_df(table), TrainingOptions(rng=1))
        every = ItemList(item_ids=np.arange(fold.items))
        out = np.zeros((len(fold.asked), fold.items), np.float32)
        for row, customer in enumerate(fold.asked.tolist()):
            query = RecQuery(user_id=customer, user_items=ItemList(item_ids=fold.past[row].indices))
            out[row] = np.nan_to_num(scorer(query, every).scores(), nan=-1e9)
        return out

    return scores


MODELS = {
    "implicit item-kNN": [neighbours(CosineRecommender, K=k) for k in (50, 200)],
    "implicit BM25": [neighbours(BM25Recommender, K=k, K1=1.2, B=b) for k, b in ((100, 0.2), (200, 0.5))],
    "implicit ALS": [
        factors(factors=n, regularization=r, alpha=a, iterations=15) for n, r, a in ((64, 1.0, 5.0), (64, 10.0, 20.0))
    ],
    "LensKit item-kNN": [lenskit(ItemKNNScorer, feedback="implicit", max_nbrs=k) for k in (20, 50)],
    "LensKit iALS": [
        lenskit(ImplicitMFScorer, embedding_size=n, epochs=15, regularization=0.1, weight=w)
        for n, w in ((64, 10.0), (64, 40.0))
    ],
    "LensKit SLIM": [lenskit(SLIMScorer, l1_reg=1.0, l2_reg=5.0, max_nbrs=100)],
}


def main(source: str, target: str) -> None:
    """Choose each library's variant, then score the test."""
    with np.load(source) as given:
        held = {name: given[name] for name in given.files}
    validation, test = Fold(held, "validation"), Fold(held, "test")
    answer = {}
    for name, variants in MODELS.items():
        figures = [validation.ndcg(variant(validation)) for variant in variants] if len(variants) > 1 else [0.0]
        begin = time.process_time()
        answer[name] = variants[int(np.argmax(figures))](test).astype(np.float32)
        answer[f"{name}|seconds"] = np.array(time.process_time() - begin)
        print(name, [round(figure, 4) for figure in figures], file=sys.stderr, flush=True)
    np.savez(target, allow_pickle=False, **answer)


if __name__ == "__main__":
    main(*sys.argv[1:3])
