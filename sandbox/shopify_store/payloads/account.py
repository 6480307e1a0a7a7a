"""Bodies about the shop, the app in it, and buyers' wishes."""

from sandbox.shopify_store.payloads.amounts import Body, stamp
from sandbox.shopify_store.records import BulkOperation, Customer, gid
from sandbox.shopify_store.shop import LOCATION_NUMBER
from sandbox.shopify_store.state import State


def bulk_operation(state: State, record: BulkOperation) -> Body:
    """bulk_operations/finish."""
    return {
        "admin_graphql_api_id": gid("BulkOperation", record.number),
        "completed_at": stamp(state, record.completed_at),
        "created_at": stamp(state, record.created_at),
        "error_code": record.error_code.lower() if record.error_code else None,
        "status": record.status.lower(),
        "type": record.type.lower(),
    }


def shop(state: State) -> Body:
    """app/uninstalled and shop/update."""
    owner = f"owner@{state.domain}"
    nulls = (
        "source", "latitude", "longitude", "address2", "taxes_included", "auto_configure_tax_inclusivity",
        "tax_shipping", "county_taxes", "google_apps_domain", "google_apps_login_enabled", "password_enabled",
    )  # fmt: skip
    return {
        "id": state.number,
        "name": state.name,
        "email": owner,
        "domain": state.domain,
        "province": "",
        "country": state.country,
        "address1": "1 Sandbox Street",
        "zip": "00000",
        "city": "Sandbox",
        "phone": "",
        "primary_locale": state.primary_locale,
        **dict.fromkeys(nulls),
        "created_at": stamp(state, state.created_at),
        "updated_at": stamp(state, state.now()),
        "country_code": state.country,
        "country_name": state.country,
        "currency": state.currency,
        "customer_email": owner,
        "timezone": f"(GMT+00:00) {state.timezone}",
        "iana_timezone": state.timezone,
        "shop_owner": "Sandbox Owner",
        "money_format": "{{amount}}",
        "money_with_currency_format": f"{{{{amount}}}} {state.currency}",
        "weight_unit": "kg",
        "province_code": "",
        "plan_display_name": "Development",
        "plan_name": "partner_test",
        "has_discounts": False,
        "has_gift_cards": False,
        "myshopify_domain": state.domain,
        "money_in_emails_format": "{{amount}}",
        "money_with_currency_in_emails_format": f"{{{{amount}}}} {state.currency}",
        "eligible_for_payments": True,
        "requires_extra_payments_agreement": False,
        "has_storefront": True,
        "finances": True,
        "primary_location_id": LOCATION_NUMBER,
        "checkout_api_supported": True,
        "multi_location_enabled": False,
        "setup_required": False,
        "pre_launch_enabled": False,
        "enabled_presentment_currencies": [state.currency],
        "marketing_sms_consent_enabled_at_checkout": False,
        "transactional_sms_disabled": False,
    }


def privacy(state: State, buyer: Customer, orders: list[int], *, redact: bool) -> Body:
    """customers/redact and customers/data_request."""
    name = "orders_to_redact" if redact else "orders_requested"
    body: Body = {
        "shop_id": state.number,
        "shop_domain": state.domain,
        "customer": {"id": buyer.number, "email": buyer.email or "", "phone": ""},
        name: orders,
    }
    return body if redact else {**body, "data_request": {"id": 9_999}}


def scopes_update(state: State, before: list[str], after: list[str]) -> Body:
    """app/scopes_update."""
    return {
        "id": 1,
        "shop_id": state.id,
        "previous": before,
        "current": after,
        "updated_at": state.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
