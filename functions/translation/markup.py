"""Where markup is in a text, without changing a byte of it.

    source   <p>Holds <b>{{ n }}</b> cups.</p>
    spans    tag text  tag liquid tag text tag        every character belongs to exactly one span

HTML is read by the standard library's parser over a shadow of the text in which each Liquid span is blanked
out, so that
``{% if a < b %}`` or ``href="{{ url }}"`` cannot mislead it; only the parser's positions are used, never its
strings.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser
from itertools import pairwise

SHADOW = "\ue000"


class Kind(StrEnum):
    """What a span of a source text is."""

    TEXT = "text"
    LIQUID = "liquid"
    TAG = "tag"
    """A tag inside a line of text (``<b>``, ``<a href=...>``)."""
    BREAK = "break"
    """A tag that ends a line of text (``<p>``, ``<br>``, ``<td>``), a comment, or an element that is never
    read."""


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of a source text, exactly as it stands there."""

    kind: Kind
    raw: str


INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
    "i", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "var", "wbr",
})  # fmt: skip
UNREAD = frozenset({
    "script", "style", "template", "noscript", "textarea", "pre", "iframe", "svg", "math", "object", "code",
    "kbd", "samp", "var",
})  # fmt: skip
"""Elements whose content is never translated."""

_OPENER = re.compile(r"\{\{|\{%-?\s*(?P<block>raw|comment|javascript|schema|style|stylesheet)?\b|\{%")


def spans(text: str, *, html: bool) -> tuple[Span, ...]:
    """The text cut into spans; joined, they are the text again.

    Plain text (``html=False``) has no tags, but Liquid is found everywhere.
    """
    liquid = liquid_spans(text)
    marks = _tag_marks(_shadow(text, liquid)) if html else [(0, Kind.TEXT)]
    return tuple(part for span in _merge(text, marks, liquid) for part in (_torn(span) if html else (span,)))


def liquid_spans(text: str) -> list[tuple[int, int]]:
    """Where Liquid stands, as (start, end).

    Like in Shopify's own tokeniser, outputs and tags end at the first closer, whatever quotes say; ``raw``,
    ``comment`` and their like reach to their end tag. What never closes is text.

    One pass: a closer that was once not found is not looked for again.
    """
    found: list[tuple[int, int]] = []
    absent: set[str] = set()
    match = _OPENER.search(text)
    while match:
        end = _closed(text, match, absent)
        if end > 0:
            found.append((match.start(), end))
        match = _OPENER.search(text, max(end, match.start() + 2))
    return found


def _closed(text: str, opener: re.Match[str], absent: set[str]) -> int:
    """Where the construct that begins there ends, or -1."""
    closer = "}}" if opener.group().startswith("{{") else "%}"
    at = -1 if closer in absent else text.find(closer, opener.start() + 2)
    if at < 0:
        absent.add(closer)
        return -1
    block = opener["block"]
    if not block or block in absent:
        return at + 2
    end = re.compile(rf"\{{%-?\s*end{block}\s*-?%\}}").search(text, at + 2)
    if end is None:
        absent.add(block)
        return at + 2
    return end.end()


def _torn(span: Span) -> tuple[Span, ...]:
    """A tag that never closes reads as text to the parser and as markup to a browser: it is left alone."""
    torn = _TORN.search(span.raw) if span.kind is Kind.TEXT else None
    if torn is None:
        return (span,)
    parts = Span(Kind.TEXT, span.raw[: torn.start()]), Span(Kind.BREAK, span.raw[torn.start() :])
    return tuple(part for part in parts if part.raw)


_TORN = re.compile(r"<[A-Za-z/!?]")


