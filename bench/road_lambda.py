"""The archive under AWS's own runtime client: cold starts, warm webhooks, and how large it is.

The container is a process on this machine, so there is no download of the archive and no virtual machine to
boot in the figures; moto stands in for the queue.
"""

import os
import platform
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench import Row, road_accept
from chalicelib.adapters.clients import Clients
from chalicelib.adapters.dynamodb_table import create_table
from chalicelib.adapters.sqs import create_queue
from infra.package import BUILD, fingerprint, package
from sandbox.aws import LocalAws
from sandbox.lambda_runtime import LambdaRuntime, install_runtime

MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
STARTS, WARM = 5, 200
KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}


def rows() -> Iterator[Row]:
    """Needs Linux and the package index (or its cache) for building the archive."""
    folder = built()
    task, layers = folder / "task", [path for path in [folder / "layer"] if path.exists()]
    yield Row(name="package.unpacked_mb", value=_megabytes(task), unit="MB", note="the archive; Lambda takes 250 MB")
    for layer in layers:
        yield Row(name="package.layer_unpacked_mb", value=_megabytes(layer), unit="MB", note="models beside it")
    with tempfile.TemporaryDirectory() as place, surroundings() as environment:
        where = (task, install_runtime(Path(place) / "runtime"), layers, environment)
        yield from _accepting(*where)
        yield from _working(*where)


def _accepting(task: Path, runtime: Path, layers: list[Path], environment: Mapping[str, str]) -> Iterator[Row]:
    event = road_accept.url_webhook("products/update")
    first = []
    for _ in range(STARTS):
        begin = time.perf_counter()
        container = LambdaRuntime(task, "app.hooks", runtime, environment, layers)
        _good(container.invoke(event).payload)
        first.append(time.perf_counter() - begin)
        warm = [container.invoke(event).seconds for _ in range(WARM)] if len(first) == STARTS else []
        container.close()
    yield Row(
        name="cold_start.accept_ms", value=1000 * median(first), unit="ms",
        note=f"process start to the first answered webhook, median of {STARTS}",
    )  # fmt: skip
    yield Row(
        name="warm.accept_ms", value=1000 * median(warm), unit="ms",
        note=f"median of {WARM}: AWS's runtime client, our path, and one message sent to moto over HTTP",
    )  # fmt: skip


def _working(task: Path, runtime: Path, layers: list[Path], environment: Mapping[str, str]) -> Iterator[Row]:
    first = []
    for _ in range(STARTS):
        begin = time.perf_counter()
        container = LambdaRuntime(task, "app.work", runtime, environment, layers)
        answer = container.invoke({"Records": []})
        if answer.failed or answer.payload != {"batchItemFailures": []}:
            raise RuntimeError(f"the worker answered {answer.payload}")
        first.append(time.perf_counter() - begin)
        container.close()
    yield Row(
        name="cold_start.worker_ms", value=1000 * median(first), unit="ms",
        note=f"process start to the end of an empty batch, median of {STARTS}",
    )  # fmt: skip


def _good(payload: Any) -> None:
    if payload.get("statusCode") != 200:
        raise RuntimeError(f"a good webhook was answered {payload}")


@contextmanager
def surroundings() -> Iterator[Mapping[str, str]]:
    """Moto with what CloudFormation makes, and the settings of a deployment."""
    before = dict(os.environ)
    os.environ.update(KEYS)
    aws = LocalAws()
    try:
        clients = Clients(region="eu-central-1", endpoint_url=aws.url)
        create_table(clients.dynamodb, "tradewind")
        queues = {name: create_queue(clients.sqs, name)[0] for name in ("work", "schedule")}
        yield {
            **road_accept.environment(), "AWS_ENDPOINT_URL": aws.url, "TRADEWIND_TABLE": "tradewind",
            "TRADEWIND_WORK_QUEUE": queues["work"], "TRADEWIND_SCHEDULE_QUEUE": queues["schedule"],
            "TRADEWIND_KMS_KEY": clients.kms.create_key()["KeyMetadata"]["KeyId"],
        }  # fmt: skip
    finally:
        aws.close()
        os.environ.clear()
        os.environ.update(before)


def built() -> Path:
    """The archive of this state of the work tree, unpacked. Raises RuntimeError where it could not run."""
    machine = MACHINES.get(platform.machine())
    if machine is None or platform.system() != "Linux":
        raise RuntimeError("the archive holds Linux libraries and cannot run here")
    folder = BUILD / "measured" / fingerprint()
    if not (folder / "task").exists():
        shutil.rmtree(folder.parent, ignore_errors=True)
        package(machine, folder, print)
        _unpack(folder / "deployment.zip", folder / "task")
        if (folder / "layer.zip").exists():
            _unpack(folder / "layer.zip", folder / "layer")
    return folder


def _unpack(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(target)


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
