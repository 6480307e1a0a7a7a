"""Translation memory in and out: TMX 1.4b (LISA OSCAR) for translators' tools, CSV for spreadsheets."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.errors import MalformedPayload

LARGEST = 20_000_000
"""Characters of an import."""
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ELEMENT = re.compile(r'<x id="(\d+)"(?:/>|>([^<]*)</x>)')
_DEFUSED = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence in two languages, tokens as ``<x id="n"/>``, everything else escaped as in XML."""

    source: str
    target: str
    source_language: str
    target_language: str
    origin: str = "import"
    key: str = ""
    """Where our own memory keeps it; empty in documents of other tools."""


def to_tmx(units: Iterable[Unit]) -> str:
    """A TMX document; protected tokens become ``<ph x="n">…</ph>``."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<tmx version="1.4"><header creationtool="Tradewind" creationtoolversion="1" segtype="sentence"'
        ' o-tmf="tradewind" adminlang="en" srclang="*all*" datatype="xml"/><body>',
    ]
    for unit in units:
        sides = ((unit.source_language, unit.source), (unit.target_language, unit.target))
        variants = "".join(_variant(language, text) for language, text in sides)
        props = f'<prop type="origin">{_attribute(unit.origin)}</prop><prop type="x-key">{_attribute(unit.key)}</prop>'
        lines.append(f"<tu>{props}{variants}</tu>")
    return "\n".join([*lines, "</body></tmx>", ""])


def _variant(language: str, text: str) -> str:
    safe = _ELEMENT.sub(lambda found: f'<ph x="{found[1]}">{found[2] or ""}</ph>', _printable(text))
    return f'<tuv xml:lang="{_attribute(language)}"><seg>{safe}</seg></tuv>'


def _printable(text: str) -> str:
    """Without the control characters that XML 1.0 cannot hold."""
    return re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def from_tmx(document: str) -> Iterator[Unit]:
    """Units of a TMX document; its first variant is the source.

    Raises:
        MalformedPayload: not well-formed, a document type (which could hide entities), or too large.
    """
    if len(document) > LARGEST or "<!ENTITY" in document:
        raise MalformedPayload("The TMX file is too large or defines entities; export it again without them.")
    try:
        root = ET.fromstring(document)  # noqa: S314 - documents with entities are refused above
    except ET.ParseError as error:
        raise MalformedPayload(f"The TMX file is not well-formed: {error}.") from error
    for unit in root.iter("tu"):
        kept = next((prop.text or "" for prop in unit.iter("prop") if prop.get("type") == "x-key"), "")
        sides = [(v.get(_LANG) or v.get("lang") or "", _text(v.find("seg"))) for v in unit.iter("tuv")]
        for language, text in sides[1:]:
            if sides[0][1] and text:
                yield Unit(sides[0][1], text, sides[0][0], language, key=kept)


def _text(segment: ET.Element | None) -> str:
    if segment is None:
        return ""
    parts = [_escaped(segment.text or "")]
    for child in segment:
        parts += [_token(child), _escaped(child.tail or "")]
    return "".join(parts)


def _token(child: ET.Element) -> str:
    """Our own mark, with what it stands for where that was written down; other tools' marks keep their content."""
    number, shown = child.get("x") or "", _escaped("".join(child.itertext()))
    if child.tag != "ph" or not number.isdigit():
        return shown
    return f'<x id="{number}">{shown}</x>' if shown else f'<x id="{number}"/>'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


COLUMNS = ("source", "target", "source_language", "target_language", "origin", "key")


def to_csv(units: Iterable[Unit]) -> str:
    """A CSV file; cells that a spreadsheet would run as a formula get a leading apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for unit in units:
        writer.writerow([_defused(str(getattr(unit, name))) for name in COLUMNS])
    return out.getvalue()


def _defused(cell: str) -> str:
    return "'" + cell if cell.startswith((*_DEFUSED, "'")) else cell


def from_csv(document: str) -> Iterator[Unit]:
    """Units of a CSV file with at least the columns source, target, source_language and target_language.

    Raises:
        MalformedPayload: a column is missing, or it is too large.
    """
    if len(document) > LARGEST:
        raise MalformedPayload("The CSV file is too large; split it.")
    rows = csv.DictReader(io.StringIO(document.removeprefix("\ufeff")))
    missing = set(COLUMNS[:4]) - set(rows.fieldnames or ())
    if missing:
        raise MalformedPayload(f"The CSV file lacks the columns {', '.join(sorted(missing))}.")
    for row in rows:
        cells = [_plain(row[name] or "") for name in COLUMNS[:4]]
        if cells[0] and cells[1]:
            source, target, ours, theirs = cells
            yield Unit(source, target, ours, theirs, key=_plain(row.get("key") or ""))


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell
