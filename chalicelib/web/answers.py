"""What a page answers with, and the headers that every answer carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

HTML = "text/html; charset=utf-8"

type Headers = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer: text, status, headers; ``cookies`` become one Set-Cookie list."""

    body: str = ""
    status: int = 200
    kind: str = HTML
    extra: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()

    @property
    def headers(self) -> Headers:
        """All headers, as Chalice takes them."""
        found: dict[str, str | list[str]] = {"Content-Type": self.kind, **self.extra}
        if self.cookies:
            found["Set-Cookie"] = list(self.cookies)
        return found

    def with_cookies(self, *cookies: str) -> "Answer":
        """This answer, setting these cookies too."""
        return replace(self, cookies=(*self.cookies, *cookies))

    def with_headers(self, headers: Mapping[str, str]) -> "Answer":
        """This answer; headers it has already win."""
        return replace(self, extra={**headers, **self.extra})


def redirect(where: str) -> Answer:
    """See another page, by GET."""
    return Answer(status=303, kind="text/plain; charset=utf-8", extra={"Location": where})


def security(*, embedding: Sequence[str] = (), scripts: Sequence[str] = (), secure: bool) -> Mapping[str, str]:
    """Headers of every page: nothing inline, nothing from elsewhere, framed by nobody but whom we name.

    Source: OWASP Secure Headers Project; CSP level 3.
    """
    ancestors = " ".join(embedding) or "'none'"
    ours = " ".join(("'self'", *scripts))
    policy = (
        "default-src 'none'", f"script-src {ours}", "style-src 'self'", "img-src 'self' data:",
        f"connect-src {ours}", "form-action 'self'", "base-uri 'none'", f"frame-ancestors {ancestors}",
    )  # fmt: skip
    found = {
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
    }
    if not embedding:
        found["X-Frame-Options"] = "DENY"
    if secure:
        found["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return found


def address(prefix: str, parts: Sequence[str], query: Mapping[str, str]) -> str:
    """A path of ours: every part quoted, empty query values left out."""
    path = "/".join(quote(part, safe=":@~.-_") for part in parts if part)
    asked = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in query.items() if value)
    return f"{prefix}/{path}" + (f"?{asked}" if asked else "")
