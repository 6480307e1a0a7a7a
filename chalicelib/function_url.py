"""Webhooks by a Lambda function URL: the accepting path without API Gateway, which costs more than all the rest.

::

    POST https://….lambda-url.….on.aws/hooks/{marketplace}[/{account}]    the same paths as app.py's routes

Events and answers have payload format 2.0 ("Invoking Lambda function URLs", Lambda developer guide): header names
in lower case, and the body as text, or in base64 where its content type is a binary one.
"""

import base64
from collections.abc import Mapping
from typing import Any

from chalicelib import accepting
from chalicelib.accepting import Answer, Mouth
from chalicelib.contracts import RawRequest
from chalicelib.errors import Retryable

_TEXT = {"content-type": "text/plain"}


def take(event: Mapping[str, Any], mouth: Mouth) -> Mapping[str, Any]:
    """Take in one webhook and say what the store is told."""
    answer = _answer(event, mouth)
    return {"statusCode": answer.status, "headers": _TEXT, "body": answer.text}


def _answer(event: Mapping[str, Any], mouth: Mouth) -> Answer:
    first, _, rest = event["rawPath"].strip("/").partition("/")
    marketplace, _, account = rest.partition("/")
    if first != "hooks" or marketplace not in mouth.readers or "/" in account:
        return Answer(404, "Not found")
    method = event["requestContext"]["http"]["method"]
    if method != "POST":
        return Answer(405, "Webhooks are posted.")
    try:
        return accepting.receive(marketplace, _request(event, method, account), mouth)
    except Retryable:
        return Answer(503, "Try again later.")


def _request(event: Mapping[str, Any], method: str, account: str) -> RawRequest:
    text = event.get("body") or ""
    # What came as JSON's half characters never was UTF-8, so no signature fits it; it must not be a crash.
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode("utf-8", "surrogatepass")
    return RawRequest(
        method=method, path=event["rawPath"], headers=event["headers"], body=body, account=account,
        query=event.get("queryStringParameters") or {},
    )  # fmt: skip
