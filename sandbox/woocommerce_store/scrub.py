"""Merchant HTML made harmless, as ``wp_kses_post`` does: known tags and plain attributes only."""

from html import escape
from html.parser import HTMLParser

_TAGS = frozenset(
    ("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em",
     "figcaption",
     "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "q", "s",
     "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul")
)  # fmt: skip
_VOID = frozenset({"br", "hr", "img"})
_ATTRIBUTES = frozenset({"href", "src", "alt", "title", "class", "id", "lang", "dir", "colspan", "rowspan"})
_HIDDEN = frozenset({"script", "style", "iframe", "object", "noscript", "template"})


class _Scrubber(HTMLParser):
    """Copies what is allowed, escapes text, drops the rest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.kept: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a known tag with its harmless attributes."""
        if tag in _HIDDEN:
            self.hidden += 1
        elif tag in _TAGS:
            kept = "".join(f' {name}="{escape(value or "")}"' for name, value in attrs if _harmless(name, value or ""))
            self.kept.append(f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        """Close a known tag."""
        if tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in _TAGS and tag not in _VOID:
            self.kept.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Escape text."""
        if not self.hidden:
            self.kept.append(escape(data, quote=False))


def _harmless(name: str, value: str) -> bool:
    if name not in _ATTRIBUTES:
        return False
    scheme = value.strip().lower().partition(":")[0]
    return name not in {"href", "src"} or ":" not in value or scheme in {"http", "https", "mailto"}


def scrub(text: str) -> str:
    """Give ``text`` with only what may stand in a shop page."""
    parser = _Scrubber()
    parser.feed(text)
    parser.close()
    return "".join(parser.kept)
