"""The app's configuration file: what our reader knows is subscribed, what functions need is asked for, and no more."""

from pathlib import Path

import pytest

from integrations.shopify import _NEEDS
from integrations.shopify.webhooks import COMPLIANCE, TOPICS
from sandbox.shopify_store import app_file

FILE = Path(__file__).parents[2] / "shopify.app.toml"
UNASKED = {"customers/delete", "disputes/create", "disputes/update"}
"""Their scopes (read_customers, read_shopify_payments_disputes) serve no function."""


def test_every_topic_that_we_read_is_subscribed_but_those_whose_scope_we_do_not_ask_for() -> None:
    app = app_file.read(FILE)
    assert set(app.subscriptions.topics) == set(TOPICS) - COMPLIANCE - UNASKED
    assert app.subscriptions.compliance
    assert app.subscriptions.uri == f"{app.application_url}hooks/shopify"
    for topic, fields in app.subscriptions.fields.items():
        assert not fields or "updated_at" in fields, f"Shopify would merge deliveries of {topic}"


def test_what_functions_need_is_asked_for() -> None:
    assert set(_NEEDS.values()) <= set(app_file.read(FILE).scopes)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"shop/update",', '"shop/update", "disputes/create",', "needs the scope read_shopify_payments_disputes"),
        ('"shop/update",', '"shop/update", "shop/redact",', "either topics or compliance_topics"),
        ('api_version = "2026-10"', 'api_version = "2026-13"', "is not served"),
        ('read_inventory,', "", "needs the scope read_inventory"),
    ],
)  # fmt: skip
def test_what_shopifys_command_line_refuses_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    changed = tmp_path / "shopify.app.toml"
    text = FILE.read_text()
    assert old in text
    changed.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=why):
        app_file.read(changed)
