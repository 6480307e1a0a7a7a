"""What must be in the archive, and what must not be loaded from it."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.package import MUST_HOLD, UNPACKED_LIMIT, check, fingerprint
from infra.slim import size_of, slim

BARE = {"AWS_REGION": "eu-central-1", "AWS_LAMBDA_FUNCTION_NAME": "tradewind"}


def run_bare(task: Path, code: str) -> str:
    """Run code in an interpreter that sees the archive and the standard library, and nothing else."""
    prelude = f"import sys; sys.path.insert(0, {str(task)!r}); "
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-B", "-c", prelude + code],
        env=BARE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_is_in_it(unpacked: Path) -> None:
    packages = ("chalicelib", "functions", "integrations", "model_artifacts", "numpy", "onnx", "onnxruntime")
    for package in packages:
        assert (unpacked / package / "__init__.py").is_file(), package
    libraries = {path.name.split(".")[0] for path in unpacked.rglob("*.so")}
    assert {"onnxruntime_pybind11_state", "_multiarray_umath", "_rust", "_pydantic_core"} <= libraries


def test_every_module_of_ours_is_in_it(built: Path, unpacked: Path) -> None:
    if fingerprint() != built.name:
        pytest.skip(reason="the work tree changed after the archive was built")
    project = Path(__file__).parents[2]
    for package in ("chalicelib", "functions", "integrations", "model_artifacts"):
        ours = {path.relative_to(project) for path in (project / package).rglob("*.py")}
        shipped = {path.relative_to(unpacked) for path in (unpacked / package).rglob("*.py")}
        assert ours == shipped


def test_nothing_of_the_workshop_is_in_it(unpacked: Path) -> None:
    names = {path.name for path in unpacked.iterdir()}
    assert not names & {
        "tests",
        "sandbox",
        "bench",
        "docs",
        "infra",
        "cli.py",
        "moto",
        "pytest",
        "chalice.egg-info",
    }
    assert {path.name for path in (unpacked / "chalice").glob("*.py")} == {"__init__.py", "app.py"}


def test_a_cold_start_compiles_nothing_of_ours_or_botocores(unpacked: Path) -> None:
    code = (
        "import app, botocore.session, json, os\n"
        "from importlib.util import cache_from_source as cached\n"
        "botocore.session.Session().create_client('sqs', region_name='eu-central-1')\n"
        "files = {m.__name__: m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)}\n"
        "print(json.dumps([n for n, f in files.items() if f[-2:] == 'py' and not os.path.exists(cached(f))]))"
    )
    late = {name.partition(".")[0] for name in json.loads(run_bare(unpacked, code))}
    assert not late & {"app", "chalice", "chalicelib", "integrations", "functions", "botocore", "urllib3"}


def test_bytecode_names_lambdas_paths_and_not_this_machines(unpacked: Path) -> None:
    here = str(Path(__file__).parents[2]).encode()
    for file in (*(unpacked / "chalicelib").rglob("*.pyc"), *(unpacked / "chalice").rglob("*.pyc")):
        content = file.read_bytes()
        assert here not in content
        assert b"/var/task/" in content


def test_it_is_small_enough(built: Path, unpacked: Path) -> None:
    with zipfile.ZipFile(built / "deployment.zip") as archive:
        said = sum(info.file_size for info in archive.infolist())
    assert said == size_of(unpacked)
    assert said < UNPACKED_LIMIT


def test_the_accepting_path_loads_nothing_heavy(unpacked: Path) -> None:
    loaded = json.loads(
        run_bare(unpacked, "import app, json; print(json.dumps([app.__file__, sorted(sys.modules)]))")
    )
    assert loaded[0] == str(unpacked / "app.py")
    roots = {name.partition(".")[0] for name in loaded[1]}
    heavy = {
        "numpy",
        "onnx",
        "onnxruntime",
        "pydantic",
        "boto3",
        "sentencepiece",
        "jinja2",
        "shopify",
        "requests",
    }
    assert not roots & heavy
    assert not [name for name in loaded[1] if name.startswith("functions.")]


def test_everything_imports_from_the_archive_alone(unpacked: Path) -> None:
    code = (
        "import pkgutil, importlib, chalicelib, functions, integrations\n"
        "names = [m.name for p in (chalicelib, functions, integrations)"
        " for m in pkgutil.walk_packages(p.__path__, p.__name__ + '.')]\n"
        "[importlib.import_module(n) for n in names]\n"
        "files = [getattr(m, '__file__', None) or '' for m in sys.modules.values()]\n"
        "print(len(names), [file for file in files if 'site-packages' in file])"
    )
    count, _, outside = run_bare(unpacked, code).strip().partition(" ")
    assert int(count) > 30
    assert outside == "[]"


def test_graphs_are_built_and_run_from_the_archive(unpacked: Path) -> None:
    code = (
        "import numpy as np, onnx, onnxruntime as ort\n"
        "from onnx import helper as h, TensorProto as T\n"
        "x, y = (h.make_tensor_value_info(n, T.FLOAT, [2]) for n in 'xy')\n"
        "g = h.make_graph([h.make_node('Add', ['x', 'x'], ['y'])], 'double', [x], [y])\n"
        "m = h.make_model(g, opset_imports=[h.make_opsetid('', 17)], ir_version=10)\n"
        "onnx.checker.check_model(m)\n"
        "s = ort.InferenceSession(m.SerializeToString())\n"
        "print(s.run(None, {'x': np.float32([1, 2])})[0].tolist(), np.linalg.inv(np.eye(2)).sum())"
    )
    assert run_bare(unpacked, code).strip() == "[2.0, 4.0] 2.0"


def test_the_clients_find_their_services(unpacked: Path) -> None:
    code = (
        "from chalicelib.adapters.clients import PATIENCE, Clients\n"
        "c = Clients(region='eu-central-1')\n"
        "print(sorted(getattr(c, s).meta.service_model.service_name for s in PATIENCE))"
    )
    assert run_bare(unpacked, code).strip() == "['dynamodb', 'kms', 's3', 'ses', 'sqs']"


@pytest.mark.parametrize("lost", ["onnxruntime/capi/onnxruntime_pybind11_state", "functions/__init__.py"])
def test_an_archive_that_lacks_a_part_fails_the_build(tmp_path: Path, lost: str) -> None:
    archive = tmp_path / "deployment.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for name in MUST_HOLD:
            if name != lost:
                opened.writestr(name, "")
    with pytest.raises(RuntimeError, match=lost):
        check(archive, "x86_64")


def test_a_library_for_another_processor_fails_the_build(tmp_path: Path) -> None:
    archive = tmp_path / "deployment.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for name in MUST_HOLD:
            opened.writestr(name, "")
        opened.writestr("numpy/x.cpython-313-aarch64-linux-gnu.so", b"\x7fELF" + bytes(14) + b"\xb7\x00")
    check(archive, "arm64")
    with pytest.raises(RuntimeError, match="another processor"):
        check(archive, "x86_64")


def test_slimming_says_what_it_saved_and_takes_nothing_else(tmp_path: Path) -> None:
    kept = (
        "numpy/typing/__init__.py",
        "onnxruntime/capi/onnxruntime_pybind11_state.so",
        "babel/locale-data/de_AT.dat",
    )
    gone = (
        "numpy/lib/tests/test_x.py",
        "onnxruntime/capi/libonnxruntime.so.1",
        "babel/locale-data/ff_Adlm.dat",
    )
    for name in (
        *kept,
        *gone,
        "botocore/data/sqs/2012/service-2.json.gz",
        "botocore/data/ec2/1/service-2.json.gz",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    saved = slim(tmp_path)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*kept, "botocore/data/sqs/2012/service-2.json.gz"}
    assert sum(saved.values()) == 4 * 5


def test_large_models_are_found_in_their_layer(unpacked: Path, layers: list[Path]) -> None:
    if not layers:
        pytest.skip(reason="no model is large enough for a layer here: the text encoder was not built")
    code = (
        f"sys.path.append({str(layers[0] / 'python')!r})\n"
        "from chalicelib.inference import shipped; print(shipped('text_encoder'))"
    )
    assert run_bare(unpacked, code).strip().startswith(str(layers[0]))
