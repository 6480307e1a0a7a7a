"""Builds what is deployed: ``python -m infra.package``.

    app.py chalicelib/ ──────────────────────────────┐
    functions/ integrations/ model_artifacts/ ──┐    │
    requirements.txt ─pip, per processor─► slim ┴► vendor/
                                                     │
    infra/template.py ──merge──► chalice package ◄───┘   staged copy, never the work tree
                                      │
           build/package/<processor>/deployment.zip, sam.json, layer.zip

Chalice leaves top-level packages out silently and follows the interpreter that runs it, so the build checks
what came out and fails loudly.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from infra import template
from infra.bytecode import COLD_START, compile_entry, compile_packages
from infra.dependencies import MACHINES, PYTHON, fetch
from infra.slim import size_of, slim

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"

STAGED = ("app.py", "chalicelib", ".chalice")
VENDORED = ("functions", "integrations", "model_artifacts")
INGREDIENTS = ("infra/dependencies.py", "infra/slim.py", "infra/bytecode.py")
"""What decides how the packages look, besides the lock file."""

LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "*.pyc", "deployments", "deployed", ".gitignore", "node_modules"
)

STAGE = "prod"
"""The one stage of .chalice/config.json."""

LARGE_ARTIFACT = 20 * 2**20
"""A shipped model above this many bytes goes into the layer: it changes rarely, and few functions need it."""

UNPACKED_LIMIT = 150 * 10**6
"""Ours, for the archive alone; Lambda's is 250 MiB with layers ("Lambda quotas", developer guide)."""

ELF_MACHINES = {"x86_64": 62, "arm64": 183}
"""e_machine of the System V ABI."""

MUST_HOLD = (
    *("app.py", "chalice/app.py", "chalicelib/ports.py", "functions/__init__.py", "integrations/__init__.py"),
    *("model_artifacts/__init__.py", "numpy/__init__.py", "onnx/__init__.py", "onnxruntime/__init__.py"),
    *(
        "onnxruntime/capi/onnxruntime_pybind11_state",
        "numpy/_core/_multiarray_umath",
        "cryptography/hazmat/bindings/_rust",
    ),
)
"""Beginnings of names; the last three are native libraries, whose names end in their platform."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build for the processors asked for and report sizes."""
    parser = argparse.ArgumentParser(description="Build the Lambda archive and the CloudFormation template.")
    parser.add_argument("--arch", nargs="+", choices=sorted(MACHINES), default=["x86_64", "arm64"])
    parser.add_argument("--out", type=Path, default=BUILD / "package")
    asked = parser.parse_args(arguments)
    for architecture in asked.arch:
        print_line(f"{architecture}: building")
        package(architecture, asked.out / architecture, print_line)
    return 0


def package(architecture: str, out: Path, say: Callable[[str], None], project: Path = ROOT) -> Path:
    """Build one archive with its template; returns its path. Raises RuntimeError with what to do."""
    if "{}.{}".format(*sys.version_info) != PYTHON:
        raise RuntimeError(f"package with Python {PYTHON}: Chalice names the runtime after whoever runs it")
    shutil.rmtree(out, ignore_errors=True)
    stage = out / "stage"
    stage.mkdir(parents=True)
    layered = _stage(project, stage, architecture, say)
    if layered:
        _zip_layer(layered, out / template.LAYER_FILE)
    merged = out / "resources.json"
    merged.write_text(json.dumps(template.resources(layer=bool(layered)), indent=1), "utf-8")
    _chalice(stage, out, merged)
    shutil.rmtree(stage)
    archive = out / "deployment.zip"
    check(archive, architecture)
    with zipfile.ZipFile(archive) as opened:
        unpacked = sum(info.file_size for info in opened.infolist())
    packed = archive.stat().st_size
    say(f"{architecture}: {unpacked / 1e6:.1f} MB unpacked, {packed / 1e6:.1f} MB packed: {archive}")
    return archive


def check(archive: Path, architecture: str) -> None:
    """Refuse what lacks a part that Chalice forgets silently, or is for another processor: RuntimeError."""
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        unpacked = sum(info.file_size for info in opened.infolist())
        foreign = [
            name for name in names if _machine_of(opened, name) not in (None, ELF_MACHINES[architecture])
        ]
    if foreign:
        raise RuntimeError(f"libraries for another processor than {architecture}: {', '.join(foreign[:3])}")
    missing = [part for part in MUST_HOLD if not any(name.startswith(part) for name in names)]
    if missing:
        raise RuntimeError(f"the archive lacks {', '.join(missing)}")
    if unpacked > UNPACKED_LIMIT:
        raise RuntimeError(
            f"{unpacked / 1e6:.0f} MB unpacked; at most {UNPACKED_LIMIT / 1e6:.0f}: see infra/slim.py"
        )


