"""The two queues with their dead letters, and the optional road from Shopify's partner bus."""

from chalicelib.pauses import HAND_OUTS, LONG_HAND_OUTS
from infra.intrinsics import Block, att, document, ref, resource

WORK_TIMEOUT_S = 120
SCHEDULED_TIMEOUT_S = 900
"""Said to Chalice in .chalice/config.json too; a test compares."""

WORKERS = 6
"""Each is at up to ten messages at once, of one shop at no more than four (chalicelib/working.py): a loud shop's
store has 24 callers at most."""
LONG_WORKERS = 4

_DAY_S = 86_400


def queues() -> Block:
    """A store's events, and what our own clock asks for."""
    return {
        **_queue("Work", WORK_TIMEOUT_S, HAND_OUTS), **_queue("Schedule", SCHEDULED_TIMEOUT_S, LONG_HAND_OUTS),
    }  # fmt: skip


def fed_by(queue: str, *, batch: int, workers: int) -> Block:
    """A function's event source. Fewer workers than its reserved concurrency, or throttled batches count
    as handed out ("Using Lambda with Amazon SQS", Lambda developer guide)."""
    properties = {
        "Queue": att(queue, "Arn"),
        "BatchSize": batch,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": workers},
    }
    return {queue: {"Type": "SQS", "Properties": properties}}


def partner_bus() -> Block:
    """Shopify's events by EventBridge instead of HTTPS: no signature, no five seconds, retries for a day.

    Only what names the object goes on: a payload holds buyer data, which no queue of ours may hold.
    """
    only_if = {"Condition": "PartnerEventSource"}
    bus = {"Name": ref("PartnerEventSource"), "EventSourceName": ref("PartnerEventSource")}
    return {
        "PartnerBus": resource("Events::EventBus", bus, **only_if),
        "PartnerRule": resource("Events::Rule", _rule(), **only_if),
        "PartnerPolicy": resource("SQS::QueuePolicy", _bus_may_send(), **only_if),
    }


def _queue(name: str, timeout_s: int, max_receives: int) -> Block:
    """A standard queue, fair by the message groups that we send ("Amazon SQS fair queues").

    Visibility is six times the worker's timeout, as Lambda asks. A message keeps its age when it dies, so
    the dead-letter queue has to remember longer.
    """
    dead = f"{name}Dead"
    queue = {
        "VisibilityTimeout": 6 * timeout_s,
        "MessageRetentionPeriod": 4 * _DAY_S,
        "SqsManagedSseEnabled": True,
        "RedrivePolicy": {"deadLetterTargetArn": att(dead, "Arn"), "maxReceiveCount": max_receives},
    }
    remembers = {"MessageRetentionPeriod": 14 * _DAY_S, "SqsManagedSseEnabled": True}
    fairness = {"Fairness": "every message carries its shop as MessageGroupId, which makes this a fair queue"}
    made = resource("SQS::Queue", queue, Metadata=fairness)
    return {f"{name}Queue": made, dead: resource("SQS::Queue", remembers)}


_NAMED = {
    "thing": "id", "gid": "admin_graphql_api_id", "updated": "updated_at", "order": "order_id",
    "ordergid": "admin_graphql_api_order_id", "item": "inventory_item_id", "routed": "fulfillment_order.id",
    "planstatus": "app_subscription.status", "status": "status", "financial": "financial_status",
    "risk": "risk_level", "shop": "myshopify_domain", "domain": "domain",
}  # fmt: skip
"""What goes on of a payload, by the variable that carries it: which object, when, in which state."""


def _rule() -> Block:
    """A path that an event does not have leaves its variable empty: inside quotes that is still JSON."""
    paths = {name: f"$.detail.payload.{path}" for name, path in _NAMED.items()}
    said = [f'"{path}": "<{name}>"' for name, path in _NAMED.items() if "." not in path]
    parts = ([*path.split("."), name] for name, path in _NAMED.items() if "." in path)
    said += [f'"{part}": {{"{field}": "<{name}>"}}' for part, field, name in parts]
    message = (
        '{"id": "<event>", "detail-type": "shopifyWebhook", "detail": {"metadata": <metadata>, "payload": {'
        + ", ".join(said)
        + "}}}"
    )
    paths = {"event": "$.id", "metadata": "$.detail.metadata", **paths}
    target = {
        "Id": "work",
        "Arn": att("WorkQueue", "Arn"),
        "InputTransformer": {"InputPathsMap": paths, "InputTemplate": message},
        "DeadLetterConfig": {"Arn": att("WorkDead", "Arn")},
    }
    pattern = {"detail-type": ["shopifyWebhook"]}
    return {"EventBusName": ref("PartnerBus"), "EventPattern": pattern, "Targets": [target]}


def _bus_may_send() -> Block:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": [att("WorkQueue", "Arn"), att("WorkDead", "Arn")],
        "Condition": {"ArnEquals": {"aws:SourceArn": att("PartnerRule", "Arn")}},
    }
    return {"Queues": [ref("WorkQueue"), ref("WorkDead")], "PolicyDocument": document(statement)}
