"""The archive, built once per state of the work tree and unpacked; kept under build/ between runs."""

import fcntl
import platform
import shutil
import zipfile
from pathlib import Path

import pytest

from infra.dependencies import PYTHON
from infra.package import BUILD, fingerprint, package
from sandbox.lambda_runtime import install_runtime

MACHINE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder with deployment.zip and sam.json for this machine's processor."""
    if MACHINE is None or platform.system() != "Linux":
        pytest.skip(reason="the archive holds Linux libraries and cannot run here")
    if platform.python_version_tuple()[:2] != tuple(PYTHON.split(".")):
        pytest.skip(reason=f"the archive is built by Python {PYTHON}")
    folder = BUILD / "tested" / fingerprint()
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "tested.lock").open("w") as lock:
        # Several test processes may come here at once; one builds and the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "task").exists():
            shutil.rmtree(folder.parent, ignore_errors=True)
            package(MACHINE, folder, print)
            _unpack(folder / "deployment.zip", folder / "part")
            if (folder / "layer.zip").exists():
                _unpack(folder / "layer.zip", folder / "layer")
            (folder / "part").rename(folder / "task")
    return folder


def _unpack(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(target)


@pytest.fixture(scope="session")
def unpacked(built: Path) -> Path:
    """Where Lambda would unpack the archive."""
    return built / "task"


@pytest.fixture(scope="session")
def layers(built: Path) -> list[Path]:
    """Where Lambda would unpack the layer, if large models were built."""
    return [built / "layer"] if (built / "layer").exists() else []


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Lambda keeps its own runtime client."""
    return install_runtime(tmp_path_factory.mktemp("runtime"))
