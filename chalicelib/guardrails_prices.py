"""Guardrails for prices: pure rules in Decimal, each a refusal in words or nothing.

Some rules keep a price sane whoever asks for it (currency, floor, ceiling, steps, the law on reductions);
others pace our own doings (quiet hours, rest, changes a day, protected products) and give way when a person
asks for this very change.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.domain.actions import SetPrice, Snapshot
from chalicelib.domain.catalogue import ProductStatus, Variant
from chalicelib.domain.money import Money
from chalicelib.domain.prices import assumed_cost, ceiling, floor, has_ending, lowest, over_rival, within
from chalicelib.domain.proposals import Proposal, Refusal
from chalicelib.domain.shop import PriceLimits
from chalicelib.guardrails import PricePoint, Rule, Situation, refuse

MONTH = timedelta(days=30)


def check_currency(proposal: Proposal, situation: Situation) -> Refusal | None:
    """A price is in the currency of the shop, or of the market it is for, and so is its struck-through
    price."""
    action, expected = _wanted(proposal), _expected_currency(proposal, situation)
    if expected is None:
        return refuse("market", "The shop no longer sells to this market.")
    held = _held_currency(situation.current)
    for found in (action.price.currency, action.compare_at and action.compare_at.currency, held):
        if found and found != expected:
            return refuse("currency", "The price is in {found}, not in {expected}.", found=found, expected=expected)
    return None


def check_amount(proposal: Proposal, situation: Situation) -> Refusal | None:
    """A price is above zero and has the decimals that its currency has."""
    for money in (_wanted(proposal).price, _wanted(proposal).compare_at):
        if money is not None and money.amount <= 0:
            return refuse("amount", "A price must be above zero.")
        if money is not None and money.rounded().amount != money.amount:
            return refuse("decimals", "{currency} prices have fewer digits after the point.", currency=money.currency)
    return None


def check_sold(proposal: Proposal, situation: Situation) -> Refusal | None:
    """Only goods have prices worth setting: not gift cards, not what buyers cannot see."""
    product = situation.catalogue.get(_wanted(proposal).product_id)
    if product is None:
        return refuse("unknown", "The product was not found in the store.")
    if product.gift_card:
        return refuse("gift_card", "A gift card's price is its value.")
    if product.status is not ProductStatus.PUBLISHED and not situation.by_person:
        return refuse("hidden", "The product is hidden in the store.")
    return None


def check_known(proposal: Proposal, situation: Situation) -> Refusal | None:
    """There is a price to start from, and one that the merchant set himself."""
    if _current(situation) is None:
        return refuse("no_price", "The store shows no price to start from.")
    if reference(situation) is None:
        return refuse("no_reference", "There is no price of your own to compare with.")
    return None


def check_floor(proposal: Proposal, situation: Situation) -> Refusal | None:
    """No price below cost, fees and the minimum margin; without a cost there is no floor, so no change."""
    limits, price = situation.policy.prices, _wanted(proposal).price
    cost = unit_cost(proposal, situation)
    if cost is None:
        return refuse("cost", "The cost is not known: enter it, or a default margin in the settings.")
    try:
        least = floor(limits, cost)
    except ValueError as error:
        return refuse("floor", str(error))
    if price.amount < least:
        return refuse("floor", "Below the floor of {least} from cost, fees and margin.", least=_shown(least, price))
    return None


def check_ceiling(proposal: Proposal, situation: Situation) -> Refusal | None:
    """No price too far above the one the merchant set himself."""
    price, own = _wanted(proposal).price, reference(situation)
    if own is None:
        return None
    most = ceiling(situation.policy.prices, own)
    if price.amount > most:
        return refuse("ceiling", "Above the ceiling of {most} over your own price.", most=_shown(most, price))
    return None


def check_advertised(proposal: Proposal, situation: Situation) -> Refusal | None:
    """No price below a supplier's minimum advertised price."""
    action = _wanted(proposal)
    least = situation.policy.prices.minimum_advertised.get(action.product_id)
    rate = _implied_rate(proposal, situation)
    if least is None:
        return None
    if rate is None or action.price.amount < least * rate:
        return refuse("advertised", "Below the minimum advertised price of {least}.", least=f"{least}")
    return None


def check_rival(proposal: Proposal, situation: Situation) -> Refusal | None:
    """No price too far above the lowest one seen at a competitor, where the merchant wants such a ceiling."""
    pct, rate = situation.policy.prices.max_over_rival_pct, _implied_rate(proposal, situation)
    if pct is None or situation.rival is None or rate is None or situation.by_person:
        return None
    price, current = _wanted(proposal).price, _current(situation)
    most = over_rival(situation.rival, pct) * rate
    if price.amount <= most or (current is not None and price.amount <= current):
        return None  # a price that already stands above it may come down in steps
    return refuse("rival", "Above the ceiling of {most} over competitors.", most=_shown(most, price))


