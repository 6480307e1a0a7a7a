"""From a shop's order history to its pricing step: beliefs about demand as an ONNX graph, and what goes with
them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from chalicelib.contracts import Artifact, ArtifactCard, Material
from chalicelib.graphs.demand import PricingStep, pricing_graph
from functions.repricing.beliefs import (
    Beliefs,
    centre,
    dispersion,
    elasticity,
    posterior,
    shipped_prior,
    temperature,
)
from functions.repricing.curves import REFERENCE, SPACING, Floats, tables
from functions.repricing.kinship import burden, strength
from functions.repricing.knowledge import MODEL, Knowledge, read_knowledge, write_knowledge
from functions.repricing.ledger import caution
from functions.repricing.lessons import learn
from functions.repricing.rivals import weekly_rivals
from functions.repricing.sales import Weekly, lessons, sold_out_weeks, usual_price, weekly

SHIPPED_PRIOR = (-2.6, 1.3)
"""Mean and spread of price elasticities over products (Bijmolt, van Heerde & Pieters 2005: mean -2.62 in 81
studies)."""


def train(material: Material, progress: Callable[[str], None]) -> Sequence[Artifact]:
    """The shop's pricing step, or nothing where no variant has sold enough."""
    sales = weekly(material.history)
    if sales is None:
        progress("repricing: too few sales to learn from")
        return ()
    base = _base_prices(material, sales)
    rival_ratio, rival_minor = weekly_rivals(material.rivals, sales, material.shop.currency)
    kinds = {str(product.id): product.product_type for product in material.catalogue.values()}
    taught = lessons(sales, base, rival_ratio, kinds, sold_out_weeks(sales, material.stock_outs))
    beliefs = learn(taught, shipped_prior(*SHIPPED_PRIOR), progress=progress)
    known = _knowledge(sales, base, taught.ratio[0], beliefs, rival_minor)
    return (_artifact(material, sales, known, beliefs),)


def _base_prices(material: Material, sales: Weekly) -> Floats:
    """The usual price, but the one of the last training as long as it is near: our own changes must not move
    it."""
    usual = usual_price(sales)
    before = _earlier_bases(material)
    kept = np.array([before.get(variant, 0.0) for variant in sales.variants])
    near = (kept > 0) & (np.abs(usual / np.maximum(kept, 1) - 1) < 0.5)
    return np.where(near, kept, usual)


def _earlier_bases(material: Material) -> Mapping[str, float]:
    model = material.current.get(MODEL) if material.current else None
    if model is None:
        return {}
    known = model.once("knowledge", read_knowledge)
    return dict(zip(known.variants, known.base_minor.tolist(), strict=True))


def _knowledge(sales: Weekly, base: Floats, ratio: Floats, beliefs: Beliefs, rival_minor: Floats) -> Knowledge:
    weights = posterior(beliefs)[0]
    mean, sd = elasticity(weights)
    return Knowledge(
        variants=sales.variants,
        products=sales.products,
        base_minor=base,
        weights=weights,
        level=beliefs.level[0],
        dispersion=(dispersion(beliefs) + beliefs.level_var)[0],
        centre=centre(beliefs, weights[None])[0],
        elasticity=mean,
        elasticity_sd=sd,
        one_price=_one_price(sales, ratio),
        burden=burden(beliefs.kin, (weights * beliefs.level[0]).sum(axis=1)[None] * base, base[None])[0],
        rival_minor=rival_minor,
        caution=np.repeat(caution(temperature(beliefs)), len(sales.variants)),
        supply=beliefs.supply[0],
    )


def _one_price(sales: Weekly, ratio: Floats) -> Floats:
    """1 where a variant's price never moved by half a per cent."""
    least = np.where(sales.known > 0, ratio, np.inf).min(axis=1)
    most = np.where(sales.known > 0, ratio, -np.inf).max(axis=1)
    return np.where(most / least < 1.005, 1.0, 0.0)


def _artifact(material: Material, sales: Weekly, known: Knowledge, beliefs: Beliefs) -> Artifact:
    graph = pricing_graph(
        PricingStep(
            weights=known.weights.astype(np.float32),
            level=known.level.astype(np.float32),
            dispersion=known.dispersion.astype(np.float32),
            units=tables(0.1).units.astype(np.float32),
            spacing=SPACING,
            centre=REFERENCE,
        )
    )
    return Artifact(name=MODEL, graph=graph, card=_card(material, sales, known, beliefs), assets=write_knowledge(known))


def _card(material: Material, sales: Weekly, known: Knowledge, beliefs: Beliefs) -> ArtifactCard:
    grid: tuple[int | str, ...] = ("batch", "candidate")
    return ArtifactCard(
        name=MODEL,
        version=f"{material.now:%Y%m%dT%H%M%S}",
        sha256="",
        inputs={
            "product": ("int64", ("batch",)),
            "ratio": ("float32", grid),
            "cost_ratio": ("float32", ("batch",)),
        },
        outputs=dict.fromkeys(("units", "spread", "profit"), ("float32", grid)),
        units={"ratio": "price over base price", "units": "a week", "profit": "base prices a week"},
        thresholds={},
        training_data=f"{sales.units.shape[1]} weeks of this shop's own sales",
        metrics={
            "variants": len(known.variants),
            "mean_elasticity": float(known.elasticity.mean()),
            "likelihood_temperature": float(temperature(beliefs)[0]),
            "slant_of_past_prices": float(beliefs.slant[0]),
            "substitution": float(strength(beliefs.kin)[0]),
            "variants_seen_sold_out": int(np.isfinite(known.supply).sum()),
            "variants_with_competitors": int((known.rival_minor > 0).sum()),
        },
        licence="the shop's own",
        created_at=material.now,
        notes="Confidence is the posterior probability that the new price earns more than the present one. "
        "Prices that were not set at random prove nothing about revenue.",
    )
