"""What this shop used: so that nobody is surprised by an allowance that ran out."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib import applying, asking
from chalicelib.storage import places
from chalicelib.storage.places import Kind
from chalicelib.web.answers import Answer
from chalicelib.web.rendering import page
from chalicelib.web.visit import Visit

_TALLY = "tally|"


@dataclass(frozen=True, slots=True)
class Allowance:
    """One allowance: how much of how much, in which period."""

    label: str
    used: int
    most: int
    period: str

    @property
    def share(self) -> int:
        return min(100, round(100 * self.used / self.most)) if self.most else 0


def overview(visit: Visit) -> Answer:
    """Allowances and running totals."""
    policy = visit.the_policy
    changes = visit.services.counters.used(visit.the_shop.id, applying.PRICE_CHANGES, visit.now)
    allowances = [
        Allowance("Price changes", changes, policy.prices.max_changes_per_day, "today"),
        Allowance(
            "Characters translated",
            _characters(visit),
            policy.translations.characters_per_month,
            "this month",
        ),
    ]
    return page(visit, "usage.html", allowances=allowances, totals=sorted(_totals(visit)))


def _characters(visit: Visit) -> int:
    return visit.services.counters.total(visit.the_shop.id, asking.spent_in(visit.now))


def _totals(visit: Visit) -> Iterator[tuple[str, int]]:
    """Every running total, by the name it is counted under."""
    for partition in places.partitions(visit.the_shop.id, Kind.COUNTER):
        for record in visit.services.records.query(partition, prefix=_TALLY):
            yield record.key.sort.removeprefix(_TALLY).replace("|", " · "), int(record.body["total"])
