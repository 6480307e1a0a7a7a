"""Table, bucket and key. They outlive the stack: deleting it must not delete a merchant's journal."""

from chalicelib.adapters.dynamodb_table import EXPIRY, SCHEMA
from infra.intrinsics import Block, att, document, ref, resource, sub

_KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
_BLOCKED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def storage() -> Block:
    """The resources by name."""
    return {
        "Table": resource("DynamoDB::Table", _table(), **_KEPT),
        "Bucket": resource("S3::Bucket", _bucket(), **_KEPT),
        "BucketPolicy": resource("S3::BucketPolicy", _only_encrypted_transport()),
        "Key": resource("KMS::Key", _key(), **_KEPT),
    }


def _table() -> Block:
    """The schema is the adapter's own; what follows has no place in CreateTable."""
    return {
        **SCHEMA,
        "TimeToLiveSpecification": {"AttributeName": EXPIRY, "Enabled": True},
        # Backups must be gone before the thirty days in which an erasure has to be complete.
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 14},
        "DeletionProtectionEnabled": True,
    }


def _bucket() -> Block:
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    uploads = {
        "Id": "broken-uploads",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    return {
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
        "PublicAccessBlockConfiguration": dict.fromkeys(_BLOCKED, True),
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        # No versioning: what is erased is erased. What is left of broken uploads goes after a week.
        "LifecycleConfiguration": {"Rules": [uploads]},
    }


def _only_encrypted_transport() -> Block:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [att("Bucket", "Arn"), sub("${Bucket.Arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Bucket": ref("Bucket"), "PolicyDocument": document(statement)}


def _key() -> Block:
    """The account's administrators keep it; functions use it through their own roles."""
    owner = {
        "Sid": "TheAccountDelegatesToItsRoles",
        "Effect": "Allow",
        "Principal": {"AWS": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
        "Action": "kms:*",
        "Resource": "*",
    }
    return {
        "Description": "Seals the stores' credentials, each under its shop",
        "EnableKeyRotation": True,
        "KeyPolicy": document(owner),
    }
