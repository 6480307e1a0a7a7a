"""Tradewind for people: ``tradewind demo | serve | shops | doctor | translate | memory | journal | …``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module

BACKTESTS = ("recommendations", "repricing", "screening", "translation")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status says whether it did what it was asked to."""
    options, rest = _parser().parse_known_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    if isinstance(run, _Backtest):
        options.rest = rest
    elif rest:
        _parser().error(f"unknown arguments: {' '.join(rest)}")
    return run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tradewind", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _demo(commands.add_parser("demo", help="replay a real shop's orders through both stores on this machine"))
    _serve(commands.add_parser("serve", help="run the platform on this machine, empty, for your own stores"))
    _shops(commands.add_parser("shops", help="connect, list, switch and disconnect shops"))
    _records(commands)
    _translations(commands)
    _doctor(commands.add_parser("doctor", help="what is well, what is not, and what to do about it"))
    backtest = commands.add_parser("backtest", help="what a function would have done on your own history")
    kinds = backtest.add_subparsers(required=True, metavar="FUNCTION")
    for name in BACKTESTS:
        kinds.add_parser(name, add_help=False).set_defaults(run=_Backtest(name))
    return parser


def _serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="where pages and webhooks are; otherwise 8080 or, if taken, 8910")
    parser.add_argument("--public-url", default="", help="how stores reach this machine, if otherwise")
    parser.set_defaults(run=_run_serve)


def _run_serve(options: argparse.Namespace) -> int:
    from sandbox.serving import serve

    return serve(options.port, options.public_url)


def _shops(parser: argparse.ArgumentParser) -> None:
    from sandbox.desk.shops import add_arguments

    add_arguments(parser)


def _records(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from sandbox.desk import records

    journal = commands.add_parser("journal", help="what was done, newest first")
    journal.add_argument("shop", nargs="?", default="")
    journal.add_argument("--lines", type=int, default=30)
    journal.set_defaults(run=records.journal)
    undo = commands.add_parser("undo", help="take back one change, a day's, or all that was applied")
    undo.add_argument("shop")
    undo.add_argument("proposal", nargs="?", default="")
    undo.add_argument("--day", default="", help="only changes of that day, as 2026-11-23")
    undo.set_defaults(run=records.undo)
    appeal = commands.add_parser("appeal", help="everything that is kept of how one order was screened, as JSON")
    appeal.add_argument("shop")
    appeal.add_argument("order", help="the store's id of the order")
    appeal.add_argument("--out", default="", help="a file; the terminal without it")
    appeal.set_defaults(run=records.appeal)
    replay = commands.add_parser("replay", help="send what nobody could process to work again")
    replay.set_defaults(run=records.replay)


def _translations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from sandbox.desk import translations

    translations.add_translate(commands.add_parser("translate", help="a whole catalogue, after a forecast"))
    translations.add_memory(commands.add_parser("memory", help="the translation memory as TMX or CSV"))


def _doctor(parser: argparse.ArgumentParser) -> None:
    from sandbox.desk import doctor

    parser.add_argument("shop", nargs="?", default="", help="one shop; all without it")
    parser.set_defaults(run=doctor.examine)


class _Backtest:
    """Loads a backtest only when it is asked for: its libraries take a second to import."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, options: argparse.Namespace) -> int:
        module = import_module(f"bench.backtest_{self._name}")
        parser = argparse.ArgumentParser(prog=f"tradewind backtest {self._name}", description=module.__doc__)
        module.add_arguments(parser)
        return int(module.run(parser.parse_args(options.rest)))


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--webhooks", type=int, default=500, help="how many the stores send; 0 for the quarter"
    )
    parser.add_argument(
        "--once", action="store_true", help="end after the table; status 0 only if all is well"
    )
    parser.add_argument("--goods", type=int, default=120, help="how many products the stores have")
    parser.add_argument("--since", default="2011-08-01", help="from when on the stores have a past (2010-12-01 to …)")
    parser.add_argument("--port", type=int, default=8910, help="where the pages are")
    parser.set_defaults(run=_run_demo)


def _run_demo(options: argparse.Namespace) -> int:
    from sandbox.demo import Options, run

    try:
        since = datetime.fromisoformat(options.since).replace(tzinfo=UTC)
    except ValueError:
        sys.exit("--since wants a date such as 2011-08-01")
    return run(
        Options(
            webhooks=options.webhooks, once=options.once, goods=options.goods, port=options.port, since=since
        )
    )


if __name__ == "__main__":
    sys.exit(main())
