"""Order risk: assessments by Shopify and by apps, and the recommendation that follows from them."""

from typing import Any

from sandbox.shopify_store import payloads
from sandbox.shopify_store.orders import fulfillment_status
from sandbox.shopify_store.records import Assessment, Order, gid
from sandbox.shopify_store.registry import Call, access_denied, check_access, resolves, user_error

MOST_FACTS = 20
LONGEST_FACT = 256
ADVICE = {"HIGH": "CANCEL", "MEDIUM": "INVESTIGATE", "LOW": "ACCEPT"}
ROOT = "orderRiskAssessmentInput"


@resolves("Order.risk")
def risk(order: Order, call: Call) -> dict[str, Any]:
    """All assessments and the advice of the gravest."""
    levels = [one.risk_level for one in order.assessments]
    advice = next((ADVICE[level] for level in ADVICE if level in levels), "NONE")
    return {"assessments": [_render(one, call) for one in order.assessments], "recommendation": advice}


def _render(one: Assessment, call: Call) -> dict[str, Any]:
    return {
        "riskLevel": one.risk_level,
        "facts": [{"description": text, "sentiment": sentiment} for text, sentiment in one.facts],
        "provider": app(call) if one.by_app else None,
    }


def app(call: Call) -> dict[str, Any]:
    """The app that is speaking."""
    return {"id": gid("App", call.app_id), "title": call.app_title, "handle": call.app_title.lower()}


@resolves("Mutation.orderRiskAssessmentCreate")
def create(_root: Any, call: Call, *, order_risk_assessment_input: dict[str, Any]) -> dict[str, Any]:
    """One opinion of the app; a newer one of the same app takes the place of the older."""
    check_access(call, "orderRiskAssessmentCreate", ("write_orders",))
    if call.online:
        raise access_denied("orderRiskAssessmentCreate", "an offline access token.")
    wanted = order_risk_assessment_input
    order = call.state.find(wanted["orderId"])
    error = _check(order, wanted)
    if error or not isinstance(order, Order):
        return {"orderRiskAssessment": None, "userErrors": [error]}
    made = Assessment(
        risk_level=wanted["riskLevel"],
        facts=tuple((fact["description"], fact["sentiment"]) for fact in wanted["facts"]),
        by_app=True,
        created_at=call.now(),
    )
    order.assessments = [one for one in order.assessments if not one.by_app] + [made]
    body = payloads.risk_assessment(call.state, order, by_app=call.app_id, title=call.app_title)
    call.post("orders/risk_assessment_changed", body)
    return {"orderRiskAssessment": _render(made, call), "userErrors": []}


def _check(order: Any, wanted: dict[str, Any]) -> dict[str, Any] | None:
    if not isinstance(order, Order):
        return user_error([ROOT, "orderId"], "The order could not be found.", "NOT_FOUND")
    if fulfillment_status(order) == "FULFILLED":
        message = "The order has already been fulfilled and its risk can no longer be assessed."
        return user_error([ROOT, "orderId"], message, "ORDER_ALREADY_FULFILLED")
    if len(wanted["facts"]) > MOST_FACTS:
        return user_error([ROOT, "facts"], f"Facts can't exceed {MOST_FACTS}.", "TOO_MANY_FACTS")
    for index, fact in enumerate(wanted["facts"]):
        if not 0 < len(fact["description"]) <= LONGEST_FACT:
            path = [ROOT, "facts", str(index), "description"]
            return user_error(
                path, f"Description must have between 1 and {LONGEST_FACT} characters.", "INVALID"
            )
    return None
