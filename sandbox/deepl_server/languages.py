"""The languages DeepL translates, which of them know formality, and a guess at what a text is written in."""

import re

SOURCES = {
    "AR": "Arabic", "BG": "Bulgarian", "CS": "Czech", "DA": "Danish", "DE": "German", "EL": "Greek",
    "EN": "English", "ES": "Spanish", "ET": "Estonian", "FI": "Finnish", "FR": "French", "HU": "Hungarian",
    "ID": "Indonesian", "IT": "Italian", "JA": "Japanese", "KO": "Korean", "LT": "Lithuanian", "LV": "Latvian",
    "NB": "Norwegian (Bokmål)", "NL": "Dutch", "PL": "Polish", "PT": "Portuguese", "RO": "Romanian",
    "RU": "Russian", "SK": "Slovak", "SL": "Slovenian", "SV": "Swedish", "TR": "Turkish", "UK": "Ukrainian",
    "ZH": "Chinese",
}  # fmt: skip
_REGIONAL = {
    "EN-GB": "English (British)", "EN-US": "English (American)", "PT-BR": "Portuguese (Brazilian)",
    "PT-PT": "Portuguese (European)", "ES-419": "Spanish (Latin American)",
    "ZH-HANS": "Chinese (simplified)", "ZH-HANT": "Chinese (traditional)",
}  # fmt: skip
TARGETS = {**{code: name for code, name in SOURCES.items() if code not in {"EN", "PT"}}, **_REGIONAL}
FORMAL = frozenset({"DE", "FR", "IT", "ES", "ES-419", "NL", "PL", "PT-BR", "PT-PT", "JA", "RU"})
# DeepL still takes the two bare codes as targets, though its clients warn of them.
ACCEPTED_TARGETS = frozenset({*TARGETS, "EN", "PT"})
WRITING = frozenset({"DE", "EN-GB", "EN-US", "ES", "FR", "IT", "PT-BR", "PT-PT", "JA", "KO", "ZH", "EN", "PT"})

_SCRIPTS = (
    ("JA", re.compile("[\u3040-\u30ff]")),
    ("KO", re.compile("[\uac00-\ud7af]")),
    ("ZH", re.compile("[\u4e00-\u9fff]")),
    ("UK", re.compile("[іїєґ]", re.IGNORECASE)),
    ("RU", re.compile("[\u0400-\u04ff]")),
    ("EL", re.compile("[\u0370-\u03ff]")),
    ("AR", re.compile("[\u0600-\u06ff]")),
)
_WORDS = {
    "EN": "the and of with for is this in to a your our from by on set red large small",
    "DE": "der die das und mit für ist nicht ein eine aus von zu den auf im dem sie wir ihre",
    "FR": "le la les et avec pour est une des du dans pas ce votre nos en sur aux",
    "ES": "el los las y con para es una del por no que en su nuestro este",
    "IT": "il lo gli e con per è una della di non che nel questo sono vostro",
    "NL": "de het een en met voor is van niet op zijn dit onze uw bij",
    "PT": "o os as e com para é uma do da não que em seu nosso este",
}


def base(code: str) -> str:
    """Give a language without its region."""
    return code.upper().partition("-")[0]


def detect(text: str) -> str:
    """Guess a text's language by its script, then by its commonest words; English where nothing tells."""
    for code, script in _SCRIPTS:
        if script.search(text):
            return code
    words = re.findall(r"[^\W\d_]+", text.lower())
    scores = {code: sum(word in known.split() for word in words) for code, known in _WORDS.items()}
    best = max(scores, key=lambda code: scores[code])
    return best if scores[best] else "EN"


def listing(kind: str) -> list[dict[str, object]]:
    """Give the answer of ``/v2/languages``."""
    if kind == "target":
        return [{"language": c, "name": n, "supports_formality": c in FORMAL} for c, n in sorted(TARGETS.items())]
    return [{"language": code, "name": name} for code, name in sorted(SOURCES.items())]
