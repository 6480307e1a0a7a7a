"""Which packages go into the archive, and fetching them for the machine they will run on."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

NOT_SHIPPED = frozenset({"chalice"})
"""Chalice puts its own runtime (two files) into the archive; the rest of it builds archives."""

SOURCE_ONLY = ("pyactiveresource", "shopifyapi")
"""Published without a wheel; both are plain Python, so building them here is the same as there."""

GLIBC = ("2_34", "2_31", "2_28", "2_27", "2_26", "2_24", "2_17")
"""Wheels for these glibc versions run on Amazon Linux 2023, which has 2.34."""

PYTHON = "3.13"

MACHINES: Mapping[str, str] = {"x86_64": "x86_64", "arm64": "aarch64"}
"""AWS's word for a processor -> the word in a wheel's name."""


def fetch(lock: Path, project: Path, architecture: str, target: Path) -> None:
    """Install what ships into ``target``, hashes checked. Raises RuntimeError with pip's own words."""
    wanted = target.with_suffix(".txt")
    wanted.write_text(shipped_lock(lock.read_text("utf-8"), shipped_names(project)), "utf-8")
    done = subprocess.run(_command(wanted, architecture, target), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"pip could not fetch the archive's packages for {architecture}:\n{done.stderr}")


def shipped_names(project: Path) -> frozenset[NormalizedName]:
    """The project's own requirements and all of theirs, as this environment's metadata says."""
    declared = tomllib.loads(project.read_text("utf-8"))["project"]["dependencies"]
    waiting = [Requirement(text) for text in declared]
    found: set[NormalizedName] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in NOT_SHIPPED or name in found:
            continue
        found.add(name)
        waiting.extend(_needs(name, requirement.extras))
    return frozenset(found)


def shipped_lock(lock: str, names: Iterable[NormalizedName]) -> str:
    """The blocks of a hashed lock file for these packages. Raises RuntimeError when one is not locked."""
    blocks = re.finditer(r"^([A-Za-z0-9._-]+)==(?:.*\\\n)*.*\n", lock, re.MULTILINE)
    kept = {canonicalize_name(block[1]): block[0] for block in blocks}
    missing = sorted(set(names) - kept.keys())
    if missing:
        raise RuntimeError(f"not in the lock file: {', '.join(missing)}; run 'make lock'")
    return "".join(kept[name] for name in sorted(names))


def _needs(name: str, extras: Iterable[str]) -> list[Requirement]:
    requirements = [Requirement(text) for text in metadata.requires(name) or ()]
    environments = [{"extra": extra} for extra in ("", *extras)]
    return [r for r in requirements if r.marker is None or any(map(r.marker.evaluate, environments))]


def _command(wanted: Path, architecture: str, target: Path) -> list[str]:
    machine = MACHINES[architecture]
    platforms = [f"manylinux_{glibc}_{machine}" for glibc in GLIBC] + [f"manylinux2014_{machine}"]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps", "--require-hashes"),
        *("--only-binary=:all:", f"--no-binary={','.join(SOURCE_ONLY)}"),
        *("--python-version", PYTHON, "--implementation", "cp"),
        *(part for abi in ("cp313", "abi3", "none") for part in ("--abi", abi)),
        *(part for platform in platforms for part in ("--platform", platform)),
        *("--target", str(target), "--requirement", str(wanted)),
    ]
