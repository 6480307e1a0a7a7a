"""Pictures of a shop as a whole: what is covered, what changed, and whether its webhooks are well."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice

from chalicelib.contracts import WebhookState
from chalicelib.domain.ids import ShopId
from chalicelib.domain.journal import Deed
from chalicelib.domain.money import Money
from chalicelib.domain.shop import Mode
from chalicelib.domain.whatif import Account, parsed_whatif, summed, whatif_key
from chalicelib.errors import AppError
from chalicelib.storage import places
from chalicelib.storage.places import Kind
from chalicelib.web import charts, languages, screened
from chalicelib.web.answers import Answer
from chalicelib.web.charts import Chart
from chalicelib.web.rendering import page, translate
from chalicelib.web.visit import Visit

MOST = 20_000
"""Places in a store that coverage is counted over."""

DAYS = 30


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many products we look after, per kind of place."""

    products: int
    lists: Counter[str]
    languages: Counter[str]


def overview(visit: Visit) -> Answer:
    """All pictures of one shop."""
    found = coverage(visit)
    drawn = [_lists(visit, found), _languages(visit, found), _changes(visit)]
    webhooks, wrong = _webhooks(visit)
    reconciled = visit.services.memories.recall(visit.the_shop.id, [RECONCILED]).get(RECONCILED)
    return page(
        visit, "insights.html", watched=_watched(visit), money_of=partial(_money, visit),
        pictures=[one for one in drawn if one], webhooks=webhooks, wrong=wrong,
        reconciled=datetime.fromisoformat(reconciled) if reconciled else None, screened=screened.overview(visit),
    )  # fmt: skip


def _money(visit: Visit, amount: float) -> str:
    return languages.money(Money(Decimal(repr(round(amount, 4))), visit.the_shop.currency).rounded(), visit.language)


def _watched(visit: Visit) -> list[tuple[str, Account]]:
    """What functions that only watch would have earned, by their labels."""
    found = []
    for name, function in visit.services.functions.items():
        if visit.the_policy.mode(name) is Mode.SHADOW:
            told = visit.services.memories.all(visit.the_shop.id, whatif_key(name, ""))
            account = summed(entry for _, text in islice(told, MOST) if (entry := parsed_whatif(text)) is not None)
            found += [(function.label, account)] if account else []
    return found


RECONCILED = "reconciled_at"


def coverage(visit: Visit) -> Coverage:
    """From what we last wrote: ``product/…/recommendations/slot``, ``resource/…/translation/locale/all``."""
    shop, records = visit.the_shop.id, visit.services.records
    goods = sum(1 for one in places.every(records, shop, Kind.PRODUCT) if one.body.get("product"))
    lists: Counter[str] = Counter()
    spoken: Counter[str] = Counter()
    for target in islice(_written(visit, shop), MOST):
        parts = target.split("/")
        if "recommendations" in parts:
            lists[parts[-1]] += 1
        elif "translation" in parts and parts[-1] == "all":  # one market's units are no product more
            spoken[parts[parts.index("translation") + 1]] += 1
    return Coverage(goods, lists, spoken)


def _written(visit: Visit, shop: ShopId) -> Iterator[str]:
    for record in places.every(visit.services.records, shop, Kind.TARGET):
        if record.body.get("written"):
            yield record.key.sort


def _lists(visit: Visit, found: Coverage) -> Chart | None:
    values = [(f"{slot} products", float(count)) for slot, count in sorted(found.lists.items())]
    say = partial(translate, visit)
    finding = say("{most} of {products} products show a list that Tradewind wrote.")
    return _bars(visit, say("Recommendation coverage"), finding, say("Place"), values, found.products)


def _languages(visit: Visit, found: Coverage) -> Chart | None:
    wanted = {str(locale): 0.0 for locale in visit.the_shop.locales if locale != visit.the_shop.primary_locale}
    values = sorted({**wanted, **{name: float(count) for name, count in found.languages.items()}}.items())
    say = partial(translate, visit)
    finding = say("The best covered language has {most} of {products} products translated by Tradewind.")
    return _bars(visit, say("Translation coverage"), finding, say("Language"), values, found.products)


def _bars(
    visit: Visit, title: str, finding: str, column: str, values: Sequence[tuple[str, float]], products: int
) -> Chart | None:
    if not values:
        return None
    most = max(value for _, value in values)
    words = finding.replace("{most}", f"{most:.0f}").replace("{products}", str(products))
    return charts.draw_bars(
        title, words, (column, translate(visit, "Products")), values, _number(visit), float(products)
    )


def _changes(visit: Visit) -> Chart | None:
    """Applied changes per day of the last thirty."""
    since = visit.now - timedelta(days=DAYS)
    recent = visit.services.journal.entries(visit.the_shop.id, until=visit.now, months=2, limit=2000)
    ages = Counter((visit.now - one.at).days for one in recent if one.deed is Deed.APPLIED and one.at >= since)
    if not ages:
        return None
    zone, say = visit.the_shop.timezone, partial(translate, visit)
    weeks = [(range(7 * n, 7 * n + 7), visit.now - timedelta(days=7 * n + 6)) for n in range(3, -1, -1)]
    values = [(languages.day(begin, visit.language, zone), float(sum(ages[d] for d in days))) for days, begin in weeks]
    finding = say("{count} changes were applied in four weeks.").replace("{count}", str(sum(ages.values())))
    return charts.draw_bars(
        say("Applied per week"), finding, (say("Week from"), say("Changes")), values, _number(visit)
    )


def _number(visit: Visit) -> Callable[[float], str]:
    return lambda value: languages.number(round(value, 1), visit.language)


def _webhooks(visit: Visit) -> tuple[Sequence[WebhookState], str]:
    """What the store says of our subscriptions, or why it says nothing."""
    try:
        return sorted(visit.services.open_store(visit.the_shop).webhooks(), key=lambda one: one.topic), ""
    except AppError as error:
        return (), error.merchant_message
