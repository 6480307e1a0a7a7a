"""A store's language tags in DeepL's words."""

from collections.abc import Mapping

_TARGETS: Mapping[str, str] = {
    "en": "EN-US", "pt": "PT-PT", "zh": "ZH-HANS", "zh-cn": "ZH-HANS", "zh-sg": "ZH-HANS", "zh-tw": "ZH-HANT",
    "zh-hk": "ZH-HANT", "no": "NB", "nn": "NB", "es-419": "ES-419",
}  # fmt: skip
_VARIANTS = frozenset({"EN-GB", "EN-US", "PT-BR", "PT-PT", "ZH-HANS", "ZH-HANT"})


def source_code(locale: str) -> str:
    """``pt-BR`` -> ``PT``: sources have no variants."""
    base = locale.partition("-")[0].lower()
    return "NB" if base in {"no", "nn"} else base.upper()


def target_code(locale: str) -> str:
    """``en`` -> ``EN-US``, ``pt-BR`` -> ``PT-BR``: where DeepL wants a variant, one is named."""
    tag = locale.lower()
    if tag in _TARGETS:
        return _TARGETS[tag]
    return tag.upper() if tag.upper() in _VARIANTS else source_code(tag)


def formality_word(wish: str) -> str | None:
    """``more`` -> ``prefer_more``, which a language without that distinction ignores where ``more`` would
    fail."""
    return {"more": "prefer_more", "less": "prefer_less"}.get(wish)
