"""Cutting a text into what may be translated and what must come back as it is."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_TAG = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[/!?]?[A-Za-z][^<>]*>", re.DOTALL)
_NAME = re.compile(r"</?\s*([A-Za-z][\w:.-]*)")
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "source", "wbr", "col", "area", "embed", "track"})
_NOT_FOR_TRANSLATION = re.compile(r"translate\s*=\s*[\"']no[\"']|class\s*=\s*[\"'][^\"']*\bnotranslate\b")
_HIDDEN = frozenset({"script", "style"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text; ``fixed`` ones (tags, ignored elements) are never touched."""

    text: str
    fixed: bool


@dataclass(frozen=True, slots=True)
class Handling:
    """How tags are treated: ``kind`` is "", "xml" or "html"."""

    kind: str = ""
    ignored: frozenset[str] = frozenset()


def cut(text: str, handling: Handling) -> list[Piece]:
    """Cut a text; raises ValueError where it is asked to be XML and its tags do not match."""
    if not handling.kind:
        return [Piece(text, fixed=False)]
    pieces: list[Piece] = []
    open_tags: list[tuple[str, bool]] = []
    end = 0
    for found in _TAG.finditer(text):
        _add(pieces, text[end : found.start()], any(ignored for _, ignored in open_tags))
        tag = found.group()
        _enter_or_leave(tag, open_tags, handling)
        pieces.append(Piece(_normalised(tag, handling), fixed=True))
        end = found.end()
    _add(pieces, text[end:], any(ignored for _, ignored in open_tags))
    if open_tags and handling.kind == "xml":
        raise ValueError("an element is not closed")
    return pieces


def translate(text: str, handling: Handling, turn: Callable[[str], str]) -> str:
    """Apply ``turn`` to the free stretches of a text."""
    return "".join(piece.text if piece.fixed else turn(piece.text) for piece in cut(text, handling))


def tags(text: str) -> list[str]:
    """Give every tag of a text, in order."""
    return _TAG.findall(text)


def _add(pieces: list[Piece], text: str, fixed: bool) -> None:
    if text:
        pieces.append(Piece(text, fixed))


def _enter_or_leave(tag: str, open_tags: list[tuple[str, bool]], handling: Handling) -> None:
    named = _NAME.match(tag)
    if named is None or tag.endswith("/>"):
        return
    name = named.group(1)
    if handling.kind == "html" and name.lower() in _VOID:
        return
    if tag.startswith("</"):
        _leave(name, open_tags, handling)
        return
    hidden = handling.kind == "html" and (name.lower() in _HIDDEN or bool(_NOT_FOR_TRANSLATION.search(tag)))
    open_tags.append((name, hidden or name in handling.ignored))


def _leave(name: str, open_tags: list[tuple[str, bool]], handling: Handling) -> None:
    if open_tags and open_tags[-1][0] == name:
        open_tags.pop()
    elif handling.kind == "xml":
        raise ValueError(f"</{name}> closes nothing")
    else:
        places = [place for place, (other, _) in enumerate(open_tags) if other.lower() == name.lower()]
        del open_tags[places[-1] if places else len(open_tags) :]


def _normalised(tag: str, handling: Handling) -> str:
    """Re-serialise as HTML handling does: void elements lose their slash."""
    named = _NAME.match(tag)
    if handling.kind == "html" and named and named.group(1).lower() in _VOID:
        return re.sub(r"\s*/>$", ">", tag)
    return tag
