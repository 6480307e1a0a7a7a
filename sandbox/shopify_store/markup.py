"""Merchants' HTML, cut down to harmless tags, so that no text of a shop can run in a browser."""

from html import escape
from html.parser import HTMLParser

TAGS = "p br b strong i em u ul ol li h1 h2 h3 h4 h5 h6 table thead tbody tr th td blockquote span div"
ALLOWED = frozenset(TAGS.split())
SILENT = frozenset(("script", "style", "template", "iframe", "object", "svg", "math"))


class _Filter(HTMLParser):
    """Keeps allowed tags without any attribute, and all text outside silent ones."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens an allowed tag."""
        self.silent += tag in SILENT
        if tag in ALLOWED and not self.silent:
            self.parts.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        """Closes an allowed tag."""
        self.silent = max(0, self.silent - (tag in SILENT))
        if tag in ALLOWED and tag != "br" and not self.silent:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Keeps text, escaped."""
        if not self.silent:
            self.parts.append(escape(data))


def harmless(html: str) -> str:
    """HTML without scripts, styles, attributes and links."""
    reader = _Filter()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)
