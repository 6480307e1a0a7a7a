"""Records as DynamoDB items, and the expressions that write them.

pk, sk            the key
body              JSON text, or the same deflated where it is longer than a write unit (1 kB)
version           counts up on every write; every condition of ours compares it
nonce             who wrote last: how a retried write recognises its own work
ipk, irank        the index ``queue``, where the record waits in one
expires_at        seconds since 1970; DynamoDB deletes days later, so it is compared on every read
total             instead of ``body``: a counter
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.adapters.encoding import decode_body, encode_body, expiry_moment, expiry_seconds
from chalicelib.adapters.limits import ITEM_BYTES
from chalicelib.ports import ABSENT, Key, Record

Item = Mapping[str, Any]

PLAIN_BYTES = 1024
ALIVE = "(attribute_not_exists(#expires_at) OR #expires_at > :now)"
COUNT_UP = "#version = if_not_exists(#version, :zero) + :one"


def item_key(key: Key) -> dict[str, Any]:
    """The key as DynamoDB wants it."""
    return {"pk": {"S": key.partition}, "sk": {"S": key.sort}}


def key_of(item: Item) -> Key:
    """The key of an item."""
    return Key(item["pk"]["S"], item["sk"]["S"])


def is_alive(item: Item, now: float) -> bool:
    """Whether readers may see it."""
    return "expires_at" not in item or int(item["expires_at"]["N"]) > now


def version_of(item: Item) -> int:
    """Which version lies there."""
    return int(item["version"]["N"])


def to_record(item: Item) -> Record:
    """An item as everybody else sees it; a counter's body is its total."""
    return Record(
        key=key_of(item),
        body=_unpack(item["body"]) if "body" in item else {"total": int(item["total"]["N"])},
        version=version_of(item),
        index=(item["ipk"]["S"], item["irank"]["S"]) if "ipk" in item else None,
        expires_at=expiry_moment(int(item["expires_at"]["N"])) if "expires_at" in item else None,
    )


def to_attributes(record: Record) -> dict[str, Any]:
    """What of a record is written, key, version and nonce apart. Raises ValueError when it is too large."""
    attributes: dict[str, Any] = {"body": _pack(record)}
    if record.index is not None:
        attributes["ipk"], attributes["irank"] = ({"S": part} for part in record.index)
    if record.expires_at is not None:
        attributes["expires_at"] = {"N": str(expiry_seconds(record.expires_at))}
    return attributes


def to_item(record: Record, version: int, nonce: bytes) -> dict[str, Any]:
    """A whole item, for batches."""
    return item_key(record.key) | to_attributes(record) | {"version": number(version), "nonce": {"B": nonce}}


def stored(record: Record, version: int) -> Record:
    """The record as it lies there now."""
    expires_at = record.expires_at and expiry_moment(expiry_seconds(record.expires_at))
    return replace(record, version=version, expires_at=expires_at)


def wrote(item: Item, nonce: bytes) -> bool:
    """Whether the write with this nonce left the item as it is."""
    return item.get("nonce", {}).get("B") == nonce  # type: ignore[no-any-return]


def put_call(record: Record, expected: int | None, nonce: bytes, now: int) -> dict[str, Any]:
    """UpdateItem's arguments that replace a record as a whole: only an update can count the version up."""
    written = to_attributes(record) | {"nonce": {"B": nonce}}
    absent = [f"#{name}" for name in ("ipk", "irank", "expires_at", "total") if name not in written]
    update = f"SET {', '.join(f'#{name} = :{name}' for name in written)}, {COUNT_UP}"
    update += f" REMOVE {', '.join(absent)}"
    values = {f":{name}": value for name, value in written.items()} | {":zero": number(0), ":one": number(1)}
    return call(record.key, update, *guard(expected, now), values)


def delete_call(key: Key, expected: int | None, now: int) -> dict[str, Any]:
    """DeleteItem's arguments."""
    return call(key, "", *guard(expected, now), {})


def guard(expected: int | None, now: int) -> tuple[str, dict[str, Any]]:
    """The condition on a version, and its values. Expired records count as absent, as for every reader."""
    if expected is None:
        return "", {}
    if expected == ABSENT:
        return "attribute_not_exists(#pk) OR #expires_at <= :now", {":now": number(now)}
    return f"#version = :expected AND {ALIVE}", {":now": number(now), ":expected": number(expected)}


def call(
    key: Key, update: str, condition: str, guarded: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """One write's arguments; DynamoDB refuses empty or unused parts."""
    made = {"Key": item_key(key)} | names_and_values(f"{update} {condition}", {**values, **guarded})
    if update:
        made["UpdateExpression"] = update
    if condition:
        made |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return made


def names_and_values(expressions: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the expressions mention; names always by placeholder, for half of ours are reserved words."""
    names = {name: name[1:] for name in re.findall(r"#\w+", expressions)}
    parts = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    return {name: part for name, part in parts.items() if part}


def between(hash_name: str, hash_value: str, range_name: str, low: str, high: str | None) -> dict[str, Any]:
    """Query's arguments for an inclusive stretch of one partition; an empty ``low`` is open."""
    condition, values = f"#{hash_name} = :hash", {":hash": {"S": hash_value}}
    if low and high is not None:
        condition += f" AND #{range_name} BETWEEN :low AND :high"
    elif low:
        condition += f" AND #{range_name} >= :low"
    elif high is not None:
        condition += f" AND #{range_name} <= :high"
    bounds = {":low": low, ":high": high}
    values |= {name: {"S": bound} for name, bound in bounds.items() if bound}
    return {"KeyConditionExpression": condition} | names_and_values(condition, values)


def in_partitions(prefix: str) -> dict[str, Any]:
    """Scan's arguments for the partitions that begin so; expiry is read because the dead do not count."""
    made = {"ProjectionExpression": "#pk, #expires_at"}
    if prefix:
        made["FilterExpression"] = "begins_with(#pk, :prefix)"
    values = {":prefix": {"S": prefix}} if prefix else {}
    return made | names_and_values("#pk #expires_at", values)


def number(value: int) -> dict[str, str]:
    """A number as DynamoDB spells it."""
    return {"N": str(value)}


def _pack(record: Record) -> dict[str, Any]:
    text = encode_body(record.body)
    if len(text) <= PLAIN_BYTES:
        return {"S": text}
    packed = zlib.compress(text.encode("ascii"))
    if len(packed) > ITEM_BYTES:
        raise ValueError(f"{record.key}: {len(packed)} bytes packed; at most {ITEM_BYTES} fit, use a blob")
    return {"B": packed}


def _unpack(body: Mapping[str, Any]) -> dict[str, Any]:
    return decode_body(body["S"] if "S" in body else zlib.decompress(body["B"]).decode("ascii"))
