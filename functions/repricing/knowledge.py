"""What was learned of a shop's demand, as files beside the graph: arrays without pickle, names as JSON."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from functions.repricing.curves import Floats

MODEL = "repricing"
"""The artifact's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What the policy needs besides the graph; one row per variant."""

    variants: Sequence[str]
    products: Sequence[str]
    base_minor: Floats
    """The price that curves are relative to, in minor units."""
    weights: Floats
    level: Floats
    dispersion: Floats
    centre: Floats
    elasticity: Floats
    elasticity_sd: Floats
    one_price: Floats
    """1 where only one price was ever seen."""
    burden: Floats
    """What siblings sell more a week, in its base prices, when its log price rises by one."""
    rival_minor: Floats
    """Mean of competitors' prices in minor units, 0 where they are not known."""
    caution: Floats
    """Share of the tolerated probability of harm that may be used, by how far the shop's likelihood can be trusted."""
    supply: Floats
    """Most units that could be sold a week, as sold-out weeks showed it; inf where none was seen."""


def write_knowledge(known: Knowledge) -> Mapping[str, bytes]:
    """Knowledge as files beside the graph: arrays without pickle, names as JSON."""
    arrays = io.BytesIO()
    np.savez_compressed(
        arrays,
        base_minor=known.base_minor,
        weights=known.weights.astype(np.float32),
        level=known.level.astype(np.float32),
        dispersion=known.dispersion,
        centre=known.centre,
        elasticity=known.elasticity,
        elasticity_sd=known.elasticity_sd,
        one_price=known.one_price,
        burden=known.burden,
        rival_minor=known.rival_minor,
        caution=known.caution,
        supply=known.supply,
    )
    names = json.dumps({"variants": list(known.variants), "products": list(known.products)})
    return {"knowledge.npz": arrays.getvalue(), "names.json": names.encode()}


def read_knowledge(assets: Mapping[str, bytes]) -> Knowledge:
    """Knowledge out of the files beside the graph."""
    names = json.loads(assets["names.json"])
    with np.load(io.BytesIO(assets["knowledge.npz"]), allow_pickle=False) as arrays:
        values = {name: arrays[name].astype(np.float64) for name in arrays.files}
    nothing = np.zeros(len(names["variants"]))
    # What models of before did not know.
    older = {"burden": nothing, "rival_minor": nothing, "caution": nothing + 1, "supply": nothing + np.inf}
    values = {**older, **values}
    return Knowledge(variants=names["variants"], products=names["products"], **values)
