"""The local platform: moto as AWS over HTTP, the app behind a small gateway, workers that poll the queues.

Without a DeepL key the sandbox's own DeepL answers, with marked pseudo-translations (accents, length, brackets).

The same app.py runs here as on AWS: webhooks arrive as a function URL hands them over, other requests pass
Chalice's own local gateway, and queue messages reach the handlers in the shape and the batches that Lambda's event
source mapping gives them.
"""

import base64
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from chalice.config import Config
from chalice.local import ForbiddenError, LocalGateway
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from chalicelib.adapters.clients import Clients
from chalicelib.adapters.dynamodb_table import create_table
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.pauses import HAND_OUTS
from sandbox.deepl_server import DeepLServer, RunningServer
from sandbox.deepl_server import serve as serve_deepl
from sandbox.lambda_runtime import url_event

if TYPE_CHECKING:
    from chalicelib.services import Services

REGION: Final = "eu-central-1"
VISIBILITY_S = 120
LAMBDA_MS = 120_000
STOREFRONT: Final = "/storefront"
"""Where the storefront's function answers, which has an address of its own on AWS."""
_ROOT = Path(__file__).parent.parent
STATE = Path(os.environ.get("TRADEWIND_PLATFORM") or _ROOT / ".local" / "platform.json")
"""Where the settings of the platform that runs now are kept; nobody else on the machine may read them. With
``TRADEWIND_PLATFORM`` naming another file for each, several platforms run side by side."""
DEEPL_KEY, DEEPL_LIMIT = "sandbox:fx", 5_000_000
"""What the stand-in for DeepL asks for, and how many characters a month it gives away."""
IDLE_S = 0.25
"""How long a worker that found nothing waits before it looks again."""


@dataclass(slots=True)
class Meters:
    """What was seen at the door and on the wire."""

    accept_s: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def called(self, operation: str) -> None:
        """One AWS call."""
        with self.lock:
            self.calls[operation] += 1

    def answered(self, status: int, seconds: float) -> None:
        """One webhook was answered."""
        with self.lock:
            self.answers[status] += 1
            self.accept_s.append(seconds)


