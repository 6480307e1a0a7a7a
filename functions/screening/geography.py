"""How far apart two countries are. Countries enter the model as distance and mismatch, never by name.

A country stands where the principal city of its most populous time zone does: ``zone.tab`` of the IANA time zone
database (public domain), whose first line per country that is.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt
from typing import Final

from chalicelib.domain.orders import Address

EARTH_KM: Final = 6371.0

type Point = tuple[float, float]


@cache
def places() -> Mapping[str, Point]:
    """(latitude, longitude) in degrees by ISO 3166 alpha-2 code."""
    text = files(__package__).joinpath("places.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["country"]: (float(row["latitude"]), float(row["longitude"])) for row in rows}


def country_of(text: str) -> str:
    """A known alpha-2 code, or empty for anything else that people write into a country field."""
    code = text.strip().upper()
    return code if code in places() else ""


def distance_km(one: str, other: str) -> float | None:
    """Between two countries; 0 within one, None where either is unknown."""
    one, other = country_of(one), country_of(other)
    if not one or not other:
        return None
    return 0.0 if one == other else great_circle_km(places()[one], places()[other])


def between_km(one: Address, other: Address) -> float | None:
    """Between two addresses: by their coordinates where the store knows them, by country otherwise."""
    if None not in (one.latitude, one.longitude, other.latitude, other.longitude):
        return great_circle_km(
            (float(one.latitude or 0), float(one.longitude or 0)),
            (float(other.latitude or 0), float(other.longitude or 0)),
        )
    return distance_km(one.country, other.country)


def great_circle_km(one: Point, other: Point) -> float:
    """The haversine formula on a sphere."""
    north, south = radians(one[0]), radians(other[0])
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(other[1] - one[1]) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, half)))
