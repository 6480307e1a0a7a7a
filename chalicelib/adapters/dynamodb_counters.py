"""Counters: one conditional update each, which a retry recognises as its own.

A nonce makes the retry of a lost answer count once, unless somebody else counted in between; then it counts
twice. Ceilings are limits on spending, where counting too much is the safe side.
"""

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.adapters.dynamodb_items import ALIVE, COUNT_UP, Item, call, is_alive, number, wrote
from chalicelib.adapters.encoding import expiry_seconds
from chalicelib.adapters.failures import CONDITION_FAILED, blocking_item, code_of
from chalicelib.errors import Conflict, Overtaken
from chalicelib.ports import Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TRIES = 4
"""Restarting an expired counter may be raced by others that restart it too."""


def add(
    client: "DynamoDBClient",
    table: str,
    key: Key,
    amount: int,
    ceiling: int | None,
    expires_at: datetime | None,
    now: int,
) -> int | None:
    """Add and return the new total; None where it would pass the ceiling. Raises Conflict on a record."""
    if ceiling is not None and amount > 0 and ceiling < amount:
        return None
    nonce = os.urandom(8)
    expires = None if expires_at is None else expiry_seconds(expires_at)
    for _ in range(TRIES):
        done, old = _update(client, table, _count_up(key, amount, ceiling, expires, nonce, now))
        if done or wrote(old, nonce):
            return int((done or old)["total"]["N"])
        if "body" in old and is_alive(old, now):
            raise Conflict(f"{key} holds a record, not a counter")
        if is_alive(old, now):
            return None
        done, _ = _update(client, table, _restart(key, amount, expires, nonce, now))
        if done:
            return amount
    raise Overtaken(detail="counting: others restarted the same counter")


def _update(client: "DynamoDBClient", table: str, update: dict[str, Any]) -> tuple[Item, Item]:
    """What was written, or else what stood in the way."""
    try:
        answer = client.update_item(TableName=table, ReturnValues="ALL_NEW", **update)
    except ClientError as error:
        if code_of(error) != CONDITION_FAILED:
            raise
        return {}, blocking_item(error)
    return answer["Attributes"], {}


def _count_up(
    key: Key, amount: int, ceiling: int | None, expires: int | None, nonce: bytes, now: int
) -> dict[str, Any]:
    update, values = _written("if_not_exists(#total, :zero) + :amount", amount, expires, nonce)
    condition = (
        f"attribute_not_exists(#body) AND {ALIVE} AND (attribute_not_exists(#nonce) OR #nonce <> :nonce)"
    )
    if ceiling is not None and amount > 0:
        condition += " AND (attribute_not_exists(#total) OR #total <= :room)"
        values[":room"] = number(ceiling - amount)
    return call(key, update, condition, {":now": number(now)}, values)


def _restart(key: Key, amount: int, expires: int | None, nonce: bytes, now: int) -> dict[str, Any]:
    update, values = _written(":amount", amount, expires, nonce)
    gone = ["#body", "#ipk", "#irank"] + (["#expires_at"] if expires is None else [])
    return call(
        key, f"{update} REMOVE {', '.join(gone)}", "#expires_at <= :now", {":now": number(now)}, values
    )


def _written(total: str, amount: int, expires: int | None, nonce: bytes) -> tuple[str, dict[str, Any]]:
    update = f"SET #total = {total}, {COUNT_UP}, #nonce = :nonce"
    values: dict[str, Any] = {
        ":amount": number(amount),
        ":zero": number(0),
        ":one": number(1),
        ":nonce": {"B": nonce},
    }
    if expires is not None:
        update += ", #expires_at = :expires"
        values[":expires"] = number(expires)
    return update, values
