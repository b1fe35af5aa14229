"""gRPC through the gateway: Google's client and server on either side, over HTTP/2 all the way. Messages are bytes as they are."""

from __future__ import annotations

import datetime
import queue
import subprocess
import threading
import uuid
from concurrent import futures
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import clients
from backend import Backend
from bench import Api, patch
from program import ACCOUNT, REGION, Cardea, run

NAME = "pets.example.com"
SERVICE = "zoo.Keeper"
SECONDS = 30
MESSAGE_BYTES = 4 * 1024 * 1024
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/0f0f"


class Keeper:
    """The back end. What it was asked is kept by method; `gates` hold it where a test wants to see it wait."""

    def __init__(self, credentials: Optional[grpc.ServerCredentials] = None) -> None:
        self.metadata: "queue.Queue[dict[str, Any]]" = queue.Queue()
        self.cancelled = threading.Event()
        self.time_left: "queue.Queue[float]" = queue.Queue()
        self.server = grpc.server(
            futures.ThreadPoolExecutor(16),
            options=[("grpc.max_receive_message_length", 2 * MESSAGE_BYTES), ("grpc.so_reuseport", 0)],
        )
        kinds: dict[str, Any] = {
            "Echo": grpc.unary_unary_rpc_method_handler(self.echo),
            "Count": grpc.unary_stream_rpc_method_handler(self.count),
            "Sum": grpc.stream_unary_rpc_method_handler(self.sum),
            "Talk": grpc.stream_stream_rpc_method_handler(self.talk),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            "Sleep": grpc.unary_unary_rpc_method_handler(self.sleep),
            "Watch": grpc.unary_stream_rpc_method_handler(self.watch),
        }
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, kinds),))
        where = "127.0.0.1:0"
        self.port = self.server.add_secure_port(where, credentials) if credentials else self.server.add_insecure_port(where)
        self.server.start()

    def echo(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self.metadata.put(dict(context.invocation_metadata()))
        context.send_initial_metadata((("x-first", "one"), ("x-bytes-bin", b"\x00\xff")))
        context.set_trailing_metadata((("x-last", "two"), ("x-last-bin", b"\xfe")))
        return message

    def count(self, message: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        for n in range(int(message)):
            yield str(n).encode()

    def sum(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        return str(sum(int(message) for message in messages)).encode()

    def talk(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        for message in messages:
            yield message.upper()

    def fail(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata((("x-why", "ill"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the lion is ill: 100 %, ä")
        return b""

    def sleep(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self.time_left.put(context.time_remaining())
        self._until_cancelled(context)
        return b""

    def watch(self, message: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        yield b"first"
        self._until_cancelled(context)

    def _until_cancelled(self, context: grpc.ServicerContext) -> None:
        ended = threading.Event()
        context.add_callback(ended.set)
        assert ended.wait(SECONDS)
        self.cancelled.set()

    def stop(self) -> None:
        self.server.stop(None).wait(SECONDS)


class Certificates:
    """An authority, and what it has signed, as files."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the tests")])
        self.authority = home / "authority.pem"
        self.authority.write_bytes(self._signed(self.name, self.key, None).public_bytes(serialization.Encoding.PEM))

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, host: Optional[x509.GeneralName]) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
        builder = builder.add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        if host is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName([host]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, host: str) -> tuple[Path, Path]:
        """The files of a certificate for `host` and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        certificate, secret = self.home / f"{host}.pem", self.home / f"{host}.key"
        certificate.write_bytes(self._signed(name, key, x509.DNSName(host)).public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return certificate, secret


class Zoo:
    """A gateway with TLS, a domain name at its root, and an API in front of a back end."""

    def __init__(self, home: Path, certificates: Certificates, **env: str) -> None:
        self.certificates = certificates
        certificate, key = certificates.issue(NAME)
        self.cardea = Cardea(
            home,
            CARDEA_LISTEN_TLS="127.0.0.1:0",
            CARDEA_TLS_CERTIFICATE=str(certificate),
            CARDEA_TLS_KEY=str(key),
            CARDEA_UPSTREAM_CA=str(certificates.authority),
            CARDEA_ACCOUNT_RATE_LIMIT="0",
            **env,
        )
        self.gw = self.cardea.client()
        self.channels: list[grpc.Channel] = []
        self.gw.create_domain_name(domainName=NAME, regionalCertificateArn=CERTIFICATE, endpointConfiguration={"types": ["REGIONAL"]})
        self.api: Optional[Api] = None

    def serve(self, uri: str, method: Optional[dict[str, Any]] = None, **members: Any) -> Api:
        """From now on every path of the name leads to `uri`."""
        api = Api(self.cardea)
        api.proxy("/{proxy+}", f"{uri}/{{proxy}}", method=method, **members)
        api.deploy()
        if self.api is not None:
            self.gw.delete_base_path_mapping(domainName=NAME, basePath="(none)")
        self.gw.create_base_path_mapping(domainName=NAME, restApiId=api.id, stage="dev")
        self.api = api
        return api

    def channel(self) -> grpc.Channel:
        roots = grpc.ssl_channel_credentials(self.certificates.authority.read_bytes())
        host, port = self.cardea.data_tls
        options = [
            ("grpc.ssl_target_name_override", NAME),
            ("grpc.default_authority", NAME),
            ("grpc.max_receive_message_length", 2 * MESSAGE_BYTES),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_retries", 0),
        ]
        self.channels.append(grpc.secure_channel(f"{host}:{port}", roots, options=options))
        return self.channels[-1]

    def close(self) -> None:
        for channel in self.channels:
            channel.close()
        self.cardea.kill()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Zoo]:
    zoo = Zoo(tmp_path_factory.mktemp("zoo"), certificates)
    yield zoo
    zoo.close()


@pytest.fixture
def keeper(zoo: Zoo, request: pytest.FixtureRequest) -> Iterator[Keeper]:
    request.node.programs = [zoo.cardea]
    keeper = Keeper()
    zoo.serve(f"http://127.0.0.1:{keeper.port}")
    yield keeper
    keeper.stop()


@pytest.fixture
def channel(zoo: Zoo, keeper: Keeper) -> grpc.Channel:
    return zoo.channel()


def method(word: str) -> str:
    return f"/{SERVICE}/{word}"


def refused(call: Callable[[], Any]) -> grpc.Call:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    assert isinstance(raised.value, grpc.Call)
    return raised.value


# ── the four kinds of calls ──


def test_one_message_for_one_with_metadata_both_ways(channel: grpc.Channel, keeper: Keeper) -> None:
    echo = channel.unary_unary(method("Echo"))
    sent = (("x-own", "a"), ("x-own-bin", b"\x01\xff"))
    answer, call = echo.with_call(b"roar", metadata=sent, timeout=SECONDS)
    assert answer == b"roar"
    seen = keeper.metadata.get(timeout=SECONDS)
    assert seen["x-own"] == "a" and seen["x-own-bin"] == b"\x01\xff"
    assert seen["user-agent"].startswith("grpc-python/")
    first, last = dict(call.initial_metadata()), dict(call.trailing_metadata())
    assert first["x-first"] == "one" and first["x-bytes-bin"] == b"\x00\xff"
    assert "x-amzn-requestid" in first
    assert last == {"x-last": "two", "x-last-bin": b"\xfe"}
    assert call.code() == grpc.StatusCode.OK


def test_an_empty_message(channel: grpc.Channel) -> None:
    assert channel.unary_unary(method("Echo"))(b"", timeout=SECONDS) == b""


def test_one_message_for_many(channel: grpc.Channel) -> None:
    count = channel.unary_stream(method("Count"))
    assert list(count(b"1000", timeout=SECONDS)) == [str(n).encode() for n in range(1000)]
    assert list(count(b"0", timeout=SECONDS)) == []


def test_many_messages_for_one(channel: grpc.Channel) -> None:
    total = channel.stream_unary(method("Sum"))
    assert total((str(n).encode() for n in range(1000)), timeout=SECONDS) == b"499500"


def test_messages_both_ways_each_after_the_other(channel: grpc.Channel) -> None:
    words: "queue.Queue[Optional[bytes]]" = queue.Queue()
    answers = channel.stream_stream(method("Talk"))(iter(words.get, None), timeout=SECONDS)
    for word in (b"one", b"two", b"three"):
        # The next word is said only when this one was answered.
        words.put(word)
        assert next(answers) == word.upper()
    words.put(None)
    assert list(answers) == []
    assert answers.code() == grpc.StatusCode.OK


def test_a_message_of_four_megabytes(channel: grpc.Channel) -> None:
    message = bytes(range(256)) * (MESSAGE_BYTES // 256)
    assert channel.unary_unary(method("Echo"))(message, timeout=SECONDS) == message


def test_many_calls_at_once_share_their_way(channel: grpc.Channel) -> None:
    echo = channel.unary_unary(method("Echo"))
    calls = [echo.future(str(n).encode(), timeout=SECONDS) for n in range(300)]
    assert [call.result() for call in calls] == [str(n).encode() for n in range(300)]


def test_a_back_end_behind_tls(zoo: Zoo, certificates: Certificates) -> None:
    certificate, key = certificates.issue("localhost")
    keeper = Keeper(grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())]))
    try:
        zoo.serve(f"https://localhost:{keeper.port}")
        assert zoo.channel().unary_unary(method("Echo"))(b"roar", timeout=SECONDS) == b"roar"
    finally:
        keeper.stop()


# ── ends ──


def test_a_status_and_its_message_come_in_trailers(channel: grpc.Channel) -> None:
    error = refused(lambda: channel.unary_unary(method("Fail"))(b"", timeout=SECONDS))
    assert (error.code(), error.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "the lion is ill: 100 %, ä")
    assert dict(error.trailing_metadata())["x-why"] == "ill"


def test_a_method_that_is_none_is_the_back_ends_answer(channel: grpc.Channel) -> None:
    error = refused(lambda: channel.unary_unary(method("Nothing"))(b"", timeout=SECONDS))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNIMPLEMENTED, "Method not found!")


def test_a_deadline_reaches_the_back_end(channel: grpc.Channel, keeper: Keeper) -> None:
    call = channel.unary_unary(method("Sleep")).future(b"", timeout=5)
    assert 0 < keeper.time_left.get(timeout=SECONDS) <= 5
    assert call.exception().code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert keeper.cancelled.wait(SECONDS)


def test_who_hangs_up_hangs_up_on_the_back_end(channel: grpc.Channel, keeper: Keeper) -> None:
    waiting = channel.unary_unary(method("Sleep")).future(b"", timeout=SECONDS)
    keeper.time_left.get(timeout=SECONDS)
    waiting.cancel()
    assert keeper.cancelled.wait(SECONDS)
    keeper.cancelled.clear()
    watching = channel.unary_stream(method("Watch"))(b"", timeout=SECONDS)
    assert next(watching) == b"first"
    watching.cancel()
    assert keeper.cancelled.wait(SECONDS)
    # The connection is none the worse for it.
    assert channel.unary_unary(method("Echo"))(b"roar", timeout=SECONDS) == b"roar"


# ── the gateway's own answers ──


def test_a_back_end_that_stops_is_unavailable_and_comes_back(zoo: Zoo, keeper: Keeper) -> None:
    channel = zoo.channel()
    echo = channel.unary_unary(method("Echo"))
    assert echo(b"roar", timeout=SECONDS) == b"roar"
    watching = channel.unary_stream(method("Watch"))(b"", timeout=SECONDS)
    assert next(watching) == b"first"
    keeper.stop()
    assert refused(lambda: list(watching)).code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    error = refused(lambda: echo(b"roar", timeout=SECONDS))
    assert (error.code(), "504" in (error.details() or "")) == (grpc.StatusCode.UNAVAILABLE, True)
    again = Keeper()
    try:
        zoo.serve(f"http://127.0.0.1:{again.port}")
        assert echo(b"roar", timeout=SECONDS) == b"roar"
    finally:
        again.stop()


def test_a_back_end_of_http_1_is_unavailable_and_the_operator_is_told_why(zoo: Zoo, backend: Backend) -> None:
    zoo.serve(backend.url)
    channel = zoo.channel()
    request_id = str(uuid.uuid4())
    own = (("x-amzn-requestid", request_id),)
    error = refused(lambda: channel.unary_unary(method("Echo"))(b"roar", metadata=own, timeout=SECONDS))
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    told = run("explain", request_id, home=zoo.cardea.home, CARDEA_DATA_DIR=str(zoo.cardea.data_dir)).stdout
    # Whichever comes first: its answer in HTTP/1.1, or the end of the connection.
    assert "speaks no HTTP/2" in told or "HTTP/2, which the endpoint may not speak" in told, told


def test_a_slow_back_end_is_cut_off_at_the_integrations_timeout(zoo: Zoo, keeper: Keeper) -> None:
    zoo.serve(f"http://127.0.0.1:{keeper.port}", timeoutInMillis=200)
    error = refused(lambda: zoo.channel().unary_unary(method("Sleep"))(b"", timeout=SECONDS))
    assert (error.code(), "504" in (error.details() or "")) == (grpc.StatusCode.UNAVAILABLE, True)
    assert keeper.cancelled.wait(SECONDS)


def test_without_a_key_nobody_gets_through(zoo: Zoo, keeper: Keeper) -> None:
    api = zoo.serve(f"http://127.0.0.1:{keeper.port}", method={"apiKeyRequired": True})
    echo = zoo.channel().unary_unary(method("Echo"))
    error = refused(lambda: echo(b"roar", timeout=SECONDS))
    assert error.code() == grpc.StatusCode.PERMISSION_DENIED
    assert keeper.metadata.empty()
    key = zoo.gw.create_api_key(enabled=True)
    plan = zoo.gw.create_usage_plan(name="zoo", apiStages=[{"apiId": api.id, "stage": "dev"}])["id"]
    zoo.gw.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert echo(b"roar", metadata=(("x-api-key", key["value"]),), timeout=SECONDS) == b"roar"


def test_a_path_that_is_none_is_refused_by_the_gateway(zoo: Zoo, keeper: Keeper) -> None:
    api = zoo.serve(f"http://127.0.0.1:{keeper.port}")
    zoo.gw.update_base_path_mapping(domainName=NAME, basePath="(none)", patchOperations=patch(("replace", "/basePath", "other")))
    error = refused(lambda: zoo.channel().unary_unary(method("Echo"))(b"roar", timeout=SECONDS))
    assert error.code() == grpc.StatusCode.PERMISSION_DENIED
    zoo.gw.update_base_path_mapping(domainName=NAME, basePath="other", patchOperations=patch(("replace", "/basePath", "(none)")))
    assert api.id


# ── what is not gRPC ──


# Answers what it was asked, and over which of its connections. It speaks nothing but HTTP/2.
HTTP2_SERVER = """
const server = require('http2').createServer();
let sessions = 0;
server.on('session', (session) => { session.number = ++sessions; });
server.on('stream', (stream, asked) => {
  let body = '';
  stream.on('data', (piece) => { body += piece; });
  stream.on('end', () => {
    stream.respond({ ':status': 207, 'x-session': stream.session.number, 'x-te': String(asked.te), 'content-type': 'text/plain' });
    stream.end(`${asked[':method']} ${asked[':path']} ${asked[':authority']} ${asked['content-length']} ${body}`);
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


@pytest.fixture
def http2_server() -> Iterator[int]:
    process = subprocess.Popen([clients.node(), "-e", HTTP2_SERVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield int(process.stdout.readline())
    process.kill()
    process.wait(SECONDS)


def test_a_host_that_is_named_is_called_in_http_2_whatever_it_is_asked_for(tmp_path: Path, http2_server: int) -> None:
    here = f"127.0.0.1:{http2_server}"
    with Cardea(tmp_path / "named", "--threads", "1", CARDEA_UPSTREAM_HTTP2=f"other.example.com {here}") as cardea:
        api = Api(cardea).proxy("/{proxy+}", f"http://{here}/{{proxy}}")
        api.deploy()
        for verb, body, told in [("GET", None, "undefined "), ("POST", b"roar", "4 roar"), ("PUT", b"r" * 200_000, "200000 " + "r" * 200_000)]:
            headers = {} if body is None else {"Content-Length": str(len(body))}
            answer = api.call("/pets/1?a=b", verb, headers, body)
            assert (answer.status, answer.text) == (207, f"{verb} /pets/1?a=b {here} {told}")
            assert (answer.header("x-session"), answer.header("x-te")) == ("1", "undefined")


def test_a_host_that_is_not_named_is_called_in_http_1(zoo: Zoo, http2_server: int) -> None:
    api = Api(zoo.cardea).proxy("/{proxy+}", f"http://127.0.0.1:{http2_server}/{{proxy}}")
    api.deploy()
    assert api.call("/pets").status in (502, 504)


def test_under_aws_strict_a_call_goes_as_any_other(tmp_path: Path, certificates: Certificates, backend: Backend) -> None:
    zoo = Zoo(tmp_path / "strict", certificates, CARDEA_PROFILE="aws-strict")
    try:
        zoo.serve(backend.url)
        refused(lambda: zoo.channel().unary_unary(method("Echo"))(b"roar", timeout=SECONDS))
        assert backend.last.header("content-type") == "application/grpc"
    finally:
        zoo.close()
