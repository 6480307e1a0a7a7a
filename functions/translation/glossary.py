"""A shop's own words: which glossary entries hold for a sentence, and where a glossary contradicts itself."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.evidence import Reason

_FORBIDDEN = re.compile(r"[\t\r\n<>{}]")
LONGEST = 200
"""Characters of a term; engines refuse glossaries with much longer ones."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """Entries that may be used, and what was left out and why."""

    entries: tuple[tuple[str, str], ...] = ()
    conflicts: tuple[Reason, ...] = ()

    def for_text(self, text: str) -> tuple[tuple[str, str], ...]:
        """The entries whose source term stands in the text as a word of its own."""
        return tuple(entry for entry in self.entries if stands_in(entry[0], text))

    def version(self, text: str) -> str:
        """A name for the entries that matter to a text, so that a new term makes only its own sentences
        new."""
        held = self.for_text(text)
        return hashlib.sha256(repr(held).encode()).hexdigest()[:8] if held else ""

    def unused(self, source: str, target: str) -> list[Reason]:
        """Terms of the source whose translation the target lacks; endings may differ, so five letters in six
        count."""
        missing = [(s, t) for s, t in self.for_text(source) if _stem(t) not in target.casefold()]
        says = "The glossary says {term} → {translation}, which the text does not use."
        return [Reason(text=says, values=(("term", s), ("translation", t))) for s, t in missing]


def selected(entries: Mapping[str, str], protected: Sequence[str]) -> Glossary:
    """Sort out what contradicts itself: a term spelt twice with two translations, one that is protected as
    well, one
    that holds markup or nothing. What is left out is reported, never guessed."""
    by_term: dict[str, dict[str, str]] = defaultdict(dict)
    for source, target in entries.items():
        by_term[source.strip().casefold()][target.strip()] = source.strip()
    shielded = {term.strip().casefold() for term in protected}
    good, conflicts = [], []
    for term, targets in sorted(by_term.items()):
        complaint = _complaint(term, targets, shielded)
        if complaint:
            conflicts.append(Reason(text=complaint, values=(("term", next(iter(targets.values())) or "?"),)))
        else:
            good += [(source, target) for target, source in targets.items()]
    return Glossary(tuple(good), tuple(conflicts))


def _complaint(term: str, targets: Mapping[str, str], shielded: set[str]) -> str:
    if not term or not all(targets):
        return "The glossary entry {term} lacks one side, so it is not used."
    if len(targets) > 1:
        return "The glossary translates {term} in two ways; neither is used until you decide."
    if term in shielded and term not in {target.casefold() for target in targets}:
        return "{term} is in the glossary and protected from translation; the protection wins."
    if any(_FORBIDDEN.search(text) or len(text) > LONGEST for text in (term, *targets)):
        return "The glossary entry {term} holds markup or is too long, so it is not used."
    return ""


def stands_in(term: str, text: str) -> bool:
    """Whether a term occurs as a word (or anywhere, where words are not set apart)."""
    found = re.escape(term)
    edges = found if re.search(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]", term) else rf"(?<!\w){found}(?!\w)"
    return re.search(edges, text, re.IGNORECASE) is not None


def _stem(term: str) -> str:
    folded = term.casefold()
    return folded[: max(2, len(folded) * 5 // 6)] if len(folded) > 3 else folded
