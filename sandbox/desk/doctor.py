"""``tradewind doctor [SHOP]``: looks at everything once and says what to do; status 1 if anything is wrong."""

import argparse
from collections.abc import Iterable

from rich.console import Console

from chalicelib import diagnosis
from chalicelib.contracts import Finding
from chalicelib.domain.ids import ShopId
from chalicelib.errors import AppError
from sandbox import desk


def examine(options: argparse.Namespace) -> int:
    """The deployment, then one shop or all of them."""
    services, console = desk.services(), Console(highlight=False)
    wrong = _print(console, "Deployment", diagnosis.deployment(services))
    names = [ShopId(options.shop)] if options.shop else [shop for shop, _ in services.shops.all()]
    for name in names:
        try:
            wrong += _print(console, name, diagnosis.shop(services, name))
        except AppError as error:
            console.print(f"{name}: {error.merchant_message}", markup=False)
            wrong += 1
    console.print("All is well." if not wrong else f"{wrong} things need somebody.")
    return 1 if wrong else 0


def _print(console: Console, title: str, findings: Iterable[Finding]) -> int:
    console.print(f"\n{title}", style="bold", markup=False)
    wrong = 0
    for one in findings:
        wrong += not one.ok
        mark = "ok  " if one.ok else "LOOK"
        console.print(f"  {mark}  {one.code.replace('_', ' ')}: {one.message}", markup=False)
        if one.remedy:
            console.print(f"        → {one.remedy}", markup=False)
    return wrong
