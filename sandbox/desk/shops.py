"""``tradewind shops``: connect, list, switch modes, disconnect."""

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlencode, urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from chalicelib import billing, connecting, limits, price_inputs, secrets
from chalicelib.contracts import Credentials
from chalicelib.domain.events import Schedule
from chalicelib.domain.ids import FunctionName, ShopId, shop_id
from chalicelib.domain.shop import Mode, Shop
from chalicelib.errors import AppError, Conflict
from chalicelib.services import Services
from chalicelib.web import storefront
from sandbox import desk
from sandbox.platform import STOREFRONT

PATIENCE_S = 1800
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands of ``tradewind shops``."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    connect = commands.add_parser("connect", help="connect a store").add_subparsers(
        required=True, metavar="STORE"
    )
    _woocommerce(connect.add_parser("woocommerce", help="by address, key and secret"))
    _shopify(connect.add_parser("shopify", help="by domain and access token"))
    commands.add_parser("list", help="the connected shops").set_defaults(run=show)
    leave = commands.add_parser("disconnect", help="stop, and forget the credentials")
    leave.add_argument("shop")
    leave.set_defaults(run=disconnect)
    again = commands.add_parser("reconcile", help="ask a store now what changed, and mend its webhooks")
    again.add_argument("shop")
    again.set_defaults(run=reconcile)
    pays = commands.add_parser("billing", help="set the plan of a shop whose marketplace bills nothing")
    pays.add_argument("shop")
    pays.add_argument("plan", choices=[plan.name for plan in billing.PLANS])
    pays.set_defaults(run=choose_plan)
    shelf = commands.add_parser("storefront", help="what a theme asks for recommendations while a buyer waits")
    shelf.add_argument("shop")
    shelf.set_defaults(run=show_storefront)
    for name, words, run in _FILES:
        one = commands.add_parser(name, help=words)
        one.add_argument("file", metavar="FILE.toml")
        one.set_defaults(run=run)
    for name, words, run in _PRICES:
        one = commands.add_parser(name, help=words)
        one.add_argument("shop")
        one.add_argument("file", metavar="FILE.csv")
        one.set_defaults(run=run)
    mode = commands.add_parser("mode", help="how far a function may go in a shop")
    mode.add_argument("shop")
    mode.add_argument("function")
    mode.add_argument("mode", choices=[str(one) for one in Mode])
    mode.set_defaults(run=switch)


