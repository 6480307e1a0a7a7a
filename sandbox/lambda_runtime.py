"""Runs an unpacked archive as Lambda does: AWS's own runtime client against a Runtime API of ours.

    invoke(event) ─► next ─► awslambdaric ─► app.<handler> ─► response ─► Answer

The paths are those of "Using the Lambda runtime API" (Lambda developer guide). The process sees the archive,
the layers and the runtime client, nothing else of this machine's packages.
"""

import base64
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any

API = "/2018-06-01/runtime"
PATIENCE_S = 30.0
LAMBDA_S = 120


@dataclass(frozen=True, slots=True)
class Answer:
    """What one invocation came to."""

    payload: Any
    seconds: float
    failed: bool


class _Server(ThreadingHTTPServer):
    """Ends with the process, and is silent about a container that was ended in mid-request."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


class LambdaRuntime:
    """One container. Close it when done."""

    def __init__(
        self,
        task: Path,
        handler: str,
        runtime: Path,
        environment: Mapping[str, str],
        layers: Sequence[Path] = (),
        patience_s: float = PATIENCE_S,
    ) -> None:
        """``task`` is the unpacked archive, ``runtime`` the folder that ``install_runtime`` made."""
        self._patience_s = patience_s
        self._events: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._answers: queue.Queue[tuple[bool, bytes]] = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), self._handler_class())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._count = 0
        paths = [task, *(layer / "python" for layer in layers), runtime]
        self._process = subprocess.Popen(  # noqa: S603  this interpreter, on what the test built
            [sys.executable, "-S", "-B", "-m", "awslambdaric", handler],
            cwd=task,
            env=self._environment(paths, task, handler, environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._log: list[str] = []
        threading.Thread(target=self._read_log, daemon=True).start()

    @property
    def log(self) -> str:
        """What the function printed."""
        return "".join(self._log)

    def invoke(self, event: Mapping[str, Any]) -> Answer:
        """Hand over one event and wait. Raises RuntimeError with the log when the process died or hangs."""
        self._count += 1
        begin = time.perf_counter()
        self._events.put((f"request-{self._count}", json.dumps(event).encode()))
        end = time.monotonic() + self._patience_s
        while time.monotonic() < end:
            try:
                failed, body = self._answers.get(timeout=0.2)
            except queue.Empty:
                if self._process.poll() is not None:
                    break
                continue
            return Answer(json.loads(body or b"null"), time.perf_counter() - begin, failed)
        raise RuntimeError(f"the function did not answer:\n{self.log}")

    def close(self) -> None:
        """End the container."""
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()

    def _read_log(self) -> None:
        for line in self._process.stdout or ():
            self._log.append(line)

    def _environment(
        self, paths: Sequence[Path], task: Path, handler: str, environment: Mapping[str, str]
    ) -> dict[str, str]:
        return {
            "PYTHONPATH": ":".join(map(str, paths)),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "tradewind",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "LAMBDA_TASK_ROOT": str(task),
            "_HANDLER": handler,
            **environment,
        }

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        events, answers = self._events, self._answers

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes: without this each answer waits 40 ms for an acknowledgement.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                name, body = events.get()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", name)
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + LAMBDA_S) * 1000)))
                self.send_header(
                    "Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:local:0:function:tradewind"
                )
                self._finish(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answers.put((self.path.endswith("/error"), body))
                self.send_response(202)
                self._finish(b"{}")

            def _finish(self, body: bytes) -> None:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the server's own name
                """Say nothing."""

        return Handler


def install_runtime(target: Path) -> Path:
    """Link AWS's runtime client and what it needs into a folder; Lambda keeps them beside the archive."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("awslambdaric", "simplejson", "snapshot-restore-py"):
        for file in metadata.files(name) or ():
            top = file.parts[0]
            source, link = Path(str(metadata.distribution(name).locate_file(top))), target / top
            if top != ".." and not link.exists() and source.exists():
                link.symlink_to(source)
    return target


def gateway_event(
    method: str, resource: str, parameters: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """A REST API's proxy event (API Gateway, "Lambda proxy integration"), its body in base64."""
    path = resource.format_map(parameters) if parameters else resource
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": dict(parameters) or None,
        "stageVariables": None,
        "requestContext": {"resourcePath": resource, "httpMethod": method, "path": path, "stage": "prod"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def url_event(method: str, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """A function URL's event, payload format 2.0 ("Invoking Lambda function URLs"): a body of JSON or of a form
    travels as text, anything else in base64."""
    lower = {name.lower(): value for name, value in headers.items()}
    kind = lower.get("content-type", "").partition(";")[0].strip()
    plain = kind in {"application/json", "application/x-www-form-urlencoded"} or kind.startswith("text/")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": lower,
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"},
            "routeKey": "$default",
            "stage": "$default",
        },
        "body": body.decode("utf-8", "replace") if plain else base64.b64encode(body).decode(),
        "isBase64Encoded": not plain,
    }
