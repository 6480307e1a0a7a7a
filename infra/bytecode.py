"""Compiles what a cold start loads: the archive is read-only, so Lambda would compile it anew every time."""

import compileall
import py_compile
from importlib import util
from pathlib import Path

COLD_START = (
    *(
        "botocore",
        "urllib3",
        "jmespath",
        "dateutil",
        "certifi",
        "jinja2",
        "markupsafe",
        "pydantic",
        "cryptography",
    ),
    *(
        "numpy/_core",
        "numpy/lib",
        "numpy/linalg",
        "numpy/_utils",
        "numpy/_typing",
        "numpy/matrixlib",
        "onnxruntime",
    ),
)
"""Packages that the accepting path or a worker loads first; all of them would cost the archive its limit."""

TASK = "/var/task"
"""Where Lambda unpacks the archive, so that a traceback names files that are there."""

_MODE = py_compile.PycInvalidationMode.UNCHECKED_HASH
"""Unpacking does not keep times to the second, and nothing changes the files afterwards."""


def compile_packages(root: Path, packages: tuple[str, ...]) -> None:
    """Put bytecode beside the sources of these packages. Raises RuntimeError when one does not compile."""
    for package in packages:
        done = compileall.compile_dir(
            root / package, quiet=1, force=True, invalidation_mode=_MODE, stripdir=root, prependdir=TASK
        )
        if not done:
            raise RuntimeError(f"{package} does not compile; its error stands above")


def compile_entry(root: Path, app: Path) -> None:
    """Bytecode of app.py and of Chalice's two runtime files, which Chalice adds to the archive as sources."""
    runtime = {Path("chalice/__init__.py"): "chalice", Path("chalice/app.py"): "chalice.app"}
    sources = {name: _source_of(module) for name, module in runtime.items()} | {Path("app.py"): app}
    for name, source in sources.items():
        target = root / util.cache_from_source(str(name))
        py_compile.compile(str(source), str(target), f"{TASK}/{name}", doraise=True, invalidation_mode=_MODE)


def _source_of(module: str) -> Path:
    found = util.find_spec(module)
    if found is None or found.origin is None:
        raise RuntimeError(f"{module} is not installed")
    return Path(found.origin)
