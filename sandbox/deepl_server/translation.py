"""``/v2/translate`` and ``/v2/write/rephrase``: what is asked, checked as DeepL checks it, and answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.deepl_server.glossaries import Glossaries
from sandbox.deepl_server.languages import ACCEPTED_TARGETS, FORMAL, SOURCES, WRITING, base, detect
from sandbox.deepl_server.markup import Handling, translate
from sandbox.deepl_server.pseudo import pseudo
from sandbox.deepl_server.refusal import Refusal

MAX_TEXTS = 50
_FORMALITIES = frozenset({"default", "more", "less", "prefer_more", "prefer_less"})
_MODELS = frozenset({"quality_optimized", "prefer_quality_optimized", "latency_optimized"})
_STYLES = frozenset({"simple", "business", "academic", "casual", "default"})
_TONES = frozenset({"enthusiastic", "friendly", "confident", "diplomatic", "default"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One checked translation request."""

    texts: tuple[str, ...]
    source: str
    target: str
    formality: str
    model: str
    handling: Handling
    glossary: str
    billed: bool


def read_job(given: Mapping[str, Any]) -> Job:
    """Check a request; each refusal is a 400 that names the parameter."""
    source, target = str(given.get("source_lang") or "").upper(), str(given.get("target_lang") or "").upper()
    if not target:
        raise Refusal(400, "Bad request. Reason: 'target_lang' is missing.")
    if target not in ACCEPTED_TARGETS:
        raise Refusal(400, "Value for 'target_lang' not supported.")
    if source and source not in SOURCES:
        raise Refusal(400, "Value for 'source_lang' not supported.")
    glossary = str(given.get("glossary_id") or "")
    if glossary and not source:
        raise Refusal(400, "Use of a glossary requires the 'source_lang' parameter.")
    if given.get("style_id"):
        raise Refusal(400, "Bad request", "No style rule found for given id")
    _check_choice(given, "split_sentences", frozenset({"0", "1", "nonewlines"}))
    return Job(
        texts=read_texts(given),
        source=source,
        target=target,
        formality=_formality(given, target),
        model=_check_choice(given, "model_type", _MODELS),
        handling=_handling(given),
        glossary=glossary,
        billed=_flag(given.get("show_billed_characters")),
    )


def read_texts(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Read ``text``: in JSON an array of strings (never a bare string), at most 50."""
    texts = given.get("text")
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise Refusal(400, "Parameter 'text' not specified.")
    if len(texts) > MAX_TEXTS:
        raise Refusal(400, "Too many texts in request.")
    return tuple(texts)


def run(job: Job, glossaries: Glossaries) -> list[dict[str, Any]]:
    """Translate every text of a job."""
    terms = glossaries.terms(job.glossary, job.source, job.target) if job.glossary else {}
    return [_row(job, text, terms) for text in job.texts]


def rephrase(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Answer ``/v2/write/rephrase``; a style and a tone at once are refused, as DeepL does."""
    target = str(given.get("target_lang") or "").upper()
    if target and target not in WRITING:
        raise Refusal(400, "Value for 'target_lang' not supported.")
    style = _check_choice(given, "writing_style", _preferred(_STYLES))
    tone = _check_choice(given, "tone", _preferred(_TONES))
    if style and tone:
        raise Refusal(400, "Only one of 'writing_style' and 'tone' can be set.")
    return [_improvement(text, target, style or tone) for text in read_texts(given)]


def _improvement(text: str, target: str, manner: str) -> dict[str, Any]:
    found = detect(text)
    if target and base(target) != found:
        raise Refusal(400, "Source and target language must be the same.")
    mark = "✎" + (f"·{manner}" if manner else "")
    return {
        "text": pseudo(text, mark, {}),
        "detected_source_language": found.lower(),
        "target_language": (target or found).lower(),
    }


def _row(job: Job, text: str, terms: Mapping[str, str]) -> dict[str, Any]:
    source = job.source or detect(text)
    mark = job.target + (f"·{job.formality}" if job.formality else "")
    same = base(source) == base(job.target)
    try:
        done = translate(text, job.handling, lambda part: part if same else pseudo(part, mark, terms))
    except ValueError as fault:
        raise Refusal(400, "Tag handling parsing failed, please check input.") from fault
    row: dict[str, Any] = {"detected_source_language": source, "text": done}
    if job.billed:
        row["billed_characters"] = len(text)
    if job.model:
        row["model_type_used"] = job.model.removeprefix("prefer_")
    return row


def _formality(given: Mapping[str, Any], target: str) -> str:
    value = _check_choice(given, "formality", _FORMALITIES)
    if value in {"more", "less"} and target not in FORMAL:
        raise Refusal(400, "'formality' is not supported for given 'target_lang'.")
    wanted = value.removeprefix("prefer_") if target in FORMAL else ""
    return wanted if wanted in {"more", "less"} else ""


def _handling(given: Mapping[str, Any]) -> Handling:
    kind = _check_choice(given, "tag_handling", frozenset({"xml", "html"}))
    ignored = given.get("ignore_tags") or []
    names = ignored.split(",") if isinstance(ignored, str) else [str(name) for name in ignored]
    return Handling(kind, frozenset(name.strip() for name in names if name.strip()))


def _check_choice(given: Mapping[str, Any], name: str, allowed: frozenset[str]) -> str:
    value = str(given.get(name) or "")
    if value and value not in allowed:
        raise Refusal(400, f"Value for '{name}' not supported.")
    return value


def _preferred(words: frozenset[str]) -> frozenset[str]:
    return words | {f"prefer_{word}" for word in words}


def _flag(value: Any) -> bool:
    return value in (True, "1", "true")
