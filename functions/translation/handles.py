"""Web addresses in another language: made of the translated title, only where the merchant asked for it."""

import re
import unicodedata

from chalicelib.domain.actions import TranslatedField
from chalicelib.domain.catalogue import Text
from functions.translation.work import Work

HANDLE = "handle"
LONGEST = 100
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "þ": "th", "ð": "d",
                          "ä": "ae", "ö": "oe", "ü": "ue"})  # fmt: skip


def translated(work: Work, title: str) -> tuple[TranslatedField, str] | None:
    """The address's field and the old address to redirect from, empty where the address stays.

    An address that is known to the world is never changed again. None where the shop's source has no address, or
    the title has nothing that one can be made of.
    """
    source = next((text for text in work.texts.source if text.key == HANDLE), None)
    known = next((text.value for text in work.texts.existing if text.key == HANDLE), "")
    made = known or slug(title)
    if source is None or not made or made == source.value:
        return None
    if known:
        return TranslatedField(key=HANDLE, value=known, source_digest=source.digest), ""
    return TranslatedField(key=HANDLE, value=made, source_digest=source.digest), source.value


def title_of(fields: tuple[TranslatedField, ...], existing: tuple[Text, ...]) -> str:
    """The title in the other language, as it will stand."""
    found = [field.value for field in fields if field.key == "title"]
    return next(iter(found), next((text.value for text in existing if text.key == "title"), ""))


def slug(text: str) -> str:
    """``Größe: XL, Öko`` -> ``groesse-xl-oeko``; letters without a Latin form are left out."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    words = re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode())
    made = "-".join(words)
    return made if len(made) <= LONGEST else made[:LONGEST].rpartition("-")[0]