def _shadow(text: str, liquid: list[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in liquid:
        parts += [text[at:start], SHADOW * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


def _merge(text: str, marks: list[tuple[int, Kind]], liquid: list[tuple[int, int]]) -> list[Span]:
    """Liquid inside a tag is part of the tag; Liquid in running text is a span of its own."""
    found: list[Span] = []
    waiting = iter([*liquid, (len(text), len(text))])
    start, end = next(waiting)
    for (begin, kind), (stop, _) in pairwise([*marks, (len(text), Kind.TEXT)]):
        while end <= begin and start < len(text):
            start, end = next(waiting)
        at = begin
        while kind is Kind.TEXT and start < stop:
            found += [Span(Kind.TEXT, text[at:start]), Span(Kind.LIQUID, text[start:end])]
            at = end
            start, end = next(waiting)
        found.append(Span(kind, text[at:stop]))
    return [span for span in found if span.raw]


def _tag_marks(shadow: str) -> list[tuple[int, Kind]]:
    """Where each construct begins and what it is, the first at 0."""
    reader = _Reader(shadow)
    end = _unclosed(shadow)
    closed = shadow.rfind(">", 0, end) + 1
    try:
        reader.feed(shadow[:closed])
        reader.close()
    except AssertionError:  # the parser gives up on some broken declarations: what follows them is left alone
        reader.mark(Kind.BREAK)
    rest = [(closed, reader.inside())] if closed < end else []
    marks = [*reader.marks, *rest, *([(end, Kind.BREAK)] if end < len(shadow) else [])]
    return marks if marks and marks[0][0] == 0 else [(0, Kind.TEXT), *marks]


def _unclosed(shadow: str) -> int:
    """Where a comment or section begins that nothing closes.

    Browsers show nothing of what follows it, and the parser would search for the end again and again.
    """
    ends = [len(shadow)]
    for opener, closer in (("<!--", "-->"), ("<![", "]"), ("<?", ">"), ("<!", ">")):
        at = shadow.find(opener, shadow.rfind(closer) + 1)
        ends += [at] if at >= 0 else []
    return min(ends)


class _Reader(HTMLParser):
    """Notes the position and kind of every construct."""

    def __init__(self, shadow: str) -> None:
        super().__init__(convert_charrefs=False)
        self.marks: list[tuple[int, Kind]] = []
        self._lines = [0, *(match.end() for match in re.finditer("\n", shadow))]
        self._unread = ""
        self._depth = 0

    def inside(self, kind: Kind = Kind.TEXT) -> Kind:
        """What something of that kind counts as here: inside an element that is not read, as markup."""
        if not self._unread:
            return kind
        return Kind.TAG if self._unread in INLINE else Kind.BREAK

    def mark(self, kind: Kind) -> None:
        line, column = self.getpos()
        at = self._lines[line - 1] + column
        kind = self.inside(kind)
        if self.marks and self.marks[-1][0] == at:
            self.marks.pop()
        if kind is not Kind.TEXT or not self.marks or self.marks[-1][1] is not Kind.TEXT:
            self.marks.append((at, kind))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.mark(_kind_of(tag))
        if not self._unread and (tag in UNREAD or _left_alone(attrs)) and tag not in _VOID:
            self._unread, self._depth = tag, 1
        elif tag == self._unread:
            self._depth += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.mark(_kind_of(tag))

    def handle_endtag(self, tag: str) -> None:
        self.mark(_kind_of(tag))
        if tag == self._unread:
            self._depth -= 1
            self._unread = self._unread if self._depth else ""

    def handle_data(self, data: str) -> None:
        self.mark(Kind.TEXT)

    def handle_entityref(self, name: str) -> None:
        self.mark(Kind.TEXT)

    def handle_charref(self, name: str) -> None:
        self.mark(Kind.TEXT)

    def handle_comment(self, data: str) -> None:
        self.mark(Kind.BREAK)

    def handle_decl(self, decl: str) -> None:
        self.mark(Kind.BREAK)

    def handle_pi(self, data: str) -> None:
        self.mark(Kind.BREAK)

    def unknown_decl(self, data: str) -> None:
        self.mark(Kind.BREAK)


def _kind_of(tag: str) -> Kind:
    return Kind.TAG if tag in INLINE else Kind.BREAK


_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
})  # fmt: skip


def _left_alone(attributes: list[tuple[str, str | None]]) -> bool:
    """Whether the page's author asked for no translation (HTML's ``translate="no"``, or class
    ``notranslate``)."""
    given = dict(attributes)
    return given.get("translate") == "no" or "notranslate" in (given.get("class") or "").split()
