"""MLQE-PE (Fomicheva et al. 2022, CC0): machine translations with the scores that people gave them."""

import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "translation_quality"
PAIRS = (("en", "de"), ("en", "zh"))


@dataclass(frozen=True, slots=True)
class Scored:
    """Translations of one language pair with their scores."""

    languages: tuple[str, str]
    pairs: tuple[tuple[str, str], ...]
    z: NDArray[np.float64]
    """Mean over raters of the score standardised per rater: what the shared tasks correlate with."""
    mean: NDArray[np.float64]
    """Mean over raters of the score from 0 to 100."""


def read(languages: tuple[str, str], part: str, folder: Path = FOLDER) -> Scored:
    """One part (``train``, ``dev`` or ``test``) of one pair. Raises FileNotFoundError where it is absent."""
    archive = folder / f"{'-'.join(languages)}-{part}.tar.gz"
    with tarfile.open(archive) as files:
        member = next(m for m in files.getmembers() if m.name.endswith(".df.short.tsv"))
        stream = files.extractfile(member)
        lines = stream.read().decode("utf-8").split("\n") if stream else []
    header = lines[0].split("\t")
    rows = [dict(zip(header, line.split("\t"), strict=False)) for line in lines[1:] if line.strip()]
    return _scored(languages, rows)


def _scored(languages: tuple[str, str], rows: Sequence[dict[str, str]]) -> Scored:
    return Scored(
        languages,
        tuple((row["original"], row["translation"]) for row in rows),
        np.array([float(row["z_mean"]) for row in rows]),
        np.array([float(row["mean"]) for row in rows]),
    )
