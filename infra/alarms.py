"""Alarms: each says in its name what is wrong, and in its description what a person does about it."""

from collections.abc import Iterator

from infra.intrinsics import Block, att, ref, resource

FUNCTIONS = ("APIHandler", "Hooks", "Work", "Scheduled", "Tick", "Storefront")

LATE_S = {"Work": 900, "Schedule": 4 * 3600}
"""Age of the oldest message above which work is late."""


def alarms() -> Block:
    """The alarms by name."""
    return dict([*_of_queues(), *_of_functions(), *_of_the_rest()])


def _of_queues() -> Iterator[tuple[str, Block]]:
    for name, late_s in LATE_S.items():
        dead = {"QueueName": att(f"{name}Dead", "QueueName")}
        queue = {"QueueName": att(f"{name}Queue", "QueueName")}
        why = "Messages failed for good. Read one, mend the cause, then run 'tradewind replay'."
        yield f"{name}DeadAlarm", _alarm("SQS", "ApproximateNumberOfMessagesVisible", dead, 0, why)
        why = "Work waits longer than it should. Look at throttles, then at the stores' answers."
        yield f"{name}LateAlarm", _alarm("SQS", "ApproximateAgeOfOldestMessage", queue, late_s, why)


def _of_functions() -> Iterator[tuple[str, Block]]:
    for function in FUNCTIONS:
        by_name = {"FunctionName": ref(function)}
        why = "The function fails. Its log names the place."
        yield f"{function}ErrorsAlarm", _alarm("Lambda", "Errors", by_name, 5, why)
        why = "More is asked of the function than its concurrency allows. Raise it, or find who asks."
        yield f"{function}ThrottlesAlarm", _alarm("Lambda", "Throttles", by_name, 5, why)


def _of_the_rest() -> Iterator[tuple[str, Block]]:
    why = "One partition is hot, or the account's limit is reached."
    yield "TableThrottlesAlarm", _alarm("DynamoDB", "ThrottledRequests", {"TableName": ref("Table")}, 10, why)
    why = "Webhooks are answered 5xx; stores stop sending when it lasts."
    yield "RefusedWebhooksAlarm", _alarm("Lambda", "Url5xxCount", {"FunctionName": ref("Hooks")}, 5, why)
    why = "Pages are answered 5xx. The log of APIHandler names the place."
    yield "BrokenPagesAlarm", _alarm("ApiGateway", "5XXError", {"ApiName": "tradewind"}, 5, why)


def _alarm(service: str, metric: str, dimensions: Block, above: int, why: str) -> Block:
    properties = {
        "AlarmDescription": why,
        "Namespace": f"AWS/{service}",
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        # Queues report a level, the others a number of events.
        "Statistic": "Maximum" if service == "SQS" else "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": above,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": {"Fn::If": ["AlarmTopic", [ref("AlarmTopic")], ref("AWS::NoValue")]},
    }
    return resource("CloudWatch::Alarm", properties)
