"""The transport: budgets, retries, one table of errors, nothing secret in any text."""

import gzip
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import (
    AccessRevoked,
    AppError,
    Gone,
    NotAllowed,
    RateLimited,
    ScopeMissing,
    StaleState,
    StoreUnavailable,
    UnsupportedAction,
)
from integrations.circuit import Circuits
from integrations.http import Answer, Budget, Call, Transport, error_of, retry_after

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}


@dataclass
class Site:
    """A server that answers from a script, the last line for ever, and writes down what it was asked."""

    url: str = ""
    script: list[Any] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def next(self) -> Any:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            made.asked.append(
                (
                    self.command,
                    self.path,
                    {k.lower(): v for k, v in self.headers.items()},
                    self.rfile.read(length),
                )
            )
            step = made.next()
            if callable(step):
                step(self)
                return
            status, headers, body = step
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


@dataclass
class Time:
    """A clock that only moves when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def sender(time: Time, **more: Any) -> Transport:
    options: dict[str, Any] = {
        "sandbox": True,
        "budget": Budget(attempts=3, seconds=30, read_s=5.0),
        "clock": lambda: time.now,
        "sleep": time.sleep,
        "jitter": lambda: 1.0,
    }
    return Transport(**options | more)


def call(site: Site, method: str = "GET", **more: Any) -> Call:
    url = f"{site.url}/x?consumer_secret=cs_canary"
    options: dict[str, Any] = {"url": url, "shop": "test:a", "sandbox": True}
    return Call(method=method, what="try", **options | more)


def test_a_good_answer_is_decoded_with_exact_decimals(site: Site) -> None:
    site.script = [(200, JSON, b'{"price": 19.90}')]
    answer = sender(Time()).send(call(site))
    assert str(answer.data["price"]) == "19.90"
    assert site.asked[0][2]["host"] == site.url.removeprefix("http://")


def test_half_characters_are_mended_and_whole_ones_kept(site: Site) -> None:
    site.script = [(200, JSON, b'{"a": ["\\ud83d\\ude00", "x\\ud800y", "\\uDC00"], "\\ud800": 1}')]
    data = sender(Time()).send(call(site)).data
    assert data["a"] == ["😀", "x\ufffdy", "\ufffd"]
    assert str(data).encode()


def test_the_connection_is_kept(site: Site) -> None:
    ports: set[int] = set()

    def note(handler: Any) -> None:
        ports.add(handler.client_address[1])
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    site.script = [note]
    transport = sender(Time())
    for _ in range(5):
        transport.send(call(site))
    assert len(ports) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408, 423])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_may_work_later_is_tried_again(site: Site, status: int, method: str) -> None:
    site.script = [(status, JSON, b"{}"), (200, JSON, b"{}")]
    time = Time()
    assert sender(time).send(call(site, method)).status == 200
    assert len(site.asked) == 2
    assert len(time.slept) == 1


def test_a_post_is_sent_once_unless_it_is_idempotent(site: Site) -> None:
    site.script = [(503, JSON, b"{}")]
    with pytest.raises(StoreUnavailable):
        sender(Time()).send(call(site, "POST", body=b"{}"))
    assert len(site.asked) == 1
    with pytest.raises(StoreUnavailable):
        sender(Time()).send(call(site, "POST", body=b"{}", idempotent=True))
    assert len(site.asked) == 1 + 3


def test_waits_grow_and_honour_retry_after(site: Site) -> None:
    site.script = [(503, JSON, b"{}"), (429, {**JSON, "Retry-After": "7"}, b"{}"), (200, JSON, b"{}")]
    time = Time()
    sender(time).send(call(site))
    assert time.slept == [1.0, 7.0]


def test_a_retry_after_beyond_the_budget_is_handed_up_at_once(site: Site) -> None:
    site.script = [(429, {**JSON, "Retry-After": "120"}, b"{}")]
    time = Time()
    with pytest.raises(RateLimited) as caught:
        sender(time).send(call(site))
    assert caught.value.after == 120
    assert time.slept == []
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (400, JSON, UnsupportedAction), (401, JSON, AccessRevoked), (401, HTML, AccessRevoked),
        (402, JSON, AccessRevoked), (403, JSON, ScopeMissing), (403, HTML, StoreUnavailable),
        (404, JSON, Gone),
        (404, HTML, StoreUnavailable), (410, JSON, Gone), (409, JSON, StaleState), (412, JSON, StaleState),
        (413, JSON, UnsupportedAction), (422, JSON, UnsupportedAction), (429, HTML, RateLimited),
        (430, JSON, RateLimited), (301, HTML, StoreUnavailable), (302, JSON, StoreUnavailable),
        (500, HTML, StoreUnavailable), (503, JSON, StoreUnavailable), (599, JSON, StoreUnavailable),
        (999, JSON, StoreUnavailable), (101, JSON, StoreUnavailable),
    ],
)  # fmt: skip
def test_the_table(status: int, headers: dict[str, str], error: type[AppError]) -> None:
    lower = {name.lower(): value for name, value in headers.items()}
    assert type(error_of(Answer(status=status, headers=lower, body=b"{}"))) is error


def test_redirects_are_not_followed(site: Site) -> None:
    site.script = [(302, {"Location": "http://169.254.169.254/"}, b"")]
    with pytest.raises(StoreUnavailable, match="redirects"):
        sender(Time()).send(call(site))
    assert {path for _, path, _, _ in site.asked} == {"/x?consumer_secret=cs_canary"}


def truncated(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    handler.wfile.write(b'{"a": 1')
    handler.close_connection = True


def reset(handler: Any) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    handler.connection.close()
    handler.close_connection = True


def garbage(handler: Any) -> None:
    handler.wfile.write(b"\x00\x01\x02 nothing like HTTP\r\n\r\n")
    handler.close_connection = True


BAD: dict[str, Callable[[Any], None] | tuple[int, dict[str, str], bytes]] = {
    "truncated": truncated,
    "reset": reset,
    "garbage": garbage,
    "html": (200, HTML, b"<!doctype html><title>Maintenance</title>"),
    "empty": (200, JSON, b""),
    "half": (200, JSON, b'{"a": '),
    "nan": (200, JSON, b'{"a": NaN}'),
    "deep": (200, JSON, b"[" * 100_000),
    "not utf-8": (200, JSON, b'{"a": "\xff"}'),
    "bad gzip": (200, {**JSON, "Content-Encoding": "gzip"}, b"not gzip"),
    "huge number": (200, JSON, b'{"a": ' + b"9" * 5000 + b"}"),
}


@pytest.mark.parametrize("kind", sorted(BAD))
def test_an_answer_that_is_none_means_later(site: Site, kind: str) -> None:
    site.script = [BAD[kind]]
    with pytest.raises(StoreUnavailable):
        sender(Time()).send(call(site))
    assert len(site.asked) == 3


def test_an_answer_over_the_cap_is_cut_off_even_when_it_is_compressed(site: Site) -> None:
    bomb = gzip.compress(b"[" + b" " * 5_000_000 + b"]")
    site.script = [(200, {**JSON, "Content-Encoding": "gzip"}, bomb)]
    small = Budget(attempts=1, max_bytes=100_000)
    with pytest.raises(StoreUnavailable):
        sender(Time(), budget=small).send(call(site))


def test_a_server_that_hangs_or_drips_costs_no_more_than_the_budget(site: Site) -> None:
    hang = threading.Event()

    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(40):
            try:
                handler.wfile.write(b" ")
            except OSError:
                break
            if hang.wait(0.05):
                break
        handler.close_connection = True

    site.script = [drip]
    transport = Transport(sandbox=True, budget=Budget(attempts=1, seconds=0.3, read_s=5))
    with pytest.raises(StoreUnavailable):
        transport.send(call(site))
    site.script = [lambda handler: hang.wait(2)]
    quick = Transport(sandbox=True, budget=Budget(attempts=1, seconds=0.2, read_s=5))
    with pytest.raises(StoreUnavailable):
        quick.send(call(site))
    hang.set()


def test_a_dead_port_is_tried_again_and_then_given_up() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    time = Time()
    with pytest.raises(StoreUnavailable):
        sender(time).send(Call(method="GET", url=f"http://127.0.0.1:{port}/", what="try", shop="a", sandbox=True))
    assert len(time.slept) == 2


def test_the_breaker_opens_for_the_failing_shop_alone(site: Site) -> None:
    time = Time()
    circuits = Circuits(clock=lambda: time.now, failures=3, first_pause_s=60)
    transport = sender(time, circuits=circuits)
    site.script = [(500, JSON, b"{}")]
    with pytest.raises(StoreUnavailable):
        transport.send(call(site))
    asked = len(site.asked)
    for _ in range(10):
        with pytest.raises(StoreUnavailable, match="several times"):
            transport.send(call(site))
    assert len(site.asked) == asked == 3
    site.script = [(200, JSON, b"{}")]
    assert transport.send(call(site, shop="test:b")).status == 200
    time.now += 61
    assert transport.send(call(site)).status == 200


def test_refusals_and_missing_objects_do_not_open_the_breaker(site: Site) -> None:
    transport = sender(Time())
    for status, error in ((401, AccessRevoked), (404, Gone), (422, UnsupportedAction)):
        site.script = [(status, JSON, b"{}")]
        for _ in range(10):
            with pytest.raises(error):
                transport.send(call(site))
    assert not transport.circuits.open("test:a")


def test_an_address_may_be_made_anew_for_each_attempt(site: Site) -> None:
    site.script = [(503, JSON, b"{}"), (200, JSON, b"{}")]
    nonces = iter(["1", "2", "3"])
    sender(Time()).send(call(site, url=lambda: f"{site.url}/x?nonce={next(nonces)}"))
    assert [path for _, path, _, _ in site.asked] == ["/x?nonce=1", "/x?nonce=2"]


@pytest.mark.parametrize("allowed", [True, False])
def test_a_sandbox_shop_needs_a_sandbox_transport_too(site: Site, allowed: bool) -> None:
    site.script = [(200, JSON, b"{}")]
    transport = sender(Time(), sandbox=allowed)
    if allowed:
        assert transport.send(call(site)).status == 200
    with pytest.raises(NotAllowed):
        transport.send(call(site, sandbox=not allowed))
    with pytest.raises(NotAllowed):
        sender(Time(), sandbox=False).send(call(site))


def test_a_name_that_turns_private_between_two_requests_is_not_called(site: Site) -> None:
    site.script = [(200, JSON, b"{}")]
    turns = iter([["127.0.0.1"], ["10.0.0.7"]])

    def rebinding(host: str, port: int) -> Sequence[str]:
        return next(turns)

    transport = sender(Time(), resolver=rebinding)
    port = site.url.rpartition(":")[2]
    url = f"http://shop.example.com:{port}/"
    assert transport.send(call(site, url=url)).status == 200
    assert site.asked[0][2]["host"] == f"shop.example.com:{port}"
    with pytest.raises(NotAllowed):
        transport.send(call(site, url=url))


def test_nothing_secret_in_errors_or_logs(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"authorization": "Basic canary-header"}
    texts = []
    for step in [*BAD.values(), (401, JSON, b'{"message": "canary-body"}'), (500, HTML, b"canary-body")]:
        site.script = [step]
        with pytest.raises(AppError) as caught:
            sender(Time()).send(call(site, headers=headers, body=b"canary-sent"))
        error = caught.value
        texts += [str(error), repr(error), error.detail, repr(error.__cause__), repr(error.__context__)]
    texts += [caplog.text, repr(call(site, headers=headers, body=b"canary-sent"))]
    assert "canary" not in "\n".join(texts)


def test_the_certificate_is_checked_against_the_name(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("tls")
    good, bad = certificate(folder, "shop.example.com"), certificate(folder, "other.example.com")
    for path, expected in ((good, 200), (bad, None)):
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Tls)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        names: list[str | None] = []
        context.sni_callback = lambda sock, name, ctx, names=names: names.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        transport = sender(Time(), resolver=lambda host, port: ["127.0.0.1"], ca_certs=path)
        asked = call(site, url=f"https://shop.example.com:{server.server_port}/")
        if expected:
            assert transport.send(asked).status == expected
            assert names == ["shop.example.com"]
        else:
            with pytest.raises(StoreUnavailable):
                transport.send(asked)
        server.shutdown()
        server.server_close()


class _Tls(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


def certificate(folder: Any, name: str) -> str:
    """A self-signed certificate and its key, in one file."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{name}.pem"
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return str(path)


@given(st.text(max_size=40))
def test_any_retry_after_is_a_bounded_wait_or_none(value: str) -> None:
    found = retry_after(Answer(status=429, headers={"retry-after": value}, body=b""))
    assert found is None or 0 <= found <= 86_400


def test_retry_after_may_be_a_date() -> None:
    answer = Answer(status=429, headers={"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}, body=b"")
    assert retry_after(answer) == 86_400


@given(st.integers(100, 999), st.binary(max_size=50))
def test_every_status_has_a_meaning(status: int, body: bytes) -> None:
    error = error_of(Answer(status=status, headers={}, body=body))
    assert (error is None) == (200 <= status < 300)
