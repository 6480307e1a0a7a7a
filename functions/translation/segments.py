"""A field as a skeleton with sentences in its gaps.

<ul><li><b>Soft.</b> Made of {{ fabric }}.</li></ul>
skeleton  <ul><li><b> [0] </b>␠ [1] </li></ul>          never leaves us, so it cannot be broken
sentences [0] Soft.    [1] Made of ▮.                    ▮ stands for {{ fabric }}
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from functions.translation import sentences
from functions.translation.markup import Kind, Span, spans
from functions.translation.protect import MARK, MARKS, SHOWN, Guard, Protected, Token, mark, place_of

_LETTER = re.compile(r"[^\W\d_]")
_SPACES = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence: its text, in which the n-th mark stands for the n-th token."""

    text: str
    tokens: tuple[Protected, ...] = ()

    @property
    def plain(self) -> str:
        """What a person reads: values in place of marks, markup left out."""
        return MARK.sub(lambda m: self._seen(self.tokens[place_of(m.group())]), self.text).strip()

    @staticmethod
    def _seen(token: Protected) -> str:
        return "" if token.kind is Token.TAG else token.raw

    def xml(self) -> str:
        """What the engine gets: markup escaped, each token an ``<x id="n"/>`` counted from 1."""
        return MARK.sub(lambda m: self._element(place_of(m.group())), html.escape(self.text, quote=False))

    def _element(self, place: int) -> str:
        token = self.tokens[place]
        if token.kind not in SHOWN:
            return f'<x id="{place + 1}"/>'
        return f'<x id="{place + 1}">{html.escape(token.raw, quote=False)}</x>'


@dataclass(frozen=True, slots=True)
class Document:
    """A field cut up: ``parts`` are texts that stay as they are, and numbers of segments."""

    parts: tuple[str | int, ...]
    segments: tuple[Segment, ...]
    html: bool
    converted: tuple[tuple[str, str], ...] = ()
    """Measures that a rule converted, as they stand in the source and in the target."""

    def filled(self, texts: Sequence[str]) -> str:
        """The field with these texts in its gaps, one per segment, ready to stand there (escaped)."""
        return "".join(texts[part] if isinstance(part, int) else part for part in self.parts)


class TooManyTokens(ValueError):
    """The text holds more protected tokens than can be told apart; it is left as it is."""


def cut(text: str, *, language: str, guard: Guard, html: bool) -> Document:
    """Cut a field into its skeleton and its sentences.

    Raises:
        TooManyTokens: over 65,000 tokens in one line of text.
    """
    builder = _Builder(language, guard, html)
    for span in spans(text, html=html):
        builder.take(span)
    builder.end_line()
    return Document(tuple(builder.parts), tuple(builder.segments), html, tuple(builder.converted.items()))


class _Builder:
    """Collects one line of text until a break ends it."""

    def __init__(self, language: str, guard: Guard, is_html: bool) -> None:
        self.parts: list[str | int] = []
        self.segments: list[Segment] = []
        self.converted: dict[str, str] = {}
        self._language, self._guard, self._html = language, guard, is_html
        self._line: list[str] = []
        self._tokens: list[Protected] = []

    def take(self, span: Span) -> None:
        if span.kind is Kind.BREAK:
            self.end_line()
            self.parts.append(span.raw)
        elif span.kind is Kind.TEXT:
            self._take_text(html.unescape(span.raw) if self._html else span.raw)
        else:
            self._protect(Protected(Token.TAG if span.kind is Kind.TAG else Token.LIQUID, span.raw))

    def _take_text(self, text: str) -> None:
        """Plain text ends a line at each line feed; in HTML a line feed is a blank like others."""
        if self._html:
            self._mask(text)
            return
        for line in re.split(r"(\n)", text):
            if line == "\n":
                self.end_line()
                self.parts.append(line)
            else:
                self._mask(line)

    def _mask(self, text: str) -> None:
        at = 0
        for start, end, kind in self._guard.find(text):
            self._line.append(text[at:start])
            self._protect(self._guard.protected(kind, text[start:end]))
            at = end
        self._line.append(text[at:])

    def _protect(self, token: Protected) -> None:
        if len(self._tokens) >= MARKS:
            raise TooManyTokens("The text holds more markup than can be protected, so it is left as it is.")
        if token.target:
            self.converted[token.raw] = token.target
        self._line.append(mark(len(self._tokens)))
        self._tokens.append(token)

    def end_line(self) -> None:
        line, at = "".join(self._line), 0
        for start, end in sentences.split(line, self._language):
            start, end = self._without_edges(line, start, end)
            self._keep(line[at:start])
            self._add(line[start:end])
            at = end
        self._keep(line[at:])
        self._line, self._tokens = [], []

    def _without_edges(self, line: str, start: int, end: int) -> tuple[int, int]:
        """Markup and blanks at both ends belong to the skeleton: what never leaves cannot be lost."""
        while start < end and self._edge(line[start]):
            start += 1
        while end > start and self._edge(line[end - 1]):
            end -= 1
        return start, end

    def _edge(self, character: str) -> bool:
        if not MARK.match(character):
            return character.isspace()
        token = self._tokens[place_of(character)]
        return token.kind is Token.TAG or token.raw.startswith("{%")

    def _add(self, text: str) -> None:
        if not _LETTER.search(MARK.sub("", text)):
            self._keep(text)
            return
        places = [place_of(found) for found in MARK.findall(text)]
        renumbered = iter(range(len(places)))
        local = MARK.sub(lambda _: mark(next(renumbered)), text)
        local = _SPACES.sub(" ", local) if self._html else local
        self.parts.append(len(self.segments))
        self.segments.append(Segment(local, tuple(self._tokens[place] for place in places)))

    def _keep(self, text: str) -> None:
        if text:
            self.parts.append(written(text, self._tokens, html=self._html))


def written(text: str, tokens: Sequence[Protected], *, html: bool) -> str:
    """Text with marks as the field holds it: tokens in place, the rest escaped where the field is HTML."""
    parts = MARK.split(text)
    places = [place_of(found) for found in MARK.findall(text)]
    out = [escaped(parts[0]) if html else parts[0]]
    for place, part in zip(places, parts[1:], strict=True):
        token = tokens[place]
        raw = token.kind in {Token.TAG, Token.LIQUID} or not html
        out += [token.out if raw else escaped(token.out), escaped(part) if html else part]
    return "".join(out)


def escaped(text: str) -> str:
    """Text as HTML holds it; quotation marks stay, a non-breaking blank stays visible to editors."""
    return html.escape(text, quote=False).replace("\u00a0", "&nbsp;")