def _woocommerce(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", required=True, help="the store's address, for example https://shop.example")
    parser.add_argument("--key", required=True, help="consumer key (ck_…) with read and write permission")
    parser.add_argument("--secret", required=True, help="consumer secret (cs_…)")
    _common(parser)
    parser.set_defaults(run=connect_woocommerce)


def _shopify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--domain", required=True, help="the shop's domain, ending in .myshopify.com")
    parser.add_argument("--token", required=True, help="an Admin API access token")
    parser.add_argument("--endpoint", default="", help="where its API answers, if elsewhere (a sandbox)")
    _common(parser)
    parser.set_defaults(run=connect_shopify)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sandbox", action="store_true", help="allow plain http and loopback addresses")
    parser.add_argument(
        "--mode",
        choices=[str(one) for one in Mode if one is not Mode.SHADOW],
        default=str(Mode.PROPOSE),
        help="of every function at first",
    )


def connect_woocommerce(options: argparse.Namespace) -> int:
    """Connect a WooCommerce store; the same address always becomes the same shop."""
    services = desk.services()
    url = options.url.rstrip("/")
    account = secrets.derive(services.settings.master_key, "shop", "woocommerce", url).hex()[:24]
    draft = _draft("woocommerce", account, url, options.sandbox)
    credentials = Credentials(values={"consumer_key": options.key, "consumer_secret": options.secret})
    return _connect(services, draft, credentials, Mode(options.mode))


def connect_shopify(options: argparse.Namespace) -> int:
    """Connect a Shopify store by a token of its own."""
    services = desk.services()
    domain = options.domain.lower()
    if not _DOMAIN.fullmatch(domain):
        return _say(f"{options.domain} is not a shop's domain; it must end in .myshopify.com")
    draft = _draft("shopify", domain, options.endpoint.rstrip("/") or f"https://{domain}", options.sandbox)
    return _connect(services, draft, Credentials(values={"access_token": options.token}), Mode(options.mode))


def _draft(marketplace: str, account: str, endpoint: str, sandbox: bool) -> Shop:
    return Shop(
        id=shop_id(marketplace, account), marketplace=marketplace, name=urlsplit(endpoint).netloc,
        endpoint=endpoint, currency="XXX", sandbox=sandbox,
    )  # fmt: skip


def _connect(services: Services, draft: Shop, credentials: Credentials, mode: Mode) -> int:
    if not draft.endpoint.startswith("https://") and not draft.sandbox:
        return _say("The address must begin with https:// (a store on this machine needs --sandbox).")
    try:
        modes = dict.fromkeys(services.functions, mode)
        shop = connecting.connect(services, draft, credentials, by="operator", modes=modes)
    except AppError as error:
        return _say(f"Not connected: {error}")
    print(
        f"Connected {shop.name} as {shop.id} ({shop.currency}).\nWebhooks: {connecting.address(services, shop)}"
    )
    return _follow(services, shop.id)


def _follow(services: Services, shop: ShopId) -> int:
    """Show the first sync until it ends; it goes on without us."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} read")
    ) as bar:
        task = bar.add_task("reading products and orders", total=None)
        end = monotonic() + PATIENCE_S
        while monotonic() < end:
            syncs = sorted(
                (j for j in services.jobs.all(shop) if j.kind == "sync"), key=lambda j: j.started_at
            )
            if syncs:
                bar.update(task, completed=syncs[-1].done)
                if syncs[-1].finished_at is not None:
                    bar.update(task, total=syncs[-1].done)
                    return 0
            sleep(0.5)
    return _say("The first sync is still under way; see `tradewind shops list`.")


def plan(options: argparse.Namespace) -> int:
    """The difference between a file and what runs."""
    from chalicelib import policies

    try:
        found = policies.plan(desk.services(), Path(options.file).read_text())
    except (AppError, OSError) as error:
        return _say(str(error))
    for difference in found.differences:
        print(difference)
    print(f"{len(found.differences)} differences in {len(found.changed)} shops")
    return 0


def apply(options: argparse.Namespace) -> int:
    """Make what runs be what the file says."""
    from chalicelib import policies

    services = desk.services()
    try:
        found = policies.plan(services, Path(options.file).read_text())
        changed = policies.apply(services, found, "operator")
    except Conflict:
        return _say("Somebody changed a shop's settings meanwhile; run `tradewind shops plan` and apply again.")
    except (AppError, OSError) as error:
        return _say(str(error))
    print(f"{len(changed)} shops changed")
    return 0


def export(options: argparse.Namespace) -> int:
    """Write what runs."""
    from chalicelib import policies

    Path(options.file).write_text(policies.export(desk.services()))
    print(f"written to {options.file}")
    return 0


_FILES = (
    ("plan", "show the difference between a file and what runs", plan),
    ("apply", "make what runs be what the file says", apply),
    ("export", "write what runs to a file", export),
)


def costs(options: argparse.Namespace) -> int:
    """Take in unit costs; rows that cannot be used are named with their lines."""
    return _take(options, price_inputs.take_costs)


def rivals(options: argparse.Namespace) -> int:
    """Take in competitors' prices; titles that no code matches wait on the page for a person."""
    return _take(options, price_inputs.take_rivals)


def _take(options: argparse.Namespace, take: Callable[[Services, Shop, bytes, str], price_inputs.Taken]) -> int:
    services = desk.services()
    try:
        shop = services.shops.get(ShopId(options.shop))
        taken = take(services, shop, Path(options.file).read_bytes(), "operator")
    except (AppError, OSError) as error:
        return _say(str(error))
    for fault in taken.faults:
        print(f"{options.file}: {fault}", file=sys.stderr)
    print(f"{shop.name}: {taken}")
    if taken.asked:
        print(f"Confirm the matches at {services.settings.base_url}/s/{shop.id}/prices")
    return 1 if taken.faults else 0


_PRICES = (
    ("costs", "take in unit costs: sku (or barcode, variant_id) and cost", costs),
    ("rivals", "take in competitors' prices: sku, barcode or title, and price", rivals),
)


def show(options: argparse.Namespace) -> int:
    """One line per shop."""
    services = desk.services()
    table = Table("shop", "name", "state", "waiting", "problems", *services.functions)
    for shop, state in services.shops.all():
        profile, policy = services.shops.with_policy(shop)
        waiting = sum(1 for name in services.functions for _ in services.proposals.waiting(shop, name))
        problems = sum(1 for _ in services.problems.all(shop))
        modes = [str(policy.mode(name)) for name in services.functions]
        table.add_row(shop, profile.name, str(state), str(waiting), str(problems), *modes)
    Console().print(table)
    return 0


def disconnect(options: argparse.Namespace) -> int:
    """End a connection from our side."""
    services = desk.services()
    try:
        shop = services.shops.get(ShopId(options.shop))
    except AppError as error:
        return _say(str(error))
    connecting.disconnect(services, shop, by="operator")
    print(f"{shop.name} is disconnected; its credentials are forgotten.")
    return 0


def reconcile(options: argparse.Namespace) -> int:
    """What our clock does by itself from time to time, at once."""
    services = desk.services()
    try:
        shop = services.shops.get(ShopId(options.shop))
    except AppError as error:
        return _say(str(error))
    connecting.schedule(services, shop.id, Schedule.RECONCILE)
    print(f"{shop.name} is asked what changed; its webhooks are mended where they stopped.")
    return 0


def show_storefront(options: argparse.Namespace) -> int:
    """The query that a theme puts behind the storefront's address; Shopify's proxy signs its own."""
    services = desk.services()
    try:
        shop = services.shops.get(ShopId(options.shop))
    except AppError as error:
        return _say(str(error))
    query = urlencode({"shop": shop.id, "key": storefront.key_of(services, shop.id), "slot": "related"})
    print(f"The storefront's address (the stack's StorefrontURL, here {services.settings.base_url}{STOREFRONT}) with:")
    print(f"?{query}&product=PRODUCT_ID")
    return 0


def choose_plan(options: argparse.Namespace) -> int:
    """Set what a merchant pays for."""
    services = desk.services()
    try:
        shop = billing.choose(services, services.shops.get(ShopId(options.shop)), options.plan, by="operator")
    except AppError as error:
        return _say(str(error))
    print(f"{shop.name} is on the plan {billing.plan_of(shop).label}.")
    return 0


def switch(options: argparse.Namespace) -> int:
    """Set one function's mode."""
    services = desk.services()
    if options.function not in services.functions:
        return _say(f"There is no function {options.function}; there are: {', '.join(services.functions)}.")
    allowed = limits.modes_of(services.functions[FunctionName(options.function)].capabilities)
    if options.mode not in allowed:
        return _say(f"{options.function} knows the modes {', '.join(allowed)}.")
    shop = ShopId(options.shop)
    policy = services.shops.policy(shop)
    modes = {**policy.modes, FunctionName(options.function): Mode(options.mode)}
    services.shops.save_policy(shop, replace(policy, modes=modes))
    if policy.mode(FunctionName(options.function)) is Mode.OFF and options.mode != Mode.OFF:
        connecting.schedule(services, shop, Schedule.TRAIN)  # it slept when the others learned
    print(f"{options.function} is {options.mode} in {shop}.")
    waiting = sum(1 for _ in services.proposals.waiting(shop, FunctionName(options.function)))
    if options.mode == Mode.AUTOMATIC and waiting:
        print(f"What was proposed before, {waiting} changes, still waits for a person: {services.settings.base_url}/")
    return 0


def _say(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