def check_step(proposal: Proposal, situation: Situation) -> Refusal | None:
    """One change moves a price by at most so much."""
    limits, current = situation.policy.prices, _current(situation)
    if current is None or within(_wanted(proposal).price.amount, current, limits.max_step_pct):
        return None
    return refuse("step", "More than {pct} % in one step.", pct=f"{limits.max_step_pct}")


def check_month(proposal: Proposal, situation: Situation) -> Refusal | None:
    """All changes of thirty days together move a price by at most so much."""
    limits = situation.policy.prices
    anchor = month_anchor(situation.price_history, situation.now)
    if anchor is None or within(_wanted(proposal).price.amount, anchor, limits.max_step_30d_pct):
        return None
    return refuse("month", "More than {pct} % within 30 days.", pct=f"{limits.max_step_30d_pct}")


def check_worth_changing(proposal: Proposal, situation: Situation) -> Refusal | None:
    """A change must be large enough to be worth its trouble."""
    action, current = _wanted(proposal), _current(situation)
    limits = situation.policy.prices
    struck = None if action.compare_at is None else action.compare_at.amount
    if situation.by_person or current is None or struck != _decimal(situation.current, "compare_at"):
        return None  # a reduction announced, or ended, is a change of its own
    if abs(action.price.amount - current) * 100 < current * limits.min_step_pct:
        return refuse("worth", "The price would hardly change.")
    return None


def check_rest(proposal: Proposal, situation: Situation) -> Refusal | None:
    """A price that was just changed, by whomever, is left alone for a while."""
    rest = timedelta(hours=situation.policy.prices.cooldown_hours)
    changed = [point.at for point in situation.price_history]
    if situation.written is not None:
        changed.append(situation.written.at)
    if situation.by_person or not changed or situation.now - max(changed) >= rest:
        return None
    if len(changed) == 1 and situation.written is None and not situation.price_history[0].ours:
        return None  # the first sight of a price is not a change of it
    return refuse("rest", "It was changed less than {hours} hours ago.", hours=f"{rest // timedelta(hours=1)}")


def check_daily(proposal: Proposal, situation: Situation) -> Refusal | None:
    """So many changes a day and no more."""
    most = situation.policy.prices.max_changes_per_day
    if situation.by_person or situation.changes_today < most:
        return None
    return refuse("daily", "Today's {most} price changes are used up.", most=f"{most}")


def check_quiet(proposal: Proposal, situation: Situation) -> Refusal | None:
    """No price changes in the merchant's quiet hours, in the shop's own time zone."""
    limits = situation.policy.prices
    if situation.by_person or limits.quiet_from is None or limits.quiet_until is None:
        return None
    local = situation.now.astimezone(_zone(situation.shop.timezone)).time()
    if not _between(local, limits.quiet_from, limits.quiet_until):
        return None
    return refuse("quiet", "Quiet hours until {until}.", until=f"{limits.quiet_until:%H:%M}")


def check_protected(proposal: Proposal, situation: Situation) -> Refusal | None:
    """Protected products' prices are changed by people alone."""
    if situation.by_person or _wanted(proposal).product_id not in situation.policy.prices.protected:
        return None
    return refuse("protected", "You protected this product.")


def check_ending(proposal: Proposal, situation: Situation) -> Refusal | None:
    """Prices end as the merchant likes them to, where the currency can show it."""
    price, endings = _wanted(proposal).price, situation.policy.prices.charm_endings
    if situation.by_person or has_ending(price.amount, price.currency, endings):
        return None
    return refuse("ending", "The price does not end in {endings}.", endings=", ".join(endings))


def check_reduction(proposal: Proposal, situation: Situation) -> Refusal | None:
    """A struck-through price is at most the lowest of the thirty days before (98/6/EC Art. 6a)."""
    action = _wanted(proposal)
    if action.compare_at is None:
        return _check_standing_sale(situation)
    if not situation.policy.prices.announce_reductions:
        return refuse("reduction", "Reductions are not announced: see the settings.")
    if action.compare_at.amount <= action.price.amount:
        return refuse("reduction", "A struck-through price must be above the price.")
    history = [(point.at, point.price.amount) for point in situation.price_history]
    least = lowest(history, situation.now)
    connected = situation.shop.connected_at
    if least is None or (connected is not None and situation.now - connected < MONTH):
        return refuse("reduction", "A reduction may be shown once 30 days of price history exist.")
    if action.compare_at.amount > least:
        return refuse(
            "reduction",
            "The lowest price of the last 30 days was {least}: the reduction must start there.",
            least=_shown(least, action.price),
        )
    return None