class Platform:
    """Everything that AWS would be, on this machine. Close it when done."""

    def __init__(
        self, *, port: int = 0, aws_port: int = 0, environment: Mapping[str, str] | None = None
    ) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.meters = Meters()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._front = make_server("127.0.0.1", port, self._serve, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._front.server_port}"
        self._moto, self.aws_url = _start_moto(aws_port or _free_port())  # after the port, which may be taken
        self._environment = dict(environment or {})
        self.deepl = self._start_deepl()
        self._prepare()
        self.app = _load_app()
        self._remember()
        self._gateway = LocalGateway(self.app.app, Config())
        self.app.aws.clients().watch(self.meters.called)
        self._start(self._front.serve_forever)

    @property
    def services(self) -> "Services":
        """The app's own services."""
        found: Services = self.app.services()
        return found

    def start_workers(self, count: int = 2) -> None:
        """Poll both queues, as Lambda does."""
        for _ in range(count):
            self._start(lambda: self._poll(self._queue("work"), self.app.work))
        for _ in range(2):
            self._start(lambda: self._poll(self._queue("schedule"), self.app.scheduled, batch=1))

    def start_clock(self, every: Mapping[str, timedelta]) -> None:
        """Tick schedules, as EventBridge does."""
        for word, interval in every.items():
            self._start(partial(self._tick, word, interval))

    def idle(self) -> bool:
        """Whether both queues are empty and nothing is in flight."""
        return all(self._waiting(name) == 0 for name in ("work", "schedule"))

    def backlog(self) -> int:
        """Messages of the work queue that nobody has finished."""
        return self._waiting("work")

    def wait_until_idle(self, timeout_s: float, tick: Callable[[], None] = lambda: None) -> bool:
        """Wait for the queues to run dry; False when they do not in time."""
        end = time.monotonic() + timeout_s
        calm = 0
        while time.monotonic() < end:
            calm = calm + 1 if self.idle() else 0
            if calm >= 3:
                return True
            tick()
            time.sleep(0.15)
        return False

    def dead_letters(self) -> list[str]:
        """Bodies of what nobody could process; they stay where they are."""
        queue = SqsQueue(self._clients.sqs, self._urls["dead"], fair=False)
        bodies: list[str] = []
        while batch := queue.take(10):
            bodies += [message.body for message in batch]
        return bodies

    def close(self) -> None:
        """Stop everything."""
        self._stop.set()
        self._front.shutdown()
        for thread in self._threads:
            thread.join(timeout=5)
        self._forget()
        self._moto.terminate()
        self._moto.wait(timeout=10)
        if self.deepl is not None:
            self.deepl.close()
            for name in ("TRADEWIND_DEEPL_KEY", "TRADEWIND_DEEPL_URL"):
                os.environ.pop(name, None)  # the next platform in this process starts its own

    def _start_deepl(self) -> RunningServer | None:
        """Without a key of the merchant's own, the stand-in answers with marked pseudo-translations."""
        if os.environ.get("TRADEWIND_DEEPL_KEY") or self._environment.get("TRADEWIND_DEEPL_KEY"):
            return None
        running = serve_deepl(DeepLServer(auth_key=DEEPL_KEY, character_limit=DEEPL_LIMIT))
        self._environment |= {"TRADEWIND_DEEPL_KEY": DEEPL_KEY, "TRADEWIND_DEEPL_URL": running.url}
        return running

    def _start(self, run: Callable[[], object]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _prepare(self) -> None:
        """Make the resources that CloudFormation makes on AWS, and point the app's settings at them."""
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "sandbox")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "sandbox")
        self._clients = clients = Clients(region=REGION, endpoint_url=self.aws_url, patience=20.0)
        create_table(clients.dynamodb, "tradewind")
        clients.s3.create_bucket(Bucket="tradewind", CreateBucketConfiguration={"LocationConstraint": REGION})
        clients.ses.verify_email_identity(EmailAddress="hello@tradewind.example")  # type: ignore[attr-defined]
        key = clients.kms.create_key()["KeyMetadata"]["KeyId"]
        self._urls = {name: self._create_queue(name) for name in ("dead", "work", "schedule")}
        os.environ.update({
            "TRADEWIND_MASTER_KEY": os.urandom(32).hex(), "TRADEWIND_BASE_URL": self.url,
            "TRADEWIND_REGION": REGION, "TRADEWIND_ENDPOINT_URL": self.aws_url, "TRADEWIND_SANDBOX": "1",
            "TRADEWIND_WORK_QUEUE": self._urls["work"], "TRADEWIND_SCHEDULE_QUEUE": self._urls["schedule"],
            "TRADEWIND_KMS_KEY": key, "TRADEWIND_MAIL_FROM": "hello@tradewind.example", **self._environment,
        })  # fmt: skip

    def _remember(self) -> None:
        """Leave the settings where the command line finds this platform."""
        mine = {name: value for name, value in os.environ.items() if name.startswith(("TRADEWIND_", "AWS_"))}
        STATE.parent.mkdir(exist_ok=True)
        STATE.write_text(json.dumps({**mine, "dead": self._urls["dead"]}))
        STATE.chmod(0o600)

    def _forget(self) -> None:
        """Remove what we left, unless another platform has left its own there since."""
        if STATE.exists() and json.loads(STATE.read_text()).get("TRADEWIND_ENDPOINT_URL") == self.aws_url:
            STATE.unlink()

    def _create_queue(self, name: str) -> str:
        attributes = {"VisibilityTimeout": str(VISIBILITY_S)}
        if name != "dead":
            arn = f"arn:aws:sqs:{REGION}:123456789012:dead"
            attributes["RedrivePolicy"] = (
                f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {HAND_OUTS}}}'
            )
        return self._clients.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]

    def _queue(self, name: str) -> SqsQueue:
        return SqsQueue(self._clients.sqs, self._urls[name], fair=False)

    def _waiting(self, name: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._clients.sqs.get_queue_attributes(QueueUrl=self._urls[name], AttributeNames=names)  # type: ignore[arg-type]
        return sum(int(count) for count in answer["Attributes"].values())

    def _poll(
        self, queue: SqsQueue, handler: Callable[[Any, Any], Mapping[str, Any]], *, batch: int = 10
    ) -> None:
        """Lambda's event source mapping: batches in, successes deleted, named failures left to come back."""
        while not self._stop.is_set():
            taken = queue.take(batch)
            if not taken:
                self._stop.wait(IDLE_S)
                continue
            answer = handler(_event(taken), _Context())
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            for message in taken:
                if message.id not in failed:
                    queue.delete(message)

    def _tick(self, word: str, interval: timedelta) -> None:
        while not self._stop.wait(interval.total_seconds()):
            self.app.tick({"schedule": word}, _Context())

    def _serve(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """HTTP to the app, as a function URL and API Gateway do it."""
        request = Request(environ)
        begin = time.perf_counter()
        response = self._answer(request)
        if request.path.startswith("/hooks/"):
            self.meters.answered(response.status_code, time.perf_counter() - begin)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == STOREFRONT:
            event = {"rawQueryString": request.query_string.decode("ascii", "replace")}
            return _response(self.app.storefront(event, _Context()))
        target = request.full_path.rstrip("?")
        told = (dict(request.headers), request.get_data())
        try:
            if request.path.startswith("/hooks/"):
                answer = self.app.hooks(url_event(request.method, request.path, *told), _Context())
            else:
                answer = self._gateway.handle_request(request.method, target, *told)
        except ForbiddenError:
            return Response("Not found", 404)
        except Exception:  # what AWS would answer when the handler breaks
            traceback.print_exc()
            return Response("Internal error", 500)
        return _response(answer)


def _response(answer: Mapping[str, Any]) -> Response:
    body = answer.get("body") or ""
    if answer.get("isBase64Encoded"):
        body = base64.b64decode(body)
    response = Response(body, answer["statusCode"])
    response.headers.clear()
    for name, value in (answer.get("headers") or {}).items():
        response.headers.add(name, value)
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        for value in values:
            response.headers.add(name, value)
    response.headers["Content-Length"] = str(len(response.get_data()))
    return response


def _event(batch: Iterable[Any]) -> dict[str, Any]:
    records = [
        {
            "messageId": message.id, "receiptHandle": message.receipt, "body": message.body,
            "attributes": {"ApproximateReceiveCount": str(message.received)},
        }
        for message in batch
    ]  # fmt: skip
    return {"Records": records}


class _Context:
    """What of Lambda's context the handlers use."""

    aws_request_id = "sandbox"

    def get_remaining_time_in_millis(self) -> int:
        return LAMBDA_MS


class _Quiet(WSGIRequestHandler):
    """Keeps connections open and prints nothing."""

    protocol_version = "HTTP/1.1"
    # Head and body are two writes: without this each answer waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  werkzeug's own name
        """Say nothing."""


def _load_app() -> ModuleType:
    """Import app.py only now, for it reads the settings that were just made."""
    import app

    return app


def _start_moto(port: int) -> tuple["subprocess.Popen[bytes]", str]:
    """AWS as a process of its own, so that it does not share our interpreter's lock. Raises TimeoutError."""
    command = [sys.executable, "-m", "sandbox.aws", str(port)]
    process = subprocess.Popen(command, cwd=_ROOT)  # noqa: S603
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process, f"http://127.0.0.1:{port}"
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise TimeoutError("the stand-in for AWS did not start within a minute")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
