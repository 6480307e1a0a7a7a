"""Buyers with accounts: shown, made, changed, deleted."""

import hashlib
from typing import Any

from sandbox.woocommerce_store.rest_errors import RestError, missing_params
from sandbox.woocommerce_store.rows import Customer
from sandbox.woocommerce_store.schema import OBJECT, OBJECTS, STRING, Schema, clean
from sandbox.woocommerce_store.shop import Shop, render_meta, update_meta
from sandbox.woocommerce_store.site import link, self_link

WRITABLE: Schema = {
    **dict.fromkeys(("email", "first_name", "last_name", "username", "password"), STRING),
    **dict.fromkeys(("billing", "shipping"), OBJECT),
    "meta_data": OBJECTS,
}
_BILLING = (
    "first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state",
    "email", "phone",
)  # fmt: skip
_SHIPPING = (*_BILLING[:9], "phone")


def find(shop: Shop, number: int, status: int = 404) -> Customer:
    """Give a customer; raises ``woocommerce_rest_invalid_id``."""
    customer = shop.customers.get(number)
    if customer is None:
        raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", status)
    return customer


def create(shop: Shop, given: dict[str, Any], *, announce: bool = True) -> Customer:
    """Open an account and announce ``customer.created``."""
    fields = clean(WRITABLE, given)
    email = fields.get("email")
    if not email:
        raise missing_params(["email"])
    if "@" not in email:
        raise RestError("registration-error-invalid-email", "Please provide a valid email address.", 400)
    if email in shop.customer_ids:
        message = f"An account is already registered with {email}. Please log in or use a different email address."
        raise RestError("registration-error-email-exists", message, 400)
    now = shop.now()
    username = fields.get("username") or email.split("@")[0]
    customer = Customer(id=shop.number("user") + 1, created_at=now, modified_at=now, email=email, username=username)
    shop.customers[customer.id] = customer
    shop.customer_ids[email] = customer.id
    _write(shop, customer, fields)
    if announce:
        shop.announce("customer.created", customer.id)
    return customer


def update(shop: Shop, customer: Customer, given: dict[str, Any]) -> Customer:
    """Change an account and announce ``customer.updated``."""
    _write(shop, customer, clean(WRITABLE, given))
    customer.modified_at = shop.now()
    shop.announce("customer.updated", customer.id)
    return customer


def delete(shop: Shop, customer: Customer) -> None:
    """Delete an account: its orders lose their customer, and ``customer.deleted`` is announced."""
    del shop.customers[customer.id]
    shop.customer_ids.pop(customer.email, None)
    for order in shop.orders.values():
        if order.customer_id == customer.id:
            order.customer_id = 0
    shop.changed()
    shop.announce("customer.deleted", customer.id)


def render_customer(shop: Shop, customer: Customer) -> dict[str, Any]:
    """Give the body of ``customers/{id}`` with the captured field set."""
    site, path = shop.site, f"customers/{customer.id}"
    digest = hashlib.sha256(customer.email.strip().lower().encode()).hexdigest()
    return {
        "id": customer.id,
        "date_created": site.local(customer.created_at),
        "date_created_gmt": site.gmt(customer.created_at),
        "date_modified": site.local(customer.modified_at),
        "date_modified_gmt": site.gmt(customer.modified_at),
        "email": customer.email,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "role": customer.role,
        "username": customer.username,
        "billing": {name: customer.billing.get(name, "") for name in _BILLING},
        "shipping": {name: customer.shipping.get(name, "") for name in _SHIPPING},
        "is_paying_customer": customer.is_paying_customer,
        "avatar_url": f"https://secure.gravatar.com/avatar/{digest}?s=96&d=mm&r=g",
        "meta_data": render_meta(customer.meta_data),
        "_links": {"self": self_link(site, path), "collection": link(site, "customers")},
    }


def _write(shop: Shop, customer: Customer, fields: dict[str, Any]) -> None:
    for name in ("first_name", "last_name"):
        setattr(customer, name, fields.get(name, getattr(customer, name)))
    for name, allowed in (("billing", _BILLING), ("shipping", _SHIPPING)):
        given = fields.get(name) or {}
        getattr(customer, name).update({key: str(given[key]) for key in allowed if given.get(key) is not None})
    if "meta_data" in fields:
        update_meta(shop, customer.meta_data, fields["meta_data"])
    shop.changed()
