"""What this shop used: so that nobody is surprised by an allowance that ran out."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib import applying, asking, billing
from chalicelib.domain.ids import FunctionName
from chalicelib.storage import places
from chalicelib.storage.places import Kind
from chalicelib.web import wording
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
    policy, plan = visit.the_policy, billing.plan_of(visit.the_shop)
    ordered = billing.orders(visit.services, visit.the_shop.id, visit.now)
    changes = visit.services.counters.used(visit.the_shop.id, applying.PRICE_CHANGES, visit.now)
    allowances = [
        *([Allowance("Orders", ordered, plan.orders, "this month")] if plan.orders is not None else []),
        Allowance("Price changes", changes, policy.prices.max_changes_per_day, "today"),
        Allowance(
            "Characters translated",
            _characters(visit),
            policy.translations.characters_per_month,
            "this month",
        ),
    ]
    return page(
        visit, "usage.html", allowances=allowances, totals=sorted(_totals(visit)), plan=plan, plans=billing.PLANS,
        bills=visit.services.marketplaces[visit.the_shop.marketplace].bills,
    )  # fmt: skip


def choose_plan(visit: Visit) -> Answer:
    """Set the plan of a shop whose marketplace bills nothing."""
    billing.choose(visit.services, visit.the_shop, visit.field("plan"), by=visit.who.email)
    return visit.say(visit.here("usage"), "Saved.")


def _characters(visit: Visit) -> int:
    return visit.services.counters.total(visit.the_shop.id, asking.spent_in(visit.now))


def _totals(visit: Visit) -> Iterator[tuple[str, str, int]]:
    """Every running total: what was counted, of which function or month, how many."""
    for partition in places.partitions(visit.the_shop.id, Kind.COUNTER):
        for record in visit.services.records.query(partition, prefix=_TALLY):
            kind, _, of = record.key.sort.removeprefix(_TALLY).partition("|")
            function = visit.services.functions.get(FunctionName(of))
            label = wording.TALLIES.get(kind, kind)
            yield label, function.label if function else of, int(record.body["total"])