def _machine_of(archive: zipfile.ZipFile, name: str) -> int | None:
    """The processor in a native library's ELF header; None for everything else."""
    if ".so" not in name:
        return None
    with archive.open(name) as opened:
        head = opened.read(20)
    return int.from_bytes(head[18:20], "little") if head[:4] == b"\x7fELF" else None


def fingerprint(project: Path = ROOT) -> str:
    """A digest of everything that goes in, so that tests build once per state of the work tree."""
    digest = hashlib.sha256(sys.version.encode())
    for name in (*STAGED, *VENDORED, "infra", "requirements.txt", "pyproject.toml"):
        for file in _files(project / name):
            digest.update(str(file.relative_to(project)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def print_line(text: str) -> None:
    """Progress, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _stage(project: Path, stage: Path, architecture: str, say: Callable[[str], None]) -> list[Path]:
    """Lay out the staged copy; returns the artifacts that belong into the layer instead."""
    vendor = stage / "vendor"
    # Linked, not copied: a hundred megabytes that nobody changes on the way into the archive.
    shutil.copytree(_packages(project, architecture, say), vendor, copy_function=os.link)
    for name in STAGED:
        _copy(project / name, stage / name)
    for name in VENDORED:
        _copy(project / name, vendor / name)
    compile_packages(stage, ("chalicelib",))
    compile_packages(vendor, VENDORED)
    compile_entry(vendor, stage / "app.py")
    # Chalice would resolve this by its own rules; everything is in vendor/ already.
    (stage / "requirements.txt").write_text("", "utf-8")
    config = stage / ".chalice" / "config.json"
    config.write_text(
        json.dumps(json.loads(config.read_text("utf-8")) | {"lambda_architecture": architecture})
    )
    return list(_move_large(project, vendor / "model_artifacts"))


def _packages(project: Path, architecture: str, say: Callable[[str], None]) -> Path:
    """The slimmed packages of the lock file, kept between builds."""
    digest = hashlib.sha256(PYTHON.encode())
    for name in ("requirements.txt", "pyproject.toml", *INGREDIENTS):
        digest.update((project / name).read_bytes())
    kept = BUILD / "vendor" / f"{architecture}-{digest.hexdigest()[:16]}"
    if not kept.exists():
        fresh = kept.with_name(f"{kept.name}.part")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fetch(project / "requirements.txt", project / "pyproject.toml", architecture, fresh)
        for why, saved in sorted(slim(fresh).items(), key=lambda pair: -pair[1]):
            say(f"  left out {saved / 1e6:6.1f} MB: {why}")
        compile_packages(fresh, COLD_START)
        fresh.rename(kept)
    return kept


def _move_large(project: Path, artifacts: Path) -> Iterator[Path]:
    for folder in sorted(path for path in artifacts.glob("*/*") if path.is_dir()):
        if size_of(folder) > LARGE_ARTIFACT:
            shutil.rmtree(folder)
            yield project / "model_artifacts" / folder.relative_to(artifacts)


def _zip_layer(folders: Iterable[Path], layer: Path) -> None:
    """Models are found under /opt/python, which is on a Lambda's path; quantised weights do not compress."""
    with zipfile.ZipFile(layer, "w") as opened:
        for folder in folders:
            for file in _files(folder):
                name = (
                    Path("python/model_artifacts")
                    / folder.parent.name
                    / folder.name
                    / file.relative_to(folder)
                )
                opened.write(file, name)


def _chalice(stage: Path, out: Path, merged: Path) -> None:
    run = "import sys; from chalice.cli import main; sys.exit(main())"
    # Pinned arguments of our own: nothing here comes from outside.
    command = [sys.executable, "-c", run, "--project-dir", str(stage), "package", "--stage", STAGE]
    command += ["--merge-template", str(merged)]
    environment = {"PATH": "/usr/bin:/bin", "AWS_DEFAULT_REGION": "eu-central-1", "HOME": str(stage)}
    done = subprocess.run(  # noqa: S603
        [*command, str(out)], cwd=stage, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"chalice package failed:\n{done.stdout}{done.stderr}")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=LEFT_OUT)
    else:
        shutil.copy2(source, target)


def _files(path: Path) -> list[Path]:
    found = path.rglob("*") if path.is_dir() else iter((path,))
    return sorted(file for file in found if file.is_file() and "__pycache__" not in file.parts)


if __name__ == "__main__":
    raise SystemExit(main())
