"""What the fault tests share."""

import pytest


@pytest.fixture
def aws_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that open nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
