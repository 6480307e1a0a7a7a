"""Whose words stand in the store: ours may be renewed, a person's are never overwritten.

Every wording of ours is remembered under its own key, because the store tells only what stands there now, and
because
two workers who each add to one list would lose one of the two. A person who edits a proposal before approving
it makes
the words theirs, which is what they wanted.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.contracts import Translations
from chalicelib.domain.catalogue import Text, ledger_of
from chalicelib.domain.ids import Locale


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
class Places:
    """Where the memory keeps what it knows of one field, as the field stands now."""

    wording: str
    """Holds the digest of the source that this very wording of ours was made from."""
    source: str
    """There once something of ours was proposed for this very source."""
    learned: str
    """There once this very wording of a person went into the memory."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the memory knows of one field: ``made_from`` is None where its wording is not ours."""

    made_from: str | None = None
    proposed: bool = False
    learned: bool = False


def places(resource: str, locale: Locale, source: Text, wording: str, *, market: str = "") -> Places:
    """The keys for a field of this source that holds this wording, for all markets or for one alone."""
    where = f"{locale}/{market}" if market else locale
    stem = f"{ledger_of(resource)}{where}:{source.key}"
    name = digest(wording)
    return Places(f"{stem}:{name}", f"{stem}:@{source.digest}", f"{stem}:learned:{name}")


def read(memory: Mapping[str, str], at: Places) -> Mark:
    """What the memory says."""
    return Mark(memory.get(at.wording), at.source in memory, at.learned in memory)


def proposing(at: Places, source: Text) -> dict[str, str]:
    """What the memory must know before this wording may reach the store."""
    return {at.wording: source.digest, at.source: "1"}


def digest(value: str) -> str:
    """A short name of a wording."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def standing(source: Text, existing: Text | None, texts: Translations, mark: Mark, *, published: bool) -> Standing:
    """Where a field stands.

    ``published``: whether anything of ours was ever written for this resource and language; without it a gap
    is just
    a gap. A store that does not say which source a translation was made from leaves that to our mark, and a
    person's
    wording is then taken to be current.
    """
    if existing is None:
        return Standing.REMOVED if published and mark.proposed else Standing.MISSING
    ours = mark.made_from is not None
    if outdated(source, existing, texts, mark):
        return Standing.OUTDATED if ours else Standing.EDITED_OUTDATED
    return Standing.CURRENT if ours else Standing.EDITED


def outdated(source: Text, existing: Text, texts: Translations, mark: Mark) -> bool:
    """Whether a translation was made from another source than the present one."""
    if source.key in texts.outdated:
        return True
    if existing.digest and existing.digest != _own_digest(existing):
        return existing.digest != source.digest
    return mark.made_from not in {None, source.digest}


def _own_digest(text: Text) -> str:
    """A store without digests of sources may hand out the text's own, which says nothing about its source."""
    return hashlib.sha256(text.value.encode("utf-8", "surrogatepass")).hexdigest()
