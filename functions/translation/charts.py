"""Size charts: tables whose units stand in a heading and whose cells are bare numbers.

    Chest (in) | 34–36 | 38        becomes for a metric market        Chest (cm) | 86.4–91.4 | 96.5

Done on the source text, before it is cut and proven: a bare number in a cell says nothing of its unit to anybody
who sees the cell alone. Where a table leaves any doubt (merged cells, a unit whose cells are not numbers alone,
a column of the other system's already) it stays as it is.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.shop import Units
from functions.translation.markup import Kind, Span, spans
from functions.translation.units import converted, rule_of

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)([^>]*)>")
_HEADED = re.compile(
    r"\(\s*(?:in\s+)?(inch(?:es)?|in\.?|ft\.?|oz\.?|lbs?\.?|mm|cm|m|kg|g|ml|l|[\"″])\s*\)|\bin\s+(inches|cm)\s*$"
)
_BARE = re.compile(r"\s*\d[\d.,½¼¾⅓⅔⅛]*(?:\s\d{1,2}/\d{1,2})?(?:\s*[-–—]\s*\d[\d.,½¼¾⅓⅔⅛]*(?:\s\d{1,2}/\d{1,2})?)?\s*")
_NOTHING = re.compile(r"[\s–—-]*")


@dataclass(frozen=True, slots=True)
class _Cell:
    """One cell: its row and column, and which spans are its text."""

    row: int
    column: int
    texts: tuple[int, ...]


def charted(text: str, units: Units, source: str, target: str) -> str:
    """The text with its size charts in these units; anything else in it is untouched, byte for byte.

    ``source`` and ``target`` are languages, for how they write numbers.
    """
    if units is Units.AS_WRITTEN or "<t" not in text.lower():
        return text
    parts = list(spans(text, html=True))
    changed: dict[int, str] = {}
    for cells in _tables(parts):
        changed |= _converted(parts, cells, units, (source, target))
    return "".join(changed.get(place, span.raw) for place, span in enumerate(parts))


def _tables(parts: Sequence[Span]) -> Iterator[list[_Cell]]:
    """The cells of each plain table; one with merged cells, or inside another, is left out."""
    cells: list[_Cell] = []
    texts: list[int] | None = None
    row, column, depth, plain = -1, -1, 0, True
    for place, span in enumerate(parts):
        tag = _TAG.match(span.raw) if span.kind is Kind.BREAK else None
        name, closes = (tag[2].lower(), bool(tag[1])) if tag else ("", False)
        if name in {"td", "th", "tr", "table"} and texts is not None:
            cells.append(_Cell(row, column, tuple(texts)))
            texts = None
        if name == "table":
            depth += -1 if closes else 1
            if not closes and depth == 1:
                cells, row, column, plain = [], -1, -1, True
            plain = plain and depth < 2
            if closes and depth == 0 and plain:
                yield cells
        elif name == "tr" and not closes:
            row, column = row + 1, -1
        elif name in {"td", "th"} and not closes and tag is not None:
            column, texts = column + 1, []
            plain = plain and not re.search(r"(?:col|row)span", tag[3], re.IGNORECASE)
        elif texts is not None and span.kind in {Kind.TEXT, Kind.LIQUID}:
            texts.append(place)


def _converted(
    parts: Sequence[Span], cells: Sequence[_Cell], units: Units, languages: tuple[str, str]
) -> Mapping[int, str]:
    """New texts by the number of their span. Units head columns, or else rows."""
    columns = [(h, [c for c in cells if c.row > 0 and c.column == h.column]) for h in cells if h.row == 0]
    rows = [(h, [c for c in cells if c.row == h.row and c.column > 0]) for h in cells if h.column == 0]
    for groups in (columns, rows):
        if any(_other(parts, head, units) for head, _ in groups):
            return {}
        found: dict[int, str] = {}
        for head, under in groups:
            found |= _group(parts, head, under, units, languages)
        if found:
            return found
    return {}


def _group(
    parts: Sequence[Span], head: _Cell, under: Sequence[_Cell], units: Units, languages: tuple[str, str]
) -> Mapping[int, str]:
    """A heading with its numbers, all of them or none."""
    unit = _unit(parts, head, units)
    filled = [cell for cell in under if not _NOTHING.fullmatch(_said(parts, cell))]
    if not unit or not filled or not all(len(c.texts) == 1 and _BARE.fullmatch(_said(parts, c)) for c in filled):
        return {}
    numbers = {cell.texts[0]: _number(_said(parts, cell), unit, units, languages) for cell in filled}
    return {**numbers, **_headed(parts, head, units)}


def _said(parts: Sequence[Span], cell: _Cell) -> str:
    return html.unescape("".join(parts[place].raw for place in cell.texts))


def _unit(parts: Sequence[Span], head: _Cell, units: Units) -> str:
    """The unit in a heading that these markets do not use, or nothing."""
    match = _HEADED.search(_said(parts, head))
    unit = (match[1] or match[2]).rstrip(".") if match else ""
    return unit if unit and rule_of(unit, units) else ""


def _other(parts: Sequence[Span], head: _Cell, units: Units) -> bool:
    """Whether a heading names a unit of the wanted system: the chart then gives both already."""
    match = _HEADED.search(_said(parts, head))
    return match is not None and not _unit(parts, head, units)


def _number(text: str, unit: str, units: Units, languages: tuple[str, str]) -> str:
    whole = f"{text.strip()} {unit}"
    made = converted(whole, units, *languages)
    return text.replace(text.strip(), made.rpartition(" ")[0]) if made != whole else text


def _headed(parts: Sequence[Span], head: _Cell, units: Units) -> Mapping[int, str]:
    """The heading with the other unit in place of its own."""
    found = {}
    for place in head.texts:
        match = _HEADED.search(html.unescape(parts[place].raw))
        rule = rule_of((match[1] or match[2]).rstrip("."), units) if match else None
        if match and rule:
            group = 1 if match[1] else 2
            text = html.unescape(parts[place].raw)
            found[place] = html.escape(text[: match.start(group)] + rule.unit + text[match.end(group) :], quote=False)
    return found
