"""The one table: its keys, its index, its expiry. The deployment's template is written from this too."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

INDEX = "queue"
EXPIRY = "expires_at"

SCHEMA: dict[str, Any] = {
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
        {"AttributeName": "ipk", "AttributeType": "S"},
        {"AttributeName": "irank", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": INDEX,
            "KeySchema": [
                {"AttributeName": "ipk", "KeyType": "HASH"},
                {"AttributeName": "irank", "KeyType": "RANGE"},
            ],
            # All attributes: a page of the review queue is one query. Only waiting records are in it.
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
"""Said alike by CreateTable and by CloudFormation's AWS::DynamoDB::Table."""


def create_table(client: "DynamoDBClient", name: str) -> None:
    """Make the table where there is no CloudFormation: in the sandbox and in tests."""
    client.create_table(TableName=name, **SCHEMA)
    client.get_waiter("table_exists").wait(TableName=name)
    client.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY}
    )
