"""Gives every test of the suite each marketplace in turn."""

from collections.abc import Iterator

import pytest

from tests.contract.marketplaces.worlds import WORLDS, World


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with WORLDS[request.param]() as made:
        yield made
