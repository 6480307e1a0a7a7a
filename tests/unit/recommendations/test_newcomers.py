"""Products of few or no orders: the graph is the formula, content gives way to orders, and languages meet."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from chalicelib.contracts import ArtifactCard
from chalicelib.domain.catalogue import Product, ProductStatus, Variant
from chalicelib.domain.ids import ProductId, VariantId
from chalicelib.domain.money import Money
from chalicelib.graphs.newcomers import BLOCKED, Newcomers, newcomers
from chalicelib.graphs.similarity import Views
from chalicelib.inference import check, shipped
from chalicelib.storage.codec import to_json
from functions.recommendations import content, reasons
from functions.recommendations.candidates import spread
from functions.recommendations.newcomers import STRENGTHS, Goods, Weights, learn, prior, rates, sells
from functions.recommendations.sales import Sales, sales

BUILT = Path(__file__).parents[3] / "model_artifacts" / "text_encoder" / "1" / "model.onnx"
WEIGHTS = Weights(
    constant=-1.0, sells=0.8, alike=((0.5, 2.0, 1.0), (0.3, 1.0, 0.5)), knees=((0.1, 0.3), (0.05, 0.2)),
    price=-0.2, strength=20.0,
)


def _goods(count: int, seed: int = 2) -> Goods:
    random = np.random.default_rng(seed)
    kinds = [content.unit(random.normal(size=(count, width)).astype(np.float32)) for width in (12, 20)]
    kinds = [kind.astype(np.float16).astype(np.float32) for kind in kinds]
    return Goods(kinds=kinds, log_price=random.normal(1, 0.5, count).astype(np.float32))


def _families(families: int = 12, members: int = 6, baskets: int = 4_000, seed: int = 3) -> tuple[Sales, Goods]:
    """A shop whose buyers choose two or three products of one family, and one of any."""
    random = np.random.default_rng(seed)
    count = families * members
    family = random.integers(0, families, baskets)
    chosen = family[:, None] * members + np.argsort(random.random((baskets, members)), axis=1)[:, :3]
    items = np.hstack([chosen, random.integers(0, count, (baskets, 1))])
    basket = np.repeat(np.arange(baskets), 4)
    day = np.repeat(np.linspace(0, 200, baskets), 4)
    bought = sales(
        basket=basket, customer=basket % 300, item=items.ravel(), day=day, quantity=np.ones(len(basket)), items=count
    )
    centres = random.normal(size=(families, 16))[np.arange(count) // members]
    vectors = content.unit((centres + 0.3 * random.normal(size=(count, 16))).astype(np.float32))
    return bought, Goods(kinds=[vectors], log_price=np.zeros(count, np.float32))


def _loaded(spec: Newcomers):
    graph = newcomers(spec)
    width = spec.views.meanings.shape[1]
    card = ArtifactCard(
        name="newcomers", version="1", sha256=hashlib.sha256(graph).hexdigest(),
        inputs={
            "meaning": ("float32", (width,)), "places": ("int64", ("p",)), "strengths": ("float32", ("p",)),
            "log_price": ("float32", (1,)), "seen": ("int64", ("m",)), "together": ("float32", ("m",)),
            "orders": ("float32", (1,)), "blocked": ("int64", ("b",)), "k": ("int64", (1,)),
        },
        outputs={
            "ids": ("int64", ("top",)), "scores": ("float32", ("top",)), "among": ("float32", ("top", "top")),
        },
        units={}, thresholds={}, training_data="random", metrics={}, licence="none", created_at=datetime.now(UTC),
    )
    return check(graph, json.dumps(to_json(card)).encode(), {})


@pytest.fixture(scope="module")
def shelf():
    goods = _goods(80)
    trend = np.log(np.random.default_rng(5).random(80) * 0.2 + 1e-4)
    model = _loaded(Newcomers(
        views=Views(meanings=goods.kinds[0], words=goods.kinds[1]), slopes=WEIGHTS.alike, knees=WEIGHTS.knees,
        prior=prior(WEIGHTS, trend).astype(np.float32), log_price=goods.log_price, price_slope=WEIGHTS.price,
        strength=WEIGHTS.strength,
    ))
    return goods, trend, model


def _ask(goods: Goods, model, product: int, seen=(), together=(), orders=0, k=10):
    return model.run({
        "meaning": goods.kinds[0][product], "places": np.arange(20), "strengths": goods.kinds[1][product],
        "log_price": goods.log_price[product : product + 1], "seen": np.array(seen, np.int64),
        "together": np.array(together, np.float32), "orders": np.array([orders], np.float32),
        "blocked": np.array([product], np.int64), "k": np.array([k], np.int64),
    })


def test_the_graph_ranks_as_the_formula_does(shelf):
    goods, trend, model = shelf
    every = np.arange(80)
    wanted = rates(WEIGHTS, goods, trend, every, every)
    for product in range(80):
        found = _ask(goods, model, product, k=80)
        mine = wanted[product].copy()
        mine[product] = BLOCKED
        np.testing.assert_allclose(found["scores"], np.sort(mine)[::-1], rtol=0.06)
        assert found["ids"][-1] == product, "it never recommends itself"


def test_content_gives_way_to_orders_as_they_come(shelf):
    goods, trend, model = shelf
    rate = rates(WEIGHTS, goods, trend, np.array([0]), np.arange(80))[0]
    last = int(np.argmin(np.where(np.arange(80) == 0, np.inf, rate)))
    for orders in (1, 10, 100, 10_000):
        found = _ask(goods, model, 0, seen=[last], together=[orders], orders=orders, k=80)
        score = found["scores"][found["ids"].tolist().index(last)]
        assert score == pytest.approx((20 * rate[last] + orders) / (20 + orders), rel=0.06)
    assert found["ids"][0] == last, "what is in every order leads in the end"


def test_weights_learnt_from_older_products_find_a_newcomers_family():
    bought, goods = _families()
    hidden = 7
    known = bought.where(bought.item != hidden)
    weights = learn(known, goods)
    assert weights is not None
    assert weights.strength in STRENGTHS
    choices = np.array([item for item in range(bought.items) if item != hidden])
    rate = rates(weights, goods, sells(known, known.last_day), np.array([hidden]), choices)[0]
    best = choices[np.argsort(-rate)[:5]]
    assert set((best // 6).tolist()) == {hidden // 6}


def test_too_short_a_history_teaches_nothing():
    bought, goods = _families(baskets=150)
    assert learn(bought, goods) is None


def test_a_list_does_not_show_the_same_thing_twice():
    scores = np.array([0.30, 0.29, 0.28, 0.26, 0.0], np.float32)
    among = np.eye(5, dtype=np.float32)
    among[:3, :3] = 1.0
    assert spread(scores, among, 5) == [0, 3, 1, 2], "the fourth differs from the first three; the last sells never"


def test_the_meaning_of_a_german_title_lies_beside_its_english_twin():
    if not BUILT.is_file():
        pytest.skip("the text encoder was not built")
    folder = shipped("text_encoder")
    assert folder is not None
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    encoder = check(files.pop("model.onnx"), files.pop("card.json"), files)
    german = ["Rote Tischlampe aus Glas", "Holzkiste für Spielzeug", "Teekanne mit Blumen", "Wanduhr im Landhausstil",
              "Weihnachtsbaumkugel in Gold", "Handgemachte Seife mit Lavendel"]
    english = ["Red glass table lamp", "Wooden toy box", "Floral teapot", "Country style wall clock",
               "Gold christmas tree bauble", "Handmade lavender soap"]
    other = ["Paper napkins", "Metal sign garage", "Lunch bag retro spot", "Picture frame oak", "Garden gloves green",
             "Notebook leather black"]
    shop = content.meanings(encoder, [*english, *other])
    centre = shop.mean(0)
    cosine = content.centred(content.meanings(encoder, german), centre) @ content.centred(shop, centre).T
    assert cosine.argmax(1).tolist() == list(range(6))


def _product(title: str, **more: object) -> Product:
    variant = Variant(id=VariantId("v"), price=Money(Decimal(4), "EUR"))
    made = Product(
        id=ProductId(title), handle="h", title=title, status=ProductStatus.PUBLISHED, variants=(variant,),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("own", "other", "said"), [
    (_product("Red Retrospot Cup"), _product("Red Retrospot Bag"), "From the same family: red, retrospot"),
    (_product("Oak Frame", tags=("rustic",)), _product("Linen Throw", tags=("rustic",)), "Shares the theme rustic"),
    (_product("Oak Frame", product_type="Frames"), _product("Tin", product_type="Frames"), "Another choice of Frames"),
    (_product("Set of 3 Tins"), _product("Set of 3 Boxes"), "Very much like it"),
])
def test_reasons_name_what_both_visibly_share(own, other, said):
    assert str(reasons.alike(own, other, 0.5)) == said
