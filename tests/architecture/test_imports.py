"""Who may import whom, as pyproject.toml says; and what the accepting Lambda loads."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "onnxruntime", "onnx", "pydantic", "cattrs", "polars", "jinja2", "requests", "deepl", "functions")


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    assert "0 broken" in done.stdout


def test_every_sentence_of_the_design_about_imports_has_a_contract() -> None:
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    sources = {source for contract in written for source in contract.get("source_modules", contract.get("modules"))}
    assert {
        "chalicelib", "functions", "integrations", "chalicelib.domain", "chalicelib.accepting",
        "integrations.shopify", "integrations.woocommerce", "model_artifacts",
    } <= sources  # fmt: skip


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """Every module that ``import app`` loads, in a fresh interpreter."""
    code = "import json, sys, app; print(json.dumps(sorted(sys.modules)))"
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env=bare
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", HEAVY)
def test_importing_app_loads_nothing_heavy(module: str, loaded: set[str]) -> None:
    assert module not in loaded


def test_importing_app_loads_no_storage_and_no_store_client(loaded: set[str]) -> None:
    slow = {
        name
        for name in loaded
        if name.startswith(("chalicelib.storage", "chalicelib.web", "integrations.http"))
        or name.endswith((".client", ".connection"))
    }
    assert {name for name in slow if name.split(".")[0] in {"chalicelib", "integrations"}} == set()


def test_nothing_but_the_settings_reads_the_environment() -> None:
    """``os.environ`` and ``os.getenv`` outside of settings.py would be settings that nobody checks."""
    readers = {
        str(path.relative_to(ROOT))
        for folder in ("chalicelib", "functions", "integrations", "model_artifacts")
        for path in (ROOT / folder).rglob("*.py")
        if "os.environ" in (text := path.read_text()) or "getenv(" in text
    }
    assert readers <= {"chalicelib/settings.py"}
