"""What the worker needs of memory, under AWS's own runtime client, with everything loaded that it ever loads."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import Row
from bench.road_lambda import built, surroundings
from sandbox.lambda_runtime import LambdaRuntime, install_runtime

THREADS, TEXTS = 10, 6
PATIENCE_S = 300.0
"""Memory does not depend on how busy the machine is, so a busy one is waited for."""

PROBE = """
import resource
from concurrent.futures import ThreadPoolExecutor

import app
from functions.translation import memory, quality

PAIR = memory.Pair(source="en", target="de")


def fill(event, context):
    app.services()
    bare = resident_mb()
    texts = [(f"A lantern of brass with {n} wicks, for the garden.", f"Eine Laterne aus Messing mit {n} Dochten.")
             for n in range(event["texts"])]

    def judge(number):
        return quality.estimator(app.services().models(f"bazaar:{number}")).judge(texts, PAIR)

    with ThreadPoolExecutor(event["threads"]) as pool:
        judged = [one for some in pool.map(judge, range(event["threads"])) for one in some]
    return {"bare_mb": bare, "full_mb": resident_mb(), "judged": sum(one.quality is not None for one in judged)}


def resident_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""


def rows() -> Iterator[Row]:
    """Needs Linux and the package index (or its cache) for building the archive."""
    folder = built()
    layers = [path for path in [folder / "layer"] if path.exists()]
    with tempfile.TemporaryDirectory() as place, surroundings() as environment:
        runtime = install_runtime(Path(place) / "runtime")
        (runtime / "probe.py").write_text(PROBE, "utf-8")
        container = LambdaRuntime(folder / "task", "probe.fill", runtime, environment, layers, PATIENCE_S)
        answer = container.invoke({"threads": THREADS, "texts": TEXTS})
        container.close()
    if answer.failed or answer.payload["judged"] != THREADS * TEXTS:
        raise RuntimeError(f"the worker's models did not run: {answer.payload}")
    yield Row(
        name="worker.resident_mb", value=answer.payload["bare_mb"], unit="MB",
        note="the worker with its services built and no model loaded, the most that was ever resident",
    )  # fmt: skip
    yield Row(
        name="worker.resident_mb.all_models", value=answer.payload["full_mb"], unit="MB",
        note=f"the same after {THREADS} threads at once, all cold, have judged {TEXTS} translations each with the text "
        "encoder, the largest shipped model: the most that was ever resident",
    )  # fmt: skip
