"""Whose words stand in the store: ours may be renewed, a person's are never overwritten.

What we wrote is remembered field by field, as short digests, because the store tells only what stands there
now. A
person who edits a proposal before approving it makes the words theirs, which is what they wanted.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.contracts import Translations
from chalicelib.domain.catalogue import Text
from chalicelib.domain.ids import Locale

KEPT = 5
"""Earlier versions of ours that are still recognised."""


class Standing(StrEnum):
    """Where one field of one language stands."""

    MISSING = "missing"
    CURRENT = "current"
    OUTDATED = "outdated"
    """Ours, made from an earlier source."""
    EDITED = "edited"
    """A person's, made for the present source."""
    EDITED_OUTDATED = "edited, outdated"
    """A person's, made for an earlier source: shown beside a new proposal, never replaced by ourselves."""
    REMOVED = "removed"
    """Ours, which a person deleted."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What we last proposed for a field: the source's digest, and digests of our wordings, newest first."""

    source: str
    values: tuple[str, ...] = ()
    learned: str = ""
    """Digest of a person's wording that went into the memory."""

    def packed(self) -> str:
        return json.dumps({"s": self.source, "v": self.values, "l": self.learned})

    def proposing(self, source: str, value: str) -> "Mark":
        """The mark once this value is proposed for that source."""
        fresh = digest(value)
        return Mark(source, (fresh, *(v for v in self.values if v != fresh))[:KEPT], self.learned)


def unpacked(text: str | None) -> Mark | None:
    """Read a mark back; one that cannot be read counts as absent, so the field counts as a person's."""
    try:
        data = json.loads(text or "")
        return Mark(str(data["s"]), tuple(data["v"]), str(data.get("l", "")))
    except (ValueError, KeyError, TypeError):
        return None


def place(resource: str, locale: Locale, key: str) -> str:
    """Where the memory keeps a field's mark."""
    return f"own:{locale}:{resource}:{key}"


def digest(value: str) -> str:
    """A short name of a wording."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def standing(source: Text, texts: Translations, mark: Mark | None, *, published: bool) -> Standing:
    """Where a field stands.

    ``published``: whether anything of ours was ever written for this resource and language; without it a gap
    is just
    a gap. A store that does not say which source a translation was made from leaves that to our mark, and a
    person's
    wording is then taken to be current.
    """
    existing = next((text for text in texts.existing if text.key == source.key and text.value.strip()), None)
    if existing is None:
        ours_before = mark is not None and mark.source == source.digest
        return Standing.REMOVED if published and ours_before else Standing.MISSING
    ours = mark is not None and digest(existing.value) in mark.values
    if outdated(source, existing, texts, mark if ours else None):
        return Standing.OUTDATED if ours else Standing.EDITED_OUTDATED
    return Standing.CURRENT if ours else Standing.EDITED


def outdated(source: Text, existing: Text, texts: Translations, mark: Mark | None) -> bool:
    """Whether a translation was made from another source than the present one."""
    if source.key in texts.outdated:
        return True
    if existing.digest and existing.digest != _own_digest(existing):
        return existing.digest != source.digest
    return mark is not None and mark.source != source.digest


def _own_digest(text: Text) -> str:
    """A store without digests of sources may hand out the text's own, which says nothing about its source."""
    return hashlib.sha256(text.value.encode("utf-8", "surrogatepass")).hexdigest()
