"""``tradewind translate`` and ``tradewind memory``: a catalogue into a language, and the memory as a file."""

import argparse
import sys
from pathlib import Path
from time import sleep

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from chalicelib import errands, runs
from chalicelib.contracts import Capability
from chalicelib.domain.ids import FunctionName, Locale, ShopId
from chalicelib.errors import AppError
from chalicelib.services import Services
from chalicelib.storage.jobs import Job
from sandbox import desk


def add_translate(parser: argparse.ArgumentParser) -> None:
    """``tradewind translate SHOP --into de,fr [--forecast] [--yes]``."""
    parser.add_argument("shop")
    parser.add_argument("--into", required=True, help="language codes with commas between them, for example de,fr")
    parser.add_argument("--forecast", action="store_true", help="only say what it would cost")
    parser.add_argument("--yes", action="store_true", help="go on after the forecast without asking")
    parser.set_defaults(run=translate)


def add_memory(parser: argparse.ArgumentParser) -> None:
    """``tradewind memory export|import SHOP FILE``; the file's ending says its form."""
    parser.add_argument("deed", choices=["export", "import"])
    parser.add_argument("shop")
    parser.add_argument("file", metavar="FILE.tmx|FILE.csv", type=Path)
    parser.set_defaults(run=memory)


def translate(options: argparse.Namespace) -> int:
    """Forecast, ask, run; the work goes on without us."""
    services = desk.services()
    locales = [Locale(part.strip()) for part in options.into.split(",") if part.strip()]
    try:
        told = _follow(services, _start(services, options.shop, runs.FORECAST, locales))
        print(_bill(services, told))
        if options.forecast or not (options.yes or input("Translate it now? [y/N] ").strip().lower() == "y"):
            return 0
        done = _follow(services, _start(services, options.shop, runs.RUN, locales))
    except AppError as error:
        print(error, file=sys.stderr)
        return 1
    print(_bill(services, done))
    return 0 if done.finished_at else 1


def _start(services: Services, shop: str, kind: str, locales: list[Locale]) -> Job:
    known = services.shops.get(ShopId(shop))
    name = next((f.name for f in services.functions.values() if Capability.TRANSLATIONS in f.capabilities), "")
    return runs.start(services, known, kind, FunctionName(name), locales, "operator")


def _follow(services: Services, job: Job) -> Job:
    """Until it ends, or waits for an allowance."""
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()) as bar:
        task = bar.add_task(job.kind, total=job.total)
        while True:
            job = services.jobs.get(job.shop_id, job.id)
            bar.update(task, completed=job.done)
            if job.finished_at or job.note:
                return job
            sleep(0.5)


def _bill(services: Services, job: Job) -> str:
    policy = services.shops.policy(job.shop_id)
    bill = runs.bill(services, job, policy)
    into = ", ".join(f"{name} {count:,}" for name, count in bill.into.items())
    lines = [f"{job.kind}: {bill.characters:,} characters{f' ({into})' if into else ''}, {bill.cost} on DeepL's bill"]
    if job.kind == runs.FORECAST:
        most = policy.translations.characters_per_month
        lines.append(f"this month {bill.left:,} of {most:,} characters are left; it takes {bill.months} month(s)")
    return "\n".join([*lines, *([job.note] if job.note else [])])


def memory(options: argparse.Namespace) -> int:
    """The translation memory out to a file, or in from one."""
    services = desk.services()
    form = options.file.suffix.lstrip(".").lower()
    try:
        shop, policy = services.shops.with_policy(ShopId(options.shop))
        if options.deed == "export":
            options.file.write_text(errands.export_memory(services, shop, form), encoding="utf-8")
            print(f"written to {options.file}")
            return 0
        taken = errands.import_memory(services, shop, policy, options.file.read_text(encoding="utf-8"), form)
    except (AppError, OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(taken.entries)} sentences taken in, {taken.left} left out")
    return 0
