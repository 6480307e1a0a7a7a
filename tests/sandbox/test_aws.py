"""AWS on this machine: a transaction that is refused leaves everything as it was."""

import boto3
import pytest

from sandbox.aws import LocalAws

KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]


def test_a_refused_transaction_undoes_its_puts_and_updates() -> None:
    aws = LocalAws()
    try:
        client = boto3.client(
            "dynamodb", endpoint_url=aws.url, region_name="eu-central-1",
            aws_access_key_id="x", aws_secret_access_key="x",
        )  # fmt: skip
        client.create_table(
            TableName="t", KeySchema=KEYS, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )  # fmt: skip

        def item(sort: str, body: str, partition: str = "p") -> dict[str, dict[str, str]]:
            return {"pk": {"S": partition}, "sk": {"S": sort}, "body": {"S": body}}

        for sort in ("put", "update", "other"):
            client.put_item(TableName="t", Item=item(sort, "old"))
        update = {
            "TableName": "t", "Key": {"pk": {"S": "p"}, "sk": {"S": "update"}},
            "UpdateExpression": "SET body = :b", "ExpressionAttributeValues": {":b": {"S": "new"}},
        }  # fmt: skip
        refused = {"TableName": "t", "Item": item("other", "new"), "ConditionExpression": "attribute_not_exists(pk)"}
        fresh = {"TableName": "t", "Item": item("fresh", "new", "q")}
        replaced = {"TableName": "t", "Item": item("put", "new")}
        with pytest.raises(client.exceptions.TransactionCanceledException):
            client.transact_write_items(
                TransactItems=[{"Put": replaced}, {"Put": fresh}, {"Update": update}, {"Put": refused}]
            )
        rows = client.scan(TableName="t")["Items"]
        assert {row["sk"]["S"]: row["body"]["S"] for row in rows} == dict.fromkeys(("put", "update", "other"), "old")
    finally:
        aws.close()
