"""Settings: every wrong field is named at once, secrets are never shown, a deployment refuses the sandbox."""

import pytest

from chalicelib.errors import ConfigurationError
from chalicelib.settings import load_settings

GOOD = {"TRADEWIND_MASTER_KEY": "ab" * 32, "TRADEWIND_BASE_URL": "https://app.example/"}


def test_the_least_that_is_needed() -> None:
    settings = load_settings(GOOD)
    assert settings.base_url == "https://app.example"
    assert settings.secret_generation == 1
    assert not settings.sandbox


def test_everything_wrong_is_said_at_once_with_how_to_mend_it() -> None:
    wrong = {
        "TRADEWIND_MASTER_KEY": "short", "TRADEWIND_BASE_URL": "app.example",
        "TRADEWIND_SECRET_GENERATION": "0", "TRADEWIND_ENDPOINT_URL": "http://127.0.0.1:1",
    }  # fmt: skip
    with pytest.raises(ConfigurationError) as caught:
        load_settings(wrong)
    said = str(caught.value)
    for name in wrong:
        assert name in said
    assert "hexadecimal" in said
    assert "TRADEWIND_SANDBOX=1" in said
    assert "short" not in said


def test_an_empty_environment_names_both_required_fields() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({})
    assert "TRADEWIND_MASTER_KEY" in str(caught.value)
    assert "TRADEWIND_BASE_URL" in str(caught.value)


def test_a_deployment_refuses_the_sandbox() -> None:
    sandbox = {**GOOD, "TRADEWIND_SANDBOX": "1"}
    assert load_settings(sandbox).sandbox
    with pytest.raises(ConfigurationError, match="SANDBOX"):
        load_settings({**sandbox, "AWS_LAMBDA_FUNCTION_NAME": "tradewind-work"})


@pytest.mark.parametrize("address", ["http://app.example", "ftp://app.example", "//app.example"])
def test_outside_the_sandbox_only_https_is_taken(address: str) -> None:
    with pytest.raises(ConfigurationError, match="BASE_URL"):
        load_settings({**GOOD, "TRADEWIND_BASE_URL": address})


def test_secrets_are_read_and_never_shown() -> None:
    settings = load_settings({
        **GOOD, "TRADEWIND_APP_SECRETS": "shopify=canary-now, canary-old; other = canary-x ;empty=",
        "TRADEWIND_DEEPL_KEY": "canary-deepl",
    })  # fmt: skip
    assert settings.app_secrets == {"shopify": ("canary-now", "canary-old"), "other": ("canary-x",)}
    assert settings.deepl_key == "canary-deepl"
    assert "canary" not in repr(settings)
    assert "abab" not in repr(settings)


def test_webhooks_may_go_to_an_address_of_their_own() -> None:
    assert load_settings(GOOD).hooks_url == ""
    assert load_settings({**GOOD, "TRADEWIND_HOOKS_URL": "https://x.lambda-url.eu.on.aws/"}).hooks_url == (
        "https://x.lambda-url.eu.on.aws"
    )
    with pytest.raises(ConfigurationError, match="TRADEWIND_HOOKS_URL must begin with https://"):
        load_settings({**GOOD, "TRADEWIND_HOOKS_URL": "http://x.example"})
