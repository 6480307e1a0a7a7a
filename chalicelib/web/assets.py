"""Files that never change while a version runs; ``python -m chalicelib.web.assets`` fetches others' files.

htmx comes from npm at set-up and is not committed; every page works without it.
"""

import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path
from shutil import copyfile, which
from typing import TYPE_CHECKING

from chalicelib.web.answers import Answer

if TYPE_CHECKING:
    from chalicelib.web.visit import Visit

HERE = Path(__file__).parent / "static"
VENDOR = HERE / "vendor"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HTMX = "htmx.org@4.0.1"


def serve(visit: "Visit") -> Answer:
    """One of our own files."""
    return _file(HERE / visit.parts["file"])


def serve_vendor(visit: "Visit") -> Answer:
    """One file that npm brought."""
    return _file(VENDOR / visit.parts["file"])


def _file(path: Path) -> Answer:
    if path.suffix not in KINDS or not _plain(path.name) or not path.is_file():
        return Answer(body="Not found", status=404, kind="text/plain; charset=utf-8")
    cached = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Answer(body=_text(path), kind=f"{KINDS[path.suffix]}; charset=utf-8", extra=cached)


def _plain(name: str) -> bool:
    return name.replace(".", "").replace("-", "").isalnum() and not name.startswith(".")


@cache
def _text(path: Path) -> str:
    return path.read_text()


@cache
def version(name: str) -> str:
    """A short digest of a file, for its address; empty where the file is not there."""
    path = HERE / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else ""


def fetch(folder: Path) -> int:
    """Install htmx under ``folder`` with npm and copy what pages load; the exit status of the set-up step."""
    npm = which("npm")
    if npm is None:
        sys.stderr.write("npm is not installed: pages work without htmx, progress then reloads the page.\n")
        return 0
    subprocess.run([npm, "install", "--no-save", "--prefix", str(folder), HTMX], check=True)  # noqa: S603
    VENDOR.mkdir(exist_ok=True)
    copyfile(folder / "node_modules" / "htmx.org" / "dist" / "htmx.min.js", VENDOR / "htmx.min.js")
    return 0


if __name__ == "__main__":
    sys.exit(fetch(Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd()))
