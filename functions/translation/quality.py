"""How good a translation is, and what looks wrong with it.

The estimate is the score out of 1 that human judges would give (direct assessment), from a small model over
the shared
encoder. Flags come from plain signs and from the model's second output, the log odds that the pair is broken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.contracts import Model, Models
from chalicelib.domain.evidence import Reason
from chalicelib.domain.proposals import ModelVersion
from chalicelib.texts import ENCODER
from functions.translation.checks import signs
from functions.translation.features import NAMES, Seen, look
from functions.translation.memory import Pair, Remembered

READABLE = frozenset(
    {"en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "nb", "fi", "pl", "cs", "sk", "sl", "ro", "hu",
     "et", "lv", "lt", "tr", "id", "zh", "ja"}
)  # fmt: skip
"""Languages whose script the shipped encoder reads; others get no estimate, and say so."""

FLAGGED, PER_ODDS, MOST = 0.05, 0.05, 0.6
"""What a flag takes off the estimate, what each unit of log odds over the threshold adds to that, and the
most that is
taken. Chosen on MLQE-PE's dev sets among .05 and .1, and 0, .02, .05 and .1."""
ADAPTED = ("de", "zh")
"""Target languages for which, from English, the model has weights of its own besides the shared ones."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is thought of one sentence: ``quality`` from 0 to 1, None where nothing can be said."""

    quality: float | None
    flags: tuple[Reason, ...] = ()
    model: ModelVersion | None = None
    doubt: Reason | None = None
    """What the model alone found odd; among the flags too."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """The encoder and the model over it."""

    encoder: Model
    model: Model

    def judge(self, pairs: Sequence[tuple[str, str]], pair: Pair) -> list[Judgement]:
        """Judge (source, target) pairs of one language pair."""
        languages = (short(pair.source), short(pair.target))
        plain = [tuple(signs(source, target, languages)) for source, target in pairs]
        found = [Judgement(_of_nothing(*pair), flags) for pair, flags in zip(pairs, plain, strict=True)]
        readable = READABLE.issuperset(languages) and languages[0] != languages[1]
        places = [place for place, pair in enumerate(pairs) if readable and all(map(str.strip, pair))]
        if places:
            seen = look(self.encoder, [pairs[place] for place in places], languages)
            quality, broken = self._scores(seen, languages)
            for row, place in enumerate(places):
                over = float(broken[row]) - self._threshold(languages)
                found[place] = self._judgement(seen, row, plain[place], float(quality[row]), over)
        return found

    def again(self, source: str, target: str, held: Remembered, pair: Pair) -> Judgement | None:
        """The judgement that this very model gave a remembered sentence; signs are looked for anew.

        A sentence's words are the same in every product, but the values in it are the product's own.
        """
        version = _version(self.model)
        if held.quality is None or held.judge != version.sha256:
            return None
        doubt = Reason(text=held.doubt) if held.doubt else None
        flags = tuple(signs(source, target, (short(pair.source), short(pair.target))))
        return Judgement(held.quality, flags or ((doubt,) if doubt else ()), version, doubt)

    def _scores(self, seen: Seen, languages: tuple[str, str]) -> tuple[Sequence[float], Sequence[float]]:
        own = [float(languages == ("en", language)) for language in ADAPTED]
        group = np.tile(np.array(own, np.float32), (len(seen.features), 1))
        out = self.model.run(
            {"features": seen.features, "source": seen.source, "target": seen.target, "language": group}
        )
        return out["quality"].reshape(-1).tolist(), out["broken"].reshape(-1).tolist()

    def _threshold(self, languages: tuple[str, str]) -> float:
        """The log odds over which a pair is flagged: a language pair's own, where it was measured on one."""
        known = self.model.card.thresholds
        return known.get(f"broken {'-'.join(languages)}", known["broken"])

    def _judgement(self, seen: Seen, row: int, flags: tuple[Reason, ...], quality: float, over: float) -> Judgement:
        """``over``: the log odds that it is broken, less the threshold."""
        doubt = _suspicion(seen, row) if over > 0 and not flags else None
        flags = (doubt,) if doubt else flags
        quality -= min(MOST, FLAGGED + PER_ODDS * max(0.0, over)) if flags else 0.0
        return Judgement(float(np.clip(quality, 0, 1)), flags, _version(self.model), doubt)


def estimator(models: Models) -> Estimator | None:
    """The estimator of a shop, or None where the encoder or the model is not there."""
    encoder, model = models.get(ENCODER), models.get("translation")
    return Estimator(encoder, model) if encoder and model else None


def _of_nothing(source: str, target: str) -> float | None:
    """Nothing at all is the worst translation of something, whatever the languages; of nothing nothing can be said."""
    return 0.0 if source.strip() and not target.strip() else None


def _version(model: Model) -> ModelVersion:
    return ModelVersion(model.card.name, model.card.version, model.card.sha256[:12])


def short(language: str) -> str:
    """``pt-BR`` -> ``pt``."""
    return language.partition("-")[0].lower()


def _suspicion(seen: Seen, row: int) -> Reason:
    """The likeliest thing wrong, by which feature lies furthest on the bad side."""
    value = dict(zip(NAMES, seen.features[row].tolist(), strict=True))
    if value["unaligned_source"] > value["unaligned_target"] + 0.1 and value["pieces_ratio"] < 0:
        return Reason(text="A part of the source seems to be missing.")
    if value["copied"] > 0.5:
        return Reason(text="Much of it looks untranslated.")
    return Reason(text="It does not seem to say what the source says.")
