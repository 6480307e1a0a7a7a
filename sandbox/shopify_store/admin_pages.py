"""What the merchant sees: orders with what was said and done about them, and pages that ask for consent."""

from collections.abc import Iterable
from typing import Any

from sandbox.shopify_store.fulfillment import REASONS
from sandbox.shopify_store.orders import fulfillment_status, total
from sandbox.shopify_store.records import Order, Plan, gid
from sandbox.shopify_store.risk import ADVICE
from sandbox.shopify_store.state import State
from sandbox.shopify_store.storefront import amount, render

LATEST = 50


def orders(state: State) -> str:
    """The latest orders, newest first."""
    rows = sorted(state.orders(), key=lambda one: one.order_number, reverse=True)
    summaries = [_summary(state, one) for one in rows[:LATEST]]
    return render(state, "orders.html", title="Orders", orders=summaries, total=len(rows))


def order(state: State, record: Order, app_title: str) -> str:
    """One order: lines, risk, holds and tags."""
    shown = {
        **_summary(state, record),
        "cancelled": record.cancelled_at is not None,
        "lines": [
            {
                "title": line.title,
                "sku": line.sku or "",
                "quantity": line.quantity,
                "price": amount(state, line.unit_price),
            }
            for line in record.line_items
        ],
        "assessments": list(_assessments(record, app_title)),
        "fulfillments": list(_fulfillments(record)),
    }
    return render(state, "order.html", title=f"Order {shown['name']}", order=shown)


def _summary(state: State, record: Order) -> dict[str, Any]:
    levels = [one.risk_level for one in record.assessments]
    return {
        "number": record.order_number,
        "name": f"#{record.order_number}",
        "placed": record.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        "total": amount(state, total(record)),
        "payment": _words(record.financial_status),
        "fulfillment": _words(fulfillment_status(record)),
        "recommendation": _words(next((ADVICE[level] for level in ADVICE if level in levels), "NONE")),
        "tags": record.tags,
    }


def _words(code: str) -> str:
    return code.replace("_", " ").capitalize()


def _assessments(record: Order, app_title: str) -> Iterable[dict[str, Any]]:
    for one in record.assessments:
        yield {
            "provider": app_title if one.by_app else "Shopify",
            "level": _words(one.risk_level),
            "facts": [{"text": text, "sentiment": _words(sentiment)} for text, sentiment in one.facts],
        }


def _fulfillments(record: Order) -> Iterable[dict[str, Any]]:
    for one in record.fulfillment_orders:
        yield {
            "id": gid("FulfillmentOrder", one.number),
            "status": _words(one.status),
            "holds": [{"reason": REASONS[hold.reason], "notes": hold.reason_notes} for hold in one.holds],
        }


def framed(state: State, app_title: str, url: str) -> str:
    """The admin's page around an app."""
    return render(state, "app.html", title=app_title, url=url)


def consent(
    state: State, app_title: str, scopes: Iterable[str], fields: dict[str, str], action: str = "/admin/oauth/approve"
) -> str:
    """The page that asks the merchant to install the app."""
    return render(
        state,
        "consent.html",
        title=f"Install {app_title}",
        words=f"{app_title} asks to see and change the following in {state.name}:",
        points=sorted(scopes),
        action=action,
        fields=fields,
        button="Install app",
    )


def charge(state: State, app_title: str, plan: Plan) -> str:
    """The page that asks the merchant to approve what the app charges."""
    return render(
        state,
        "consent.html",
        title=f"Approve subscription {plan.name}",
        words=f"{app_title} asks {state.name} to pay:",
        points=[_charge_words(line) for line in plan.lines],
        action=f"/admin/charges/{plan.number}/confirm",
        fields={},
        button="Approve subscription",
    )


def _charge_words(line: Any) -> str:
    if line.price is not None:
        return f"{line.price} {line.currency}, {_words(line.interval).lower()}"
    return f"usage up to {line.capped_amount} {line.currency}: {line.terms}"
