"""Glossary addresses of v2 and v3."""

from collections.abc import Mapping
from typing import Any

from sandbox.deepl_server.glossaries import (
    Glossaries,
    Glossary,
    read_dictionary,
    read_pair,
    render_pair,
    render_v2,
    render_v3,
    tsv,
)
from sandbox.deepl_server.languages import SOURCES
from sandbox.deepl_server.refusal import Refusal

Reply = tuple[int, Any]


def answer(rows: Glossaries, method: str, path: list[str], data: dict[str, Any], query: Mapping[str, str]) -> Reply:
    """Answer a glossary call: status, and JSON, text or nothing."""
    if path == ["v2", "glossary-language-pairs"]:
        return 200, {"supported_languages": _pairs()}
    if path[:2] == ["v2", "glossaries"]:
        return _v2(rows, method, path[2:], data)
    if path[:2] == ["v3", "glossaries"]:
        return _v3(rows, method, path[2:], data, query)
    if path == ["v3", "style_rules"] and method == "GET":
        return 200, {"style_rules": []}
    raise Refusal(404, "Not found")


def _v2(rows: Glossaries, method: str, path: list[str], data: dict[str, Any]) -> Reply:
    if not path and method == "POST":
        return 201, render_v2(rows.create(data.get("name"), [data]))
    if not path and method == "GET":
        return 200, {"glossaries": [render_v2(row) for row in rows.rows.values() if len(row.dictionaries) == 1]}
    if path and method == "DELETE":
        rows.delete(path[0])
        return 204, None
    row = rows.find(path[0])
    if len(row.dictionaries) != 1:
        raise Refusal(404, "Not found", "No glossary found for given id")
    if path[1:] == ["entries"]:
        return 200, tsv(next(iter(row.dictionaries.values())))
    return 200, render_v2(row)


def _v3(rows: Glossaries, method: str, path: list[str], data: dict[str, Any], query: Mapping[str, str]) -> Reply:
    if not path:
        if method == "POST":
            return 201, render_v3(rows.create(data.get("name"), data.get("dictionaries")))
        return 200, {"glossaries": [render_v3(row) for row in rows.rows.values()]}
    row = rows.find(path[0])
    if path[1:] == ["entries"]:
        return 200, {"dictionaries": [_entries(row, query)]}
    if path[1:] == ["dictionaries"]:
        return _dictionaries(rows, row, method, data, query)
    if method == "DELETE":
        rows.delete(row.id)
        return 204, None
    if method == "PATCH":
        _edit(rows, row, data)
    return 200, render_v3(row)


def _dictionaries(
    rows: Glossaries, row: Glossary, method: str, data: dict[str, Any], query: Mapping[str, str]
) -> Reply:
    """Replace (PUT) or delete one dictionary."""
    if method == "PUT":
        pair, entries = read_dictionary(data)
        with rows.lock:
            row.dictionaries[pair] = entries
        return 200, render_pair(pair, entries)
    pair = _known(row, query)
    with rows.lock:
        del row.dictionaries[pair]
    return 204, None


def _edit(rows: Glossaries, row: Glossary, data: dict[str, Any]) -> None:
    """Rename, and merge the given entries into their dictionaries."""
    read = [read_dictionary(given) for given in data.get("dictionaries") or []]
    with rows.lock:
        row.name = str(data.get("name") or row.name)
        for pair, entries in read:
            row.dictionaries.setdefault(pair, {}).update(entries)


def _entries(row: Glossary, query: Mapping[str, str]) -> dict[str, Any]:
    pair = _known(row, query)
    text = tsv(row.dictionaries[pair])
    return {"source_lang": pair[0], "target_lang": pair[1], "entries": text, "entries_format": "tsv"}


def _known(row: Glossary, query: Mapping[str, str]) -> tuple[str, str]:
    pair = read_pair(query.get("source_lang"), query.get("target_lang"))
    if pair not in row.dictionaries:
        raise Refusal(404, "Not found", "No dictionary found for language pair")
    return pair


def _pairs() -> list[dict[str, str]]:
    codes = [code.lower() for code in SOURCES]
    return [{"source_lang": one, "target_lang": other} for one in codes for other in codes if one != other]
