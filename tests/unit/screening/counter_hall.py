"""A shop at whose counter orders come in, and a model that says what the test wants it to say.

The probability stands in the order's own ``signal_p``; everything else is the real road.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from chalicelib.domain.actions import HoldOrder, Target
from chalicelib.domain.ids import FunctionName, OrderId
from chalicelib.domain.money import Money
from chalicelib.domain.orders import Order
from chalicelib.domain.proposals import ModelVersion, Proposal, Status
from chalicelib.domain.screening import Screening
from chalicelib.domain.shop import Mode, OrderLimits, Policy
from functions import FUNCTIONS
from functions.screening import verdicts
from functions.screening.scoring import Scored
from sandbox.bazaar import Stall
from sandbox.rehearsal.scenes import an_order, deliver, opened
from sandbox.rehearsal.stage import Stage

SCREENING = FunctionName("screening")
TERMS = (("ip_1h",), ("units",))


def scripted(models: Any, rows: Sequence[Any]) -> Scored:
    """What the test wants to hear: ``signal_p`` of each row, 1 % where it has none."""
    p = np.array([float(row.get("signal_p") or 0.01) for row in rows])
    told = np.tile(np.array([[1.5, -0.5]], np.float32), (len(rows), 1))
    return Scored(p, told, -3.0, TERMS, ModelVersion("screening", "scripted", "0" * 12))


@pytest.fixture
def scripted_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "score", scripted)


def counter(*, mode: Mode = Mode.AUTOMATIC, hold: bool = True, **limits: Any) -> Stage:
    """One shop that screens its orders."""

    def policy(known: Policy) -> Policy:
        return replace(known, orders=OrderLimits(hold=hold, **limits))

    return opened(FUNCTIONS[SCREENING], mode=mode, policy=policy)


def stall(stage: Stage) -> Stall:
    return stage.bazaar.stalls["stall0"]


def order(stage: Stage, name: str = "o1", p: float | None = None, total: str = "200", **fields: Any) -> Order:
    """An order whose probability of fraud the model will put at ``p``."""
    plain = an_order(stage.clock.now(), name)
    line = replace(plain.lines[0], unit_price=Money(Decimal(total), "EUR"))
    signals = () if p is None else (("p", p),)
    return replace(
        plain, total=Money(Decimal(total), "EUR"), lines=(line,), signals=signals, number=f"#{name}", **fields
    )


def place(stage: Stage, made: Order) -> None:
    """It comes in, is told of, and worked on until all is quiet."""
    stall(stage).put_order(made)
    deliver(stage, stall(stage).drain())
    stage.settle()


def hold_of(name: str = "o1") -> Target:
    return HoldOrder(order_id=OrderId(name), note="").target


def held(stage: Stage, name: str = "o1") -> bool:
    return stall(stage).values.get(hold_of(name)) is True


def verdict(stage: Stage, name: str = "o1") -> Screening:
    found = stage.services.screenings.get(stage.shops[0], OrderId(name))
    assert found is not None
    return found


def proposals(stage: Stage, *kinds: type, status: Status | None = None) -> list[Proposal]:
    every = stage.services.proposals.every(stage.shops[0])
    wanted: Callable[[Proposal], bool] = lambda p: (  # noqa: E731
        (not kinds or isinstance(p.action, kinds)) and (status is None or p.status is status)
    )
    return [p for p in every if wanted(p)]
