"""Run the benchmarks: ``python -m bench [NAME…]``, all of them without a name.

Writes bench/results.json, a list of objects with name, value, unit, peer, peer_value, ratio and note, and the
table in bench/README.md. A module that fails is named and costs the exit status, not the others' figures;
figures of modules that were not run stay as they were.
"""

import argparse
import json
import math
import platform
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bench import Row

HERE: Final = Path(__file__).parent
RESULTS, TABLE = HERE / "results.json", HERE / "README.md"
FIELDS: Final = ("name", "value", "unit", "peer", "peer_value", "ratio", "note")
MARKS: Final = ("<!-- results -->", "<!-- end of results -->")

type Figure = Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 where a module failed."""
    options = _options(arguments)
    failed = []
    for area in options.names or areas():
        try:
            _keep(area, _measure(area))
        except Exception:
            failed.append(area)
            traceback.print_exc()
            print(f"{area}: failed; its earlier figures, if any, are kept", flush=True)
    print(f"{sum(map(len, _before().values()))} figures in {RESULTS.name} and {TABLE.name}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def areas() -> list[str]:
    """Every module here that has rows() of its own."""
    found = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    return [name for name in found if _has_rows(HERE / f"{name}.py")]


def _has_rows(path: Path) -> bool:
    """Told from the text: importing would load every benchmark's libraries."""
    return "\ndef rows(" in path.read_text(encoding="utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(areas())}")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in areas()]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(areas())}")
    return options


def _measure(area: str) -> list[Figure]:
    begin = time.monotonic()
    print(f"{area} …", flush=True)
    figures = []
    for row in import_module(f"bench.{area}").rows():
        figures.append(figure(row, area))
        print(f"  {_line(figures[-1])}", flush=True)
    print(f"{area}: {len(figures)} figures in {time.monotonic() - begin:.0f} s", flush=True)
    return figures


def figure(row: Row | Figure, area: str) -> Figure:
    """One row as the file holds it; numbers that JSON cannot hold become null."""
    given = asdict(row) if isinstance(row, Row) else row
    full = {**dict.fromkeys(("unit", "peer", "note"), ""), **dict.fromkeys(("peer_value", "ratio")), **given}
    return {"area": area, **{name: _plain(full[name]) for name in FIELDS}}


def _plain(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    number = float(value)
    return float(f"{number:.6g}") if math.isfinite(number) else None


def _before() -> dict[str, list[Figure]]:
    """What earlier runs measured, by area; nothing of areas that there are no more."""
    earlier: list[Figure] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    kept: dict[str, list[Figure]] = {area: [] for area in areas()}
    for row in earlier:
        if row.get("area") in kept:
            kept[row["area"]].append(row)
    return kept


def _keep(area: str, figures: list[Figure]) -> None:
    """Read again just before: another run may have measured another area meanwhile."""
    _write({**_before(), area: figures})


def _write(kept: Mapping[str, Sequence[Figure]]) -> None:
    every = [row for area in sorted(kept) for row in kept[area]]
    RESULTS.write_text(json.dumps(every, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    text = TABLE.read_text(encoding="utf-8") if TABLE.exists() else _frame()
    head, _, rest = text.partition(MARKS[0])
    tail = rest.partition(MARKS[1])[2]
    TABLE.write_text(head + MARKS[0] + "\n" + _table(kept) + MARKS[1] + tail, encoding="utf-8")


def _frame() -> str:
    return f"# Benchmarks\n\n`make bench`, or `python -m bench NAME…` for some.\n\n{MARKS[0]}\n{MARKS[1]}\n"


def _table(kept: Mapping[str, Sequence[Figure]]) -> str:
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    parts = [f"Last written {datetime.now(UTC):%Y-%m-%d} on {machine}.\n"]
    for area in sorted(kept):
        if kept[area]:
            lines = "\n".join(f"| {' | '.join(_cells(row))} |" for row in kept[area])
            parts.append(f"## {area}\n\n| what | value | peer | ratio | note |\n|---|---|---|---|---|\n{lines}\n")
    return "\n".join(parts)


def _cells(row: Figure) -> list[str]:
    peer = row["peer"] if row["peer_value"] is None else f"{row['peer']}: {_number(row['peer_value'])}"
    cells = [row["name"], f"{_number(row['value'])} {row['unit']}", peer, _number(row["ratio"]), row["note"]]
    return [str(cell).replace("|", "\\|").replace("\n", " ").strip() for cell in cells]


def _line(row: Figure) -> str:
    name, value, peer, ratio, _ = _cells(row)
    return f"{name}: {value}" + (f" ({peer}; ratio {ratio})" if ratio else "")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


if __name__ == "__main__":
    sys.exit(main())
