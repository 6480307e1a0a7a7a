"""Glossaries of both generations: v2 has one language pair each, v3 any number of dictionaries."""

import csv
import io
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.deepl_server.languages import SOURCES, base
from sandbox.deepl_server.refusal import Refusal

Pair = tuple[str, str]
MAX_BYTES = 10 * 1024 * 1024


@dataclass(slots=True)
class Glossary:
    """One glossary; ``dictionaries`` maps (source, target) in lower case to its entries."""

    id: str
    name: str
    created_at: datetime
    dictionaries: dict[Pair, dict[str, str]]


@dataclass(slots=True)
class Glossaries:
    """Every glossary of the account; v2 shows those with exactly one dictionary."""

    clock: Callable[[], datetime]
    rows: dict[str, Glossary] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self, name: Any, dictionaries: Any) -> Glossary:
        """Add a glossary."""
        if not isinstance(name, str) or not name.strip():
            raise Refusal(400, "Bad request", "Invalid glossary name")
        if not isinstance(dictionaries, list) or not dictionaries:
            raise Refusal(400, "Bad request", "At least one dictionary is required")
        read = dict(read_dictionary(given) for given in dictionaries)
        row = Glossary(str(uuid.uuid4()), name, self.clock().astimezone(UTC), read)
        with self.lock:
            self.rows[row.id] = row
        return row

    def find(self, number: str) -> Glossary:
        """Give a glossary; 404 where there is none."""
        row = self.rows.get(number)
        if row is None:
            raise Refusal(404, "Not found", "No glossary found for given id")
        return row

    def delete(self, number: str) -> None:
        """Delete a glossary."""
        with self.lock:
            del self.rows[self.find(number).id]

    def terms(self, number: str, source: str, target: str) -> dict[str, str]:
        """Give the entries for a translation; 400 where the glossary does not know the pair."""
        row = self.find(number)
        entries = row.dictionaries.get((base(source).lower(), base(target).lower()))
        if entries is None:
            raise Refusal(400, "Bad request", "No dictionary found for language pair")
        return entries


def read_dictionary(given: Any) -> tuple[Pair, dict[str, str]]:
    """Read one dictionary as it is sent, checking pair and entries."""
    if not isinstance(given, dict):
        raise Refusal(400, "Bad request", "Invalid dictionary")
    pair = read_pair(given.get("source_lang"), given.get("target_lang"))
    return pair, read_entries(str(given.get("entries") or ""), str(given.get("entries_format") or ""))


def read_pair(source: Any, target: Any) -> Pair:
    """Check a language pair: both known, different, without region."""
    pair = (str(source or "").lower(), str(target or "").lower())
    if any(code.upper() not in SOURCES for code in pair) or pair[0] == pair[1]:
        raise Refusal(400, "Bad request", "Unsupported glossary source or target language")
    return pair


def read_entries(text: str, shape: str) -> dict[str, str]:
    """Read tsv or csv entries; empty, doubled and control-character ones are refused."""
    if shape not in {"tsv", "csv"}:
        raise Refusal(400, "Bad request", "Value for 'entries_format' not supported.")
    if len(text.encode()) > MAX_BYTES:
        raise Refusal(413, "Request Entity Too Large", "Glossary is too large")
    rows = [line.split("\t") for line in text.splitlines()] if shape == "tsv" else list(csv.reader(io.StringIO(text)))
    entries: dict[str, str] = {}
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        source, target = _entry(row)
        if source in entries:
            raise Refusal(400, "Bad request", f"Duplicate entry: {source}")
        entries[source] = target
    if not entries:
        raise Refusal(400, "Bad request", "Missing or invalid argument: entries")
    return entries


def _entry(row: list[str]) -> tuple[str, str]:
    if len(row) < 2 or not row[0].strip() or not row[1].strip():
        raise Refusal(400, "Bad request", "Key or value missing in glossary entry")
    source, target = row[0].strip(), row[1].strip()
    if any(ord(letter) < 32 for letter in source + target):
        raise Refusal(400, "Bad request", "Glossary entry contains control characters")
    return source, target


def render_v3(row: Glossary) -> dict[str, Any]:
    """Give a glossary as v3 shows it."""
    return {
        "glossary_id": row.id,
        "name": row.name,
        "dictionaries": [render_pair(pair, entries) for pair, entries in row.dictionaries.items()],
        "creation_time": _moment(row),
    }


def render_v2(row: Glossary) -> dict[str, Any]:
    """Give a glossary of one pair as v2 shows it."""
    (pair, entries), *_ = row.dictionaries.items()
    return {
        "glossary_id": row.id,
        "ready": True,
        "name": row.name,
        **render_pair(pair, entries),
        "creation_time": _moment(row),
    }


def render_pair(pair: Pair, entries: dict[str, str]) -> dict[str, Any]:
    """Give one dictionary without its entries."""
    return {"source_lang": pair[0], "target_lang": pair[1], "entry_count": len(entries)}


def tsv(entries: dict[str, str]) -> str:
    """Write entries as tab-separated lines."""
    return "\n".join(f"{source}\t{target}" for source, target in entries.items())


def _moment(row: Glossary) -> str:
    return row.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
