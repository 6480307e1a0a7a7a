"""The registry: the contract suite knows all of it, and every line is whole."""

import subprocess
import sys

import pytest

from chalicelib.contracts import Capability
from chalicelib.domain.events import EventKind
from integrations import MARKETPLACES
from tests.contract.marketplaces.worlds import WORLDS


def test_every_marketplace_of_the_registry_is_in_the_suite() -> None:
    assert set(MARKETPLACES) <= set(WORLDS)
    assert set(WORLDS) - set(MARKETPLACES) == {"bazaar"}


@pytest.mark.parametrize("name", sorted(MARKETPLACES))
def test_a_registry_line_is_whole(name: str) -> None:
    marketplace = MARKETPLACES[name]
    assert marketplace.name == name
    assert marketplace.label
    assert marketplace.capabilities <= set(Capability)
    assert EventKind.UNKNOWN not in marketplace.topics.values()
    needed = {
        EventKind.PRODUCT_CHANGED,
        EventKind.PRODUCT_DELETED,
        EventKind.ORDER_CREATED,
        EventKind.ORDER_CHANGED,
    }
    assert needed <= set(marketplace.topics.values())


def test_the_registry_loads_nothing_heavy() -> None:
    heavy = ("pydantic", "numpy", "requests", "urllib3", "shopify", "woocommerce", "onnxruntime", "boto3")
    code = f"import sys; import integrations; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(MARKETPLACES))
def test_there_is_one_way_in_and_its_marketplace_says_who_is_paid(name: str) -> None:
    marketplace = MARKETPLACES[name]
    assert (marketplace.keys is None) != (marketplace.app is None)
    assert marketplace.bills == (marketplace.app is not None), "who hands out our app takes our money"
    assert (marketplace.proxy is not None) <= (marketplace.app is not None), "only an app has a secret to sign with"
