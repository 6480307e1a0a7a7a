"""Translations of the pages: ``python -m chalicelib.web.catalogues extract | compile``.

Messages are the English sentences themselves: those of the templates, of our closed words, of limits, errors
and guardrails, and of functions' reasons. Catalogues (.po) are kept; compiled ones (.mo) are made at set-up.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from chalicelib import limits
from chalicelib.web import wording
from chalicelib.web.languages import LANGUAGES

HERE = Path(__file__).parent
LOCALE = HERE / "locale"
ROOT = HERE.parent.parent
SPOKEN = (
    "chalicelib/web/*.py", "chalicelib/errors.py", "chalicelib/deciding.py", "chalicelib/guardrails*.py",
    "chalicelib/consent.py", "chalicelib/billing.py", "chalicelib/storage/attempts.py", "integrations/*/install.py",
    "integrations/*/words.py", "functions/translation/*.py", "chalicelib/cleaning.py",
)  # fmt: skip
"""Modules whose sentences people read."""

REASONS = ("functions/*/*.py",)
"""Modules whose reasons and facts people read."""

SAID = frozenset({"Reason", "Fact", "Facts", "Feature"})
SAYING = frozenset({"text", "label", "title", "against", "favour", "none", "missing"})
"""What in those modules is a message: the texts of reasons and facts, and of what a model looks at."""

ONE = {"against_one": "against"}
"""What is said of one, and where the same stands for more."""

type Message = str | tuple[str, str]
"""A sentence, or one with its plural."""

SILENT = frozenset({"catalogues.py", "languages.py", "answers.py", "assets.py", "wording.py", "post.py"})
"""Modules whose constants people do not read (or, for the closed words, that are read as values)."""


def messages() -> Iterator[tuple[Message, str]]:
    """Every message with the file it comes from."""
    found = extract_from_dir(
        HERE / "templates", [("**.html", "jinja2")], options_map={"**.html": {"newstyle_gettext": "true"}}
    )
    for file, _, message, _, _ in found:
        if isinstance(message, str) and message:
            yield message, f"chalicelib/web/templates/{file}"
    yield from ((text, "chalicelib/web/wording.py") for text in wording.every())
    for limit in limits.every():
        yield from ((text, "chalicelib/domain/shop.py") for text in (limit.label, limit.help) if text)
    yield from _spoken(SPOKEN, _sentences)
    yield from _spoken(REASONS, _reasons)


def _spoken[Said: Message](
    patterns: Iterable[str], texts: Callable[[ast.AST], Iterator[Said]]
) -> Iterator[tuple[Said, str]]:
    for path in (path for pattern in patterns for path in sorted(ROOT.glob(pattern))):
        if path.name not in SILENT:
            name = str(path.relative_to(ROOT))
            yield from ((text, name) for text in texts(ast.parse(path.read_text())))


def _sentences(tree: ast.AST) -> Iterator[str]:
    """Constants that are no documentation and look like what people read."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) not in docs | parts and _READ.fullmatch(node.value):
            yield node.value


_READ = re.compile(
    r"[A-Z][^=<>|]* [^=<>|]*[\w.%?)]|\{\w+\} [^=<>|]*[\w.%?)]|[A-Z][a-z]{3,}\.?"
    r"|just now|last 7 days|this month|today|now"
)
"""What a sentence or a word for people looks like among our constants."""


def _reasons(tree: ast.AST) -> Iterator[Message]:
    """The text of a reason, a fact's label, an exhibit's title."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in SAID:
            continue
        said = {
            str(word.arg): str(word.value.value) for word in node.keywords if isinstance(word.value, ast.Constant)
        }
        pairs = {said[many]: (said[one], said[many]) for one, many in ONE.items() if one in said}
        yield from (pairs.get(text, text) for name, text in said.items() if name in SAYING and text)


def extract() -> None:
    """Bring every catalogue up to date; translations that exist are kept."""
    template = Catalog(project="tradewind", charset="utf-8")
    for message, file in messages():
        flags = ("python-format",) if "%(" in str(message) else ()
        template.add(message, locations=[(file, 0)], flags=flags)
    for language in LANGUAGES:
        if language != "en":
            _update(language, template)


def _update(language: str, template: Catalog) -> None:
    path = LOCALE / language / "LC_MESSAGES" / "tradewind.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog = Catalog(locale=language, project="tradewind", charset="utf-8", fuzzy=False)
    if path.exists():
        with path.open("rb") as file:
            catalog = pofile.read_po(file, locale=language)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    with path.open("wb") as out:
        pofile.write_po(out, catalog, sort_output=True, omit_header=False, include_lineno=False, width=110)


def compile_all() -> int:
    """Make the compiled catalogues; says how many."""
    count = 0
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/tradewind.po")):
        with path.open("rb") as file:
            catalog = pofile.read_po(file)
        with path.with_suffix(".mo").open("wb") as out:
            mofile.write_mo(out, catalog)
        count += 1
    return count


if __name__ == "__main__":
    if sys.argv[1:] == ["extract"]:
        extract()
    elif sys.argv[1:] == ["compile"]:
        compile_all()
    else:
        sys.exit("say extract or compile")
