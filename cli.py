"""Tradewind for people: ``tradewind demo | serve | shops | journal | undo | replay | backtest | doctor``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

BACKTESTS = ("recommendations", "repricing", "translation", "screening")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status says whether it did what it was asked to."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tradewind", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _demo(commands.add_parser("demo", help="replay a real shop's orders through both stores on this machine"))
    backtest = commands.add_parser("backtest", help="what a function would have done on your own history")
    kinds = backtest.add_subparsers(required=True, metavar="FUNCTION")
    for name in BACKTESTS:
        if name in sys.argv or "--help" not in sys.argv:
            _backtest(kinds.add_parser(name), name)
    return parser


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--webhooks", type=int, default=500, help="how many the stores send; 0 for the quarter"
    )
    parser.add_argument(
        "--once", action="store_true", help="end after the table; status 0 only if all is well"
    )
    parser.add_argument("--goods", type=int, default=600, help="how many products the stores have")
    parser.add_argument("--port", type=int, default=8910, help="where the pages are")
    parser.set_defaults(run=_run_demo)


def _run_demo(options: argparse.Namespace) -> int:
    from sandbox.demo import Options, run

    return run(Options(webhooks=options.webhooks, once=options.once, goods=options.goods, port=options.port))


def _backtest(parser: argparse.ArgumentParser, name: str) -> None:
    module = import_module(f"bench.backtest_{name}")
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)


if __name__ == "__main__":
    sys.exit(main())