def _check_standing_sale(situation: Situation) -> Refusal | None:
    """A sale that the merchant announced is his: its price is left alone."""
    struck, current = _decimal(situation.current, "compare_at"), _current(situation)
    announced = struck is not None and (current is None or struck > current)
    if announced and situation.human_owned and not situation.by_person:
        return refuse("sale", "You announced a sale on this product, so its price is left alone.")
    return None


PRICE_RULES: tuple[Rule, ...] = (
    check_currency, check_amount, check_sold, check_known, check_floor, check_ceiling, check_advertised,
    check_rival, check_step, check_month, check_worth_changing, check_rest, check_daily, check_quiet, check_protected,
    check_ending, check_reduction,
)  # fmt: skip
"""Every rule that a price must pass, in the order in which reasons are shown."""


def reference(situation: Situation) -> Decimal | None:
    """The price that the merchant last set himself: what floors, ceilings and harm are measured against."""
    own = [point.price.amount for point in situation.price_history if not point.ours]
    if own:
        return own[-1]
    if situation.written is not None:
        return _amount(situation.written.original)
    return _current(situation)


def month_anchor(history: Sequence[PricePoint], now: datetime) -> Decimal | None:
    """The price that a month's changes are measured from: the one of 30 days ago, or what the merchant set
    since."""
    opened = now - MONTH
    before = [point for point in history if point.at <= opened]
    since = [point for point in history if point.at > opened and not point.ours]
    anchors = before[-1:] + since[-1:] or list(history[:1])
    return anchors[-1].price.amount if anchors else None


def unit_cost(proposal: Proposal, situation: Situation) -> Decimal | None:
    """Cost in the action's currency: as uploaded, else from the store, else from the default margin; None
    where none is known."""
    limits: PriceLimits = situation.policy.prices
    variant, rate = _variant(proposal, situation), _implied_rate(proposal, situation)
    cost = situation.cost or (variant.cost if variant is not None else None)
    if cost is not None and cost.amount > 0:
        usable = rate is not None and cost.currency == situation.shop.currency
        return cost.amount * rate if usable and rate is not None else None
    own = reference(situation)
    return None if own is None else assumed_cost(limits, own)


def _implied_rate(proposal: Proposal, situation: Situation) -> Decimal | None:
    """Units of the market's currency for one of the shop's, as the merchant's own two prices say; 1 at
    home."""
    if _wanted(proposal).market is None:
        return Decimal(1)
    variant, own = _variant(proposal, situation), reference(situation)
    if variant is None or variant.price is None or variant.price.amount <= 0 or own is None:
        return None
    return own / variant.price.amount


def _variant(proposal: Proposal, situation: Situation) -> Variant | None:
    product = situation.catalogue.get(_wanted(proposal).product_id)
    variants = () if product is None else product.variants
    return next((one for one in variants if one.id == _wanted(proposal).variant_id), None)


def _wanted(proposal: Proposal) -> SetPrice:
    assert isinstance(proposal.action, SetPrice)  # noqa: S101  guardrails sends nothing else here
    return proposal.action


def _expected_currency(proposal: Proposal, situation: Situation) -> str | None:
    market = _wanted(proposal).market
    if market is None:
        return situation.shop.currency
    return next((one.currency for one in situation.shop.markets if one.id == market), None)


def _held_currency(snapshot: Snapshot) -> str:
    held = snapshot.value
    return str(held.get("currency") or "") if isinstance(held, Mapping) else ""


def _current(situation: Situation) -> Decimal | None:
    return _amount(situation.current)


def _amount(snapshot: Snapshot) -> Decimal | None:
    """A snapshot's price; None where there is none, or none that makes sense."""
    return _decimal(snapshot, "price")


def _decimal(snapshot: Snapshot, name: str) -> Decimal | None:
    held = snapshot.value
    if not isinstance(held, Mapping) or held.get(name) is None:
        return None
    try:
        amount = Decimal(str(held[name]))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _between(now: time, start: time, end: time) -> bool:
    """Whether a time of day lies in a span that may cross midnight."""
    return start <= now < end if start <= end else now >= start or now < end


def _shown(amount: Decimal, like: Money) -> str:
    return str(Money(amount, like.currency))
