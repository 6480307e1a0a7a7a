"""The template: clean, complete, least privilege, and agreeing with what the code believes."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb_table import SCHEMA
from chalicelib.domain.events import Schedule
from chalicelib.pauses import HAND_OUTS, LONG_HAND_OUTS
from chalicelib.settings import load_settings
from infra import template
from infra.alarms import FUNCTIONS
from infra.queues import LONG_WORKERS, SCHEDULED_TIMEOUT_S, WORK_TIMEOUT_S, WORKERS

PROJECT = Path(__file__).parents[2]
CONFIG = json.loads((PROJECT / ".chalice" / "config.json").read_text("utf-8"))["stages"]["prod"]
POLICIES = {
    path.stem: json.loads(path.read_text("utf-8")) for path in (PROJECT / ".chalice").glob("policy-*.json")
}


@pytest.fixture(scope="module")
def whole(built: Path) -> dict[str, Any]:
    """Chalice's template with ours merged in."""
    read: dict[str, Any] = json.loads((built / "sam.json").read_text("utf-8"))
    return read


def test_cfn_lint_finds_nothing(built: Path) -> None:
    command = [sys.executable, "-c", "import sys; from cfnlint.runner import main; sys.exit(main())"]
    command += ["--template", str(built / "sam.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_function_is_there_with_its_own_role_limits_and_log(whole: dict[str, Any]) -> None:
    resources = whole["Resources"]
    functions = {name for name, one in resources.items() if one["Type"] == "AWS::Serverless::Function"}
    assert functions == set(FUNCTIONS)
    roles = {json.dumps(resources[name]["Properties"]["Role"]) for name in functions}
    assert len(roles) == len(functions)
    for name in functions:
        properties = resources[name]["Properties"]
        assert properties["Runtime"] == "python3.13"
        assert properties["MemorySize"] >= 512
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Logs::LogGroup"]
    assert {group["RetentionInDays"] for group in groups} == {30}
    named = {group["LogGroupName"]["Fn::Sub"] for group in groups}
    assert named == {f"/aws/lambda/${{{name}}}" for name in FUNCTIONS}


def test_queues_have_dead_letters_and_time_enough(whole: dict[str, Any]) -> None:
    resources = whole["Resources"]
    hand_outs = {"WorkQueue": HAND_OUTS, "ScheduleQueue": LONG_HAND_OUTS}
    for function, queue in (("Work", "WorkQueue"), ("Scheduled", "ScheduleQueue")):
        source = resources[function]["Properties"]["Events"][queue]["Properties"]
        waits = resources[queue]["Properties"]
        dead = resources[waits["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]]["Properties"]
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert waits["VisibilityTimeout"] >= 6 * resources[function]["Properties"]["Timeout"]
        assert waits["RedrivePolicy"]["maxReceiveCount"] == hand_outs[queue]
        assert dead["MessageRetentionPeriod"] > waits["MessageRetentionPeriod"]
        reserved = resources[function]["Properties"]["ReservedConcurrentExecutions"]
        assert source["ScalingConfig"]["MaximumConcurrency"] < reserved


def test_chalices_numbers_are_ours() -> None:
    functions = CONFIG["lambda_functions"]
    assert functions["work"]["lambda_timeout"] == WORK_TIMEOUT_S
    assert functions["scheduled"]["lambda_timeout"] == SCHEDULED_TIMEOUT_S
    assert functions["work"]["reserved_concurrency"] > WORKERS
    assert functions["scheduled"]["reserved_concurrency"] > LONG_WORKERS
    assert functions["api_handler"]["lambda_timeout"] <= 29, "API Gateway waits no longer"
    assert CONFIG["autogen_policy"] is False


def test_the_table_is_the_adapters_table(whole: dict[str, Any]) -> None:
    table = whole["Resources"]["Table"]["Properties"]
    assert {name: table[name] for name in SCHEMA} == SCHEMA
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert table["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] < 30


def test_the_bucket_is_closed(whole: dict[str, Any]) -> None:
    bucket = whole["Resources"]["Bucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["LifecycleConfiguration"]["Rules"]
    assert whole["Resources"]["Bucket"]["DeletionPolicy"] == "Retain"


@pytest.mark.parametrize("function", ["Hooks", "Storefront"])
def test_what_is_called_by_url_may_be_called_by_anybody_and_by_no_other_way(
    whole: dict[str, Any], function: str
) -> None:
    resources = whole["Resources"]
    assert resources[function]["Properties"]["FunctionUrlConfig"]["AuthType"] == "NONE"
    permission = resources[f"{function}InvokePermission"]["Properties"]
    assert permission["InvokedViaFunctionUrl"] is True
    assert permission["FunctionName"] == {"Ref": function}
    assert resources["Hooks"]["Properties"]["FunctionUrlConfig"].keys() == {"AuthType"}, "no browser sends webhooks"


def test_whoever_subscribes_to_webhooks_knows_their_url_and_nothing_goes_in_a_circle(whole: dict[str, Any]) -> None:
    url = {"Fn::GetAtt": ["HooksUrl", "FunctionUrl"]}
    told = {
        name
        for name in FUNCTIONS
        if "TRADEWIND_HOOKS_URL"
        in whole["Resources"][name]["Properties"].get("Environment", {}).get("Variables", {})
    }
    assert told == {"APIHandler", "Scheduled"}
    for name in told:
        variables = whole["Resources"][name]["Properties"]["Environment"]["Variables"]
        assert variables["TRADEWIND_HOOKS_URL"] == url
    assert "TRADEWIND_HOOKS_URL" not in whole["Globals"]["Function"]["Environment"]["Variables"]


def test_queues_are_fair_between_shops_by_the_group_that_is_sent(whole: dict[str, Any]) -> None:
    """A standard queue is fair where messages carry a MessageGroupId; a FIFO queue would block a shop instead."""
    for name in ("WorkQueue", "ScheduleQueue"):
        assert "FifoQueue" not in whole["Resources"][name]["Properties"]
    assert "fair" in whole["Resources"]["WorkQueue"]["Metadata"]["Fairness"]


def test_the_settings_read_what_the_template_writes() -> None:
    written = template.environment()
    plausible = {name: name.lower() for name in written} | {
        "TRADEWIND_MASTER_KEY": "ab" * 32,
        "TRADEWIND_BASE_URL": "https://app.example",
        "TRADEWIND_APP_IDS": "shopify=id",
        "TRADEWIND_APP_SECRETS": "shopify=secret",
        "AWS_LAMBDA_FUNCTION_NAME": "tradewind",
    }
    settings = load_settings(plausible)
    for field in ("table", "bucket", "work_queue", "schedule_queue", "kms_key", "mail_from", "deepl_key"):
        assert getattr(settings, field) == f"tradewind_{field}"
    assert settings.app_secrets == {"shopify": ("secret",)}


def test_the_clock_says_words_that_tick_knows(whole: dict[str, Any]) -> None:
    events = whole["Resources"]["Tick"]["Properties"]["Events"].values()
    words = {json.loads(event["Properties"]["Input"])["schedule"] for event in events}
    assert words == set(template.SCHEDULES)
    assert words <= set(Schedule)


def test_no_secret_stands_in_the_template(whole: dict[str, Any]) -> None:
    variables = whole["Globals"]["Function"]["Environment"]["Variables"]
    for name in ("MASTER_KEY", "APP_SECRETS", "DEEPL_KEY"):
        assert variables[f"TRADEWIND_{name}"]["Fn::Sub"].startswith("{{resolve:secretsmanager:")


def statements(policy: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = POLICIES[policy]["Statement"]
    return found


def actions(policy: str) -> set[str]:
    listed = (statement["Action"] for statement in statements(policy))
    return {action for some in listed for action in ([some] if isinstance(some, str) else some)}


@pytest.mark.parametrize("policy", POLICIES)
def test_no_policy_says_everything(policy: str) -> None:
    for statement in statements(policy):
        assert statement["Effect"] == "Allow"
        assert "*" not in "".join(actions(policy))
        where = json.dumps(statement["Resource"])
        assert '"*"' not in where
        assert re.search(r"Fn::(GetAtt|Sub)", where)


def test_each_function_may_do_its_work_and_no_more() -> None:
    used = {f"policy-{name}" for name in ("app", "hooks", "work", "scheduled", "tick", "storefront")}
    assert set(POLICIES) == used
    assert {one["iam_policy_file"] for one in CONFIG["lambda_functions"].values()} == {
        f"{p}.json" for p in used
    }
    takes = {policy for policy in POLICIES if "sqs:ReceiveMessage" in actions(policy)}
    assert takes == {"policy-work", "policy-scheduled"}
    unseals = {policy for policy in POLICIES if "kms:Decrypt" in actions(policy)}
    assert unseals == {"policy-app", "policy-work", "policy-scheduled"}
    assert {policy for policy in POLICIES if "dynamodb:Scan" in actions(policy)} == {"policy-scheduled"}
    assert actions("policy-hooks") == {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}
    (send,) = [statement for statement in statements("policy-hooks") if statement["Sid"] == "Send"]
    assert send["Resource"] == [{"Fn::GetAtt": ["WorkQueue", "Arn"]}], "a stranger's door reaches one queue"
    for policy in ("policy-tick", "policy-storefront"):
        writes = {one for one in actions(policy) if re.search(r"(Put|Update|Delete|BatchWrite)", one)}
        assert writes == {"logs:PutLogEvents"}


def test_keys_open_only_for_a_named_shop() -> None:
    for policy in ("policy-app", "policy-work", "policy-scheduled"):
        (keys,) = [statement for statement in statements(policy) if statement["Sid"] == "Credentials"]
        assert keys["Condition"] == {"Null": {"kms:EncryptionContext:shop": "false"}}


def test_the_partner_bus_passes_no_payload_on(whole: dict[str, Any]) -> None:
    (target,) = whole["Resources"]["PartnerRule"]["Properties"]["Targets"]
    transformer = target["InputTransformer"]
    assert set(re.findall(r"<(\w+)>", transformer["InputTemplate"])) == set(transformer["InputPathsMap"])
    assert "$.detail.payload" not in transformer["InputPathsMap"].values()
    assert "$.detail" not in transformer["InputPathsMap"].values()
