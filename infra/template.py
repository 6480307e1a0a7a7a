"""What is merged into Chalice's template: everything that Chalice cannot say.

    webhooks ─────► Hooks, by function URL ─► WorkQueue ─► Work ─► stores (WorkDead behind it)
    pages ────────► APIHandler                (webhooks too, where an app's own address is asked for)
    EventBridge ──► Tick ───────► ScheduleQueue ─► Scheduled             (ScheduleDead behind it)
    buyers ───────► Storefront, by function URL      partner bus, optional ─► WorkQueue
    all of them: Table, Bucket, Key

What each function may do is in .chalice/policy-*.json, its memory and time in .chalice/config.json.
"""

from infra.alarms import alarms
from infra.intrinsics import Block, att, given, ref, resource, sub
from infra.queues import LONG_WORKERS, WORKERS, fed_by, partner_bus, queues
from infra.storage import storage

LAYER_FILE = "layer.zip"
"""Large shipped models, beside the archive."""

SCHEDULES = {
    "reconcile": "rate(1 hour)",
    "propose": "cron(0 5 * * ? *)",
    "train": "cron(0 3 * * ? *)",
    "digest": "cron(0 6 * * ? *)",
}
"""The word that ``tick`` takes -> when, in UTC."""

PARAMETERS = {
    "BaseUrl": "Where merchants and stores reach the app: https, no slash at the end.",
    "SecretName": "The Secrets Manager secret that holds master_key, app_ids, app_secrets and deepl_key.",
    "AlarmTopic": "ARN of the SNS topic that alarms go to; empty for none.",
    "MailFrom": "The verified SES address that mail comes from; empty for none.",
    "Operators": "E-mail addresses that may administer the deployment, with commas between.",
    "PartnerEventSource": "Shopify's partner event source, if events come by EventBridge; empty for none.",
}

SECRETS = ("master_key", "app_ids", "app_secrets", "deepl_key")


def resources(*, layer: bool) -> Block:
    """The whole template to merge; ``layer`` where large models were built."""
    return {
        "Description": "Tradewind: store events become proposals, and approved ones become changes.",
        "Parameters": _parameters(),
        "Conditions": {name: given(name) for name in ("AlarmTopic", "PartnerEventSource")},
        "Globals": {"Function": {"Environment": {"Variables": environment()}}},
        "Resources": {
            **storage(),
            **queues(),
            **_functions(layer=layer),
            **partner_bus(),
            **alarms(),
            **(_layer() if layer else {}),
        },
        "Outputs": {
            "HooksURL": {"Value": att("HooksUrl", "FunctionUrl")},
            "StorefrontURL": {"Value": att("StorefrontUrl", "FunctionUrl")},
            "DeadLetters": {"Value": ref("WorkDead")},
            "TableName": {"Value": ref("Table")},
            "BucketName": {"Value": ref("Bucket")},
        },
    }


def environment() -> Block:
    """What chalicelib.settings reads. CloudFormation resolves the secrets; the template never holds them."""
    plain = {
        "BASE_URL": ref("BaseUrl"),
        "TABLE": ref("Table"),
        "BUCKET": ref("Bucket"),
        "WORK_QUEUE": ref("WorkQueue"),
        "SCHEDULE_QUEUE": ref("ScheduleQueue"),
        "KMS_KEY": att("Key", "Arn"),
        "MAIL_FROM": ref("MailFrom"),
        "OPERATORS": ref("Operators"),
    }
    secret = {name.upper(): sub(_secret(name)) for name in SECRETS}
    return {f"TRADEWIND_{name}": value for name, value in {**plain, **secret}.items()}


def _secret(name: str) -> str:
    return f"{{{{resolve:secretsmanager:${{SecretName}}:SecretString:{name}}}}}"


def _parameters() -> Block:
    made: Block = {
        name: {"Type": "String", "Default": "", "Description": text} for name, text in PARAMETERS.items()
    }
    made["BaseUrl"] |= {"AllowedPattern": "https://[^/]+.*[^/]"}
    del made["BaseUrl"]["Default"]
    made["SecretName"]["Default"] = "tradewind"
    return made


def _functions(*, layer: bool) -> Block:
    """What is added to the functions that Chalice describes."""
    layers = {"Layers": [ref("ModelLayer")]} if layer else {}
    work = fed_by("WorkQueue", batch=10, workers=WORKERS)
    scheduled = fed_by("ScheduleQueue", batch=1, workers=LONG_WORKERS)
    return {
        "Work": {"Properties": {"Events": work, **layers}},
        "Scheduled": {"Properties": {"Events": scheduled, **layers, **_subscribing()}},
        "Tick": {"Properties": {"Events": _ticks()}},
        # Chalice 1.34 names this group after a function that it has renamed by then.
        "ApiHandlerLogGroup": {"Properties": {"LogGroupName": sub("/aws/lambda/${APIHandler}")}},
        # Not in Globals: what stands there is the function's own environment too, and would be a circle.
        "APIHandler": {"Properties": _subscribing()},
        **_by_url("Hooks"),
        **_by_url("Storefront", Cors={"AllowOrigins": ["*"], "AllowMethods": ["GET"], "MaxAge": 3600}),
    }


def _subscribing() -> Block:
    """For functions that tell stores where to send webhooks."""
    return {"Environment": {"Variables": {"TRADEWIND_HOOKS_URL": att("HooksUrl", "FunctionUrl")}}}


def _ticks() -> Block:
    return {
        f"Every{word.capitalize()}": {
            "Type": "Schedule",
            "Properties": {"Schedule": when, "Input": f'{{"schedule": "{word}"}}'},
        }
        for word, when in SCHEDULES.items()
    }


def _by_url(function: str, **config: Block) -> Block:
    """Anybody may call it: webhooks are proven by their signature, what buyers see is public anyway."""
    # Function URLs made since October 2025 need this beside the permission that SAM writes.
    permission = {
        "FunctionName": ref(function),
        "Principal": "*",
        "Action": "lambda:InvokeFunction",
        "InvokedViaFunctionUrl": True,
    }
    return {
        function: {"Properties": {"FunctionUrlConfig": {"AuthType": "NONE", **config}}},
        f"{function}InvokePermission": resource("Lambda::Permission", permission),
    }


def _layer() -> Block:
    properties = {"ContentUri": f"./{LAYER_FILE}", "Description": "Large shipped models"}
    return {"ModelLayer": resource("Serverless::LayerVersion", properties)}
