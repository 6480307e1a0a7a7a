"""The same play on DynamoDB, SQS, S3 and KMS as moto plays them, with the same checks."""

import pytest

from sandbox.rehearsal import Play, judge
from sandbox.rehearsal.boards import on_aws
from sandbox.rehearsal.stage import Stage


def test_five_hundred_events_on_aws_as_moto_plays_it(aws_names: None) -> None:
    with on_aws() as lay:
        stage = Stage(Play(seed=3, events=300, shops=2, products=6, kills=0.004), lay=lay)
        stage.open_shops()
        stage.run()
        verdict = judge(stage)
    assert verdict.complaints == []
    assert verdict.accepted >= 480
    assert stage.kills >= 20


@pytest.fixture
def aws_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
