"""What a merchant wrote becomes memory: their words are used wherever the same sentence stands again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.catalogue import Text
from chalicelib.domain.shop import Units
from functions.translation import memory
from functions.translation.drafts import Left, drafted, is_html
from functions.translation.memory import Origin, Remembered
from functions.translation.ownership import Standing
from functions.translation.protect import Guard
from functions.translation.segments import Segment, TooManyTokens, cut
from functions.translation.work import Work, places


def learned(work: Work, now: datetime) -> dict[str, str]:
    """Memory entries and marks from fields that a person edited for the present source; each edit is learned
    once. What they wrote for one market alone says nothing of the others."""
    found: dict[str, str] = {}
    if work.market is not None:
        return found
    existing = {text.key: text for text in work.texts.existing}
    for source in work.texts.source:
        if work.standings.get(source.key) is not Standing.EDITED:
            continue
        theirs = existing[source.key]
        if work.marks[source.key].learned:
            continue
        found[places(work, source, theirs.value).learned] = "1"
        found |= dict(_entries(work, source, theirs, now))
    return found


def _entries(work: Work, source: Text, theirs: Text, now: datetime) -> Iterator[tuple[str, str]]:
    """Sentence by sentence where both sides have the same shape; a freer rewriting teaches nothing
    general."""
    guard = work.guard
    draft = drafted(source, work.pair, guard, lambda text: ("", 0.0))
    if isinstance(draft, Left):
        return
    other = _segments(theirs.value, work.locale, guard, html=is_html(source))
    if len(other) != len(draft.document.segments):
        return
    for key, ours, written in zip(draft.keys, draft.document.segments, other, strict=True):
        target = memory.learned(ours, written)
        if target is not None:
            entry = Remembered(
                source=ours.xml(),
                target=target,
                origin=Origin.MERCHANT,
                quality=1.0,
                at=now.isoformat(),
                pair=(work.pair.source, work.pair.target),
            )
            yield key, memory.packed(entry)


def _segments(value: str, language: str, guard: Guard, *, html: bool) -> tuple[Segment, ...]:
    try:
        return cut(value, language=language, guard=replace(guard, units=Units.AS_WRITTEN), html=html).segments
    except TooManyTokens:
        return ()
