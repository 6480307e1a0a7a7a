"""What AWS charges, as its public price lists for US East (N. Virginia) said on the day below, in US dollars.

Sources: the price pages of Lambda, SQS, DynamoDB (on-demand, since its reduction of 2024-11-01), API Gateway,
CloudWatch, EC2's data transfer and KMS. No free tier and no volume discount is taken off. A function URL costs
nothing beside the function's own requests and time; time to start a container has been billed since August 2025.
Frankfurt (eu-central-1) asks up to a quarter more for DynamoDB.
"""

from typing import Final

AS_OF: Final = "2026-11-23"
REGION: Final = "us-east-1"

LAMBDA_REQUEST: Final = 0.20e-6
LAMBDA_GB_SECOND: Final = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
SQS_REQUEST: Final = 0.40e-6
"""A standard queue's request, up to 64 KB."""
DYNAMODB_WRITE_UNIT: Final = 0.625e-6
"""One write of up to 1 KB; a write in a transaction is two."""
DYNAMODB_READ_UNIT: Final = 0.125e-6
"""One consistent read of up to 4 KB."""
DATA_OUT_GB: Final = 0.09
"""To the internet."""
LOGS_GB: Final = 0.50
KMS_REQUEST: Final = 3.0e-6
