"""What a wheel brings that a Lambda never opens: every rule with its reason, and what it saved."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

AWS_SERVICES = frozenset({"dynamodb", "kms", "s3", "ses", "sqs", "sts"})

LANGUAGES = "root|en|de|fr|es|zh"
"""The languages of the pages: their numbers and dates are written in the language of the words around them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Paths, by a full match from the archive's root, that may go."""

    pattern: str
    why: str


RULES = (
    Rule(r"onnxruntime/capi/libonnxruntime\.so.*", "the Python module has it linked in"),
    Rule(r"onnxruntime/(tools|transformers|quantization|datasets|backend)", "offline tools"),
    Rule(r"onnx/(backend|reference|test|tools|examples|bin)", "tests, and the slow reference interpreter"),
    Rule(r"onnx/.*\.(h|cc|proto|proto3|in|md)", "sources"),
    Rule(r"flatbuffers(-.*\.dist-info)?", "only onnxruntime's tools read that format"),
    Rule(r"numpy/(.*/)?tests", "tests"),
    Rule(r"numpy/(f2py|_pyinstaller|distutils|doc)", "build tools"),
    Rule(r"numpy/_core/(include|lib|_simd\..*|_.*_tests\..*)", "headers, static libraries, test modules"),
    Rule(r"numpy/random/(lib|_examples)", "static libraries and examples"),
    Rule(rf"babel/locale-data/(?!({LANGUAGES})[_.]).*", "languages that no page speaks"),
    Rule(rf"botocore/data/(?!({'|'.join(sorted(AWS_SERVICES))})/)[^/]+/.*", "services that we never call"),
    Rule(r"botocore/data/[^/]+/.*/(examples-1|waiters-2)\.json(\.gz)?", "nothing at run time"),
    Rule(r"sentencepiece/package_data", "tables for training a tokeniser"),
    Rule(r"pydantic/v1", "the interface of 2022"),
    Rule(r"yaml/_yaml\..*", "the parser in Python does"),
    Rule(r"(boto3|s3transfer)(-.*\.dist-info)?", "botocore alone is used"),
    Rule(r"bin", "command lines"),
    Rule(r"(.*/)?__pycache__", "compiled again where it runs"),
    Rule(r".*\.(pyi|pyx|pxd|pxi|a|c|h|hpp|pyc)", "sources and type stubs"),
    Rule(
        r"[^/]+\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json|sboms|top_level\.txt)",
        "installers' notes",
    ),
    Rule(r"shopify/(test|.*/test)", "tests"),
)


def slim(root: Path) -> dict[str, int]:
    """Remove what the rules name; returns the bytes that each saved, by its reason."""
    saved: dict[str, int] = {}
    for rule in RULES:
        for path in list(_matches(root, re.compile(rule.pattern))):
            saved[rule.why] = saved.get(rule.why, 0) + size_of(path)
            _remove(path)
    return saved


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    return sum(
        file.stat().st_size for file in (path.rglob("*") if path.is_dir() else (path,)) if file.is_file()
    )


def _matches(root: Path, pattern: re.Pattern[str]) -> Iterator[Path]:
    found = (path for path in root.rglob("*") if pattern.fullmatch(path.relative_to(root).as_posix()))
    kept: Path | None = None
    for path in sorted(found):
        # A folder's own files go with it.
        if kept is None or kept not in path.parents:
            kept = path
            yield path


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
