"""The app at this shop: its scopes, and what the merchant pays for it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sandbox.shopify_store.nodes import money
from sandbox.shopify_store.records import Plan, PlanLine, UsageRecord, gid
from sandbox.shopify_store.registry import Call, resolves, user_error
from sandbox.shopify_store.risk import app

PERIOD_DAYS = 30


@resolves("QueryRoot.currentAppInstallation")
def installation(_root: Any, call: Call) -> dict[str, Any]:
    """What was granted, and the subscriptions that are running."""
    granted = set(call.scopes) | {scope.replace("write_", "read_", 1) for scope in call.scopes}
    scopes = [{"handle": one, "description": one.replace("_", " ").capitalize()} for one in sorted(granted)]
    return {
        "__typename": "AppInstallation",
        "id": gid("AppInstallation", call.app_id + call.state.number),
        "accessScopes": scopes,
        "activeSubscriptions": [p for p in call.state.all("AppSubscription") if p.status == "ACTIVE"],
        "app": app(call),
    }


resolves("AppSubscription.lineItems")(lambda p, _c: p.lines)


@resolves("AppSubscription.currentPeriodEnd")
def period_end(plan: Plan, call: Call) -> Any:
    """When the running period ends: 30 days after the start, then every 30 days."""
    if plan.status != "ACTIVE":
        return None
    start = plan.created_at + timedelta(days=plan.trial_days)
    passed = max(0, (call.now() - start) // timedelta(days=PERIOD_DAYS))
    return start + timedelta(days=PERIOD_DAYS * (passed + 1))


@resolves("AppSubscriptionLineItem.plan")
def line_plan(line: PlanLine, call: Call) -> dict[str, Any]:
    """A price per period, or a cap with what was used of it."""
    if line.price is not None:
        price = money(call.state, line.price, line.currency)
        return {
            "pricingDetails": {"__typename": "AppRecurringPricing", "price": price, "interval": line.interval}
        }
    return {
        "pricingDetails": {
            "__typename": "AppUsagePricing",
            "cappedAmount": money(call.state, line.capped_amount or Decimal(0), line.currency),
            "balanceUsed": money(call.state, line.used, line.currency),
            "interval": line.interval,
            "terms": line.terms,
        }
    }


@resolves("Mutation.appSubscriptionCreate")
def subscribe(
    _root: Any,
    call: Call,
    *,
    name: str,
    return_url: str,
    line_items: list[dict[str, Any]],
    trial_days: int | None = None,
    test: bool = False,
    replacement_behavior: str = "STANDARD",
) -> dict[str, Any]:
    """A subscription that waits for the merchant's approval."""
    lines = [line for line in (_line(call, item["plan"]) for item in line_items) if line]
    if len(lines) < len(line_items) or not lines:
        error = user_error(["lineItems"], "Each line item needs a recurring or a usage plan")
        return {"appSubscription": None, "confirmationUrl": None, "userErrors": [error]}
    made = Plan(
        number=call.state.new_number(),
        name=name,
        status="PENDING",
        test=test,
        trial_days=trial_days or 0,
        return_url=return_url,
        created_at=call.now(),
        lines=lines,
    )
    for record in (made, *lines):
        call.state.add(record)
    url = f"{call.base_url}/admin/charges/{made.number}/confirm"
    return {"appSubscription": made, "confirmationUrl": url, "userErrors": []}


def _line(call: Call, plan: dict[str, Any]) -> PlanLine | None:
    recurring, usage = plan.get("appRecurringPricingDetails"), plan.get("appUsagePricingDetails")
    number = call.state.new_number()
    if recurring:
        price = recurring["price"]
        interval = recurring.get("interval") or "EVERY_30_DAYS"
        return PlanLine(
            number=number, price=price["amount"], currency=price["currencyCode"], interval=interval
        )
    if not usage:
        return None
    cap = usage["cappedAmount"]
    return PlanLine(
        number=number,
        price=None,
        currency=cap["currencyCode"],
        interval="EVERY_30_DAYS",
        capped_amount=cap["amount"],
        terms=usage["terms"],
    )


def approve(call: Call, plan: Plan) -> None:
    """The merchant approves: the plan runs, any other ends, app_subscriptions/update is sent."""
    for other in call.state.all("AppSubscription"):
        if other.status == "ACTIVE":
            other.status = "CANCELLED"
    plan.status, plan.created_at = "ACTIVE", call.now()
    call.state.touch()
    call.post("app_subscriptions/update", _announcement(call, plan))


def _announcement(call: Call, plan: Plan) -> dict[str, Any]:
    stamp = plan.created_at.isoformat()
    line = plan.lines[0]
    return {
        "app_subscription": {
            "admin_graphql_api_id": gid("AppSubscription", plan.number),
            "name": plan.name,
            "status": plan.status,
            "admin_graphql_api_shop_id": call.state.id,
            "created_at": stamp,
            "updated_at": stamp,
            "currency": line.currency,
            "capped_amount": str(line.capped_amount or Decimal("0.0")),
            "price": str(line.price or Decimal("0.00")),
            "interval": line.interval.lower(),
            "plan_handle": None,
        }
    }


@resolves("Mutation.appUsageRecordCreate")
def use(
    _root: Any,
    call: Call,
    *,
    subscription_line_item_id: str,
    price: dict[str, Any],
    description: str,
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Charges one use, once per idempotency key and never past the cap."""
    line = call.state.find(subscription_line_item_id)
    if not isinstance(line, PlanLine) or line.price is not None:
        error = user_error(["subscriptionLineItemId"], "Subscription line item is not a usage pricing plan")
        return {"appUsageRecord": None, "userErrors": [error]}
    known = [
        r
        for r in call.state.all("AppUsageRecord")
        if idempotency_key and r.idempotency_key == idempotency_key
    ]
    if known:
        return {"appUsageRecord": known[0], "userErrors": []}
    if line.used + price["amount"] > (line.capped_amount or Decimal(0)):
        error = user_error([], "Total price exceeds balance remaining")
        return {"appUsageRecord": None, "userErrors": [error]}
    line.used += price["amount"]
    made = UsageRecord(
        number=call.state.new_number(),
        line=line,
        description=description,
        price=price["amount"],
        created_at=call.now(),
        idempotency_key=idempotency_key,
    )
    call.state.add(made)
    return {"appUsageRecord": made, "userErrors": []}


resolves("AppUsageRecord.price")(lambda r, c: money(c.state, r.price, r.line.currency))
resolves("AppUsageRecord.subscriptionLineItem")(lambda r, _c: r.line)
