"""WebSocket through HTTP_PROXY, with a real client and a real server, and streams of events: what passes, what is bounded, what is refused."""

from __future__ import annotations

import asyncio
import base64
import datetime
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import struct
import threading
from pathlib import Path
from typing import Any, Callable, Iterator, Optional, Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.client import connect as connect_many
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

import wire
from backend import Backend, Seen
from bench import Api, fresh, patch
from program import Cardea, eventually
from test_logs import access_log, lines_of

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
WISH = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", KEY)]
MEGABYTE = 1 << 20
WAIT_SECONDS = 20


def preferred(_: ServerConnection, offered: Sequence[Subprotocol]) -> Optional[Subprotocol]:
    return max(offered, default=None)


class Chat:
    """A WebSocket server: it echoes, and does what some words tell it to."""

    def __init__(self) -> None:
        self.closed: list[tuple[Optional[int], Optional[str]]] = []
        self.open: list[ServerConnection] = []
        terms = {"subprotocols": ["chat.v2", "chat.v1"], "select_subprotocol": preferred, "max_size": None, "ping_interval": None}
        self.server: Server = serve(self.handle, "127.0.0.1", 0, **terms)
        self.port = self.server.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handle(self, connection: ServerConnection) -> None:
        self.open.append(connection)
        try:
            for message in connection:
                if message == "close":
                    connection.close(4001, "as you wish")
                elif message == "die":
                    connection.socket.shutdown(socket.SHUT_RDWR)
                elif message == "ping":
                    connection.send(str(connection.ping("marked").wait(WAIT_SECONDS)))
                elif message == "head":
                    assert connection.request is not None
                    connection.send(json.dumps([connection.request.path, list(connection.request.headers.raw_items())]))
                else:
                    connection.send(message)
        except ConnectionClosed:
            pass
        finally:
            self.closed.append((connection.close_code, connection.close_reason))
            self.open.remove(connection)


@pytest.fixture
def chat() -> Iterator[Chat]:
    chat = Chat()
    yield chat
    chat.server.shutdown()


def in_front_of(cardea: Cardea, url: str, **members: Any) -> Api:
    return deployed(Api(cardea).proxy("/ws", f"{url}/ws", "GET", **members))


def deployed(api: Api) -> Api:
    api.deploy()
    return api


def address(api: Api, path: str = "/ws", scheme: str = "ws", port: Optional[int] = None) -> str:
    return f"{scheme}://127.0.0.1:{port or api.cardea.data[1]}/_aws/execute-api/{api.id}/{api.stage}{path}"


def talk(api: Api, path: str = "/ws", **how: Any) -> Any:
    return connect(address(api, path), **{"proxy": None, "max_size": None, "ping_interval": None, **how})


def tunnels(cardea: Cardea) -> int:
    page = wire.exchange(cardea.control, "GET", "/metrics", []).text
    return next(int(line.split()[-1]) for line in page.splitlines() if line.startswith("cardea_tunnels "))


# ── what passes ──


@pytest.mark.parametrize("members", [{}, {"responseTransferMode": "STREAM"}], ids=["buffered", "stream"])
def test_text_and_a_megabyte_come_back(cardea: Cardea, chat: Chat, members: dict[str, Any]) -> None:
    blob = os.urandom(MEGABYTE)
    with talk(in_front_of(cardea, chat.url, **members)) as connection:
        connection.send("grüß dich")
        assert connection.recv(WAIT_SECONDS) == "grüß dich"
        connection.send(blob)
        assert connection.recv(WAIT_SECONDS) == blob
        # More than all buffers on the way hold, before anything is read.
        for number in range(4):
            connection.send(bytes([number]) * MEGABYTE)
        for number in range(4):
            assert connection.recv(WAIT_SECONDS) == bytes([number]) * MEGABYTE


def test_the_back_end_is_asked_as_by_any_proxy(cardea: Cardea, chat: Chat) -> None:
    api = Api(cardea).proxy("/rooms/{room}", chat.url + "/r/{room}", "GET", requestParameters={"integration.request.header.X-Stage": "context.stage"})
    with talk(deployed(api), "/rooms/blue?seat=2", additional_headers={"X-Own": "kept", "Origin": "https://example.com"}) as connection:
        connection.send("head")
        path, pairs = json.loads(connection.recv(WAIT_SECONDS))
        answered = connection.response
    fields = {name.lower(): value for name, value in pairs}
    assert path == "/r/blue?seat=2"
    assert (fields["connection"], fields["upgrade"], fields["sec-websocket-version"]) == ("Upgrade", "websocket", "13")
    assert (fields["host"], fields["x-own"], fields["x-stage"], fields["origin"]) == (f"127.0.0.1:{chat.port}", "kept", "dev", "https://example.com")
    assert fields["x-amzn-apigateway-api-id"] == api.id and fields["sec-websocket-extensions"].startswith("permessage-deflate")
    assert len(pairs) == len(fields), "nothing is there twice"
    assert answered.headers["x-amzn-RequestId"] and answered.headers.get_all("Connection") == ["Upgrade"]
    assert [name for name in answered.headers if "remapped-connection" in name.lower()] == []


def test_subprotocols_are_for_both_ends_to_agree_on(cardea: Cardea, chat: Chat) -> None:
    api = in_front_of(cardea, chat.url)
    for offered, chosen in [(["chat.v1", "chat.v2"], "chat.v2"), (["chat.v1"], "chat.v1"), (None, None)]:
        with talk(api, subprotocols=offered) as connection:
            assert connection.subprotocol == chosen


def test_pings_are_answered_by_the_other_end(cardea: Cardea, chat: Chat) -> None:
    with talk(in_front_of(cardea, chat.url)) as connection:
        assert connection.ping("hello").wait(WAIT_SECONDS)
        connection.send("ping")
        assert connection.recv(WAIT_SECONDS) == "True"


def test_either_end_closes_with_its_code(cardea: Cardea, chat: Chat) -> None:
    api = in_front_of(cardea, chat.url)
    with talk(api) as connection:
        connection.send("close")
        with pytest.raises(ConnectionClosed):
            connection.recv(WAIT_SECONDS)
        assert (connection.close_code, connection.close_reason) == (4001, "as you wish")
    with talk(api) as connection:
        connection.close(4002, "enough")
    assert eventually(lambda: (4002, "enough") in chat.closed)
    assert eventually(lambda: tunnels(cardea) == 0)


def test_over_tls(start: Callable[..., Cardea], chat: Chat, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - day).not_valid_after(now + day)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
    pem = serialization.Encoding.PEM
    (tmp_path / "pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))
    (tmp_path / "key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    tls = ["--listen-tls", "127.0.0.1:0", "--tls-certificate", str(tmp_path / "pem"), "--tls-key", str(tmp_path / "key")]
    cardea = start(*tls)
    port = int(cardea.run_json()["data_tls"].rpartition(":")[2])
    terms = ssl.create_default_context(cafile=str(tmp_path / "pem"))
    api = in_front_of(cardea, chat.url)
    blob = os.urandom(MEGABYTE)
    with connect(address(api, scheme="wss", port=port), ssl=terms, server_hostname="localhost", proxy=None, max_size=None) as connection:
        connection.send(blob)
        assert connection.recv(WAIT_SECONDS) == blob
        connection.send("close")
        with pytest.raises(ConnectionClosed):
            connection.recv(WAIT_SECONDS)
        assert connection.close_code == 4001


def test_two_hundred_at_once(cardea: Cardea, chat: Chat) -> None:
    api = in_front_of(cardea, chat.url)

    async def one(number: int, all_open: asyncio.Barrier) -> None:
        async with connect_many(address(api), proxy=None, compression=None, ping_interval=None, open_timeout=WAIT_SECONDS) as connection:
            await all_open.wait()
            if number == 0:
                assert tunnels(cardea) >= 200
            await all_open.wait()
            for turn in range(3):
                await connection.send(f"{number} {turn}")
                assert await asyncio.wait_for(connection.recv(), WAIT_SECONDS) == f"{number} {turn}"

    async def all_of_them() -> None:
        barrier = asyncio.Barrier(200)
        async with asyncio.timeout(3 * WAIT_SECONDS):
            await asyncio.gather(*(one(number, barrier) for number in range(200)))

    asyncio.run(all_of_them())
    assert eventually(lambda: tunnels(cardea) == 0)


def test_serve_proxy_passes_it_too(start: Callable[..., Cardea], chat: Chat) -> None:
    cardea = start("--proxy", f"/={chat.url}")
    with connect(f"ws://127.0.0.1:{cardea.data[1]}/anything", proxy=None) as connection:
        connection.send("hello")
        assert connection.recv(WAIT_SECONDS) == "hello"


def test_what_comes_behind_the_head_on_either_side_is_not_lost(cardea: Cardea, backend: Backend) -> None:
    def eager(peer: Any, seen: Seen) -> bool:
        peer.conn.sendall(accepted(seen) + b"first")
        peer.conn.sendall(peer.exactly(5)[::-1])
        return False

    backend.script["/ws"] = eager
    api = in_front_of(cardea, backend.url)
    with wire.Connection(cardea.data) as connection:
        connection.send(wire.head("GET", "/dev/ws", [("Host", cardea.host(api.id)), *WISH]) + b"early")
        came = b""
        while piece := connection.socket.recv(65536):
            came += piece
    head, _, rest = came.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ") and rest == b"firstylrae"


# ── how it ends ──


def test_a_back_end_that_dies_closes_its_client(cardea: Cardea, chat: Chat) -> None:
    with talk(in_front_of(cardea, chat.url)) as connection:
        connection.send("die")
        with pytest.raises(ConnectionClosedError):
            connection.recv(WAIT_SECONDS)
        assert connection.close_code == 1006
    assert eventually(lambda: tunnels(cardea) == 0)


@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_client_that_dies_closes_its_back_end(cardea: Cardea, chat: Chat, how: str) -> None:
    api = in_front_of(cardea, chat.url)
    with wire.Connection(cardea.data) as connection:
        connection.send(wire.head("GET", "/dev/ws", [("Host", cardea.host(api.id)), *WISH]) + b"\x81\x85\0\0\0\0hello")
        came = b""
        while not came.endswith(b"\x81\x05hello"):
            came += connection.socket.recv(65536)
        assert len(chat.open) == 1
        if how == "reset":
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert eventually(lambda: not chat.open) and chat.closed[-1][0] == 1006
    assert eventually(lambda: tunnels(cardea) == 0)


def test_a_tunnel_is_written_down_when_it_ends(cardea: Cardea, chat: Chat) -> None:
    api = in_front_of(cardea, chat.url)
    log = access_log(api, "$context.status $context.responseLength $context.requestId")
    with talk(api, compression=None) as connection:
        connection.send("12345678")
        connection.recv(WAIT_SECONDS)
        id = connection.response.headers["x-amzn-RequestId"]
        assert eventually(lambda: tunnels(cardea) == 1), "of earlier tests none is left"
        refused = api.call("/ws")
        assert refused.status == 426, "the server takes no plain request"
        # The other request is over, the tunnel is not.
        lines = lines_of(cardea, log, lambda lines: len(lines) == 1)
        assert [line.split()[0] for line in lines] == ["426"]
    lines = lines_of(cardea, log, lambda lines: len(lines) == 2)
    # A text frame of 8 bytes, and the answer to the close.
    assert lines[1].split() == ["101", str(2 + 8 + 4), id]


def test_a_drain_gives_tunnels_its_time(start: Callable[..., Cardea], chat: Chat) -> None:
    cardea = start(CARDEA_DRAIN_SECONDS="60")
    with talk(in_front_of(cardea, chat.url)) as connection:
        connection.send("before")
        assert connection.recv(WAIT_SECONDS) == "before"
        cardea.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: "draining" in cardea.log())
        for word in ["while", "it", "drains"]:
            connection.send(word)
            assert connection.recv(WAIT_SECONDS) == word
        assert cardea.process.poll() is None
    assert cardea.process.wait(WAIT_SECONDS) == 0


def test_a_drain_that_is_over_ends_tunnels_in_order(start: Callable[..., Cardea], chat: Chat) -> None:
    cardea = start(CARDEA_DRAIN_SECONDS="1")
    api = in_front_of(cardea, chat.url)
    log = access_log(api, "$context.status")
    with talk(api) as connection:
        connection.send("before")
        assert connection.recv(WAIT_SECONDS) == "before"
        cardea.process.send_signal(signal.SIGTERM)
        # An end, and no reset: of this client and of the back end.
        with pytest.raises(ConnectionClosedError) as closed:
            connection.recv(WAIT_SECONDS)
        assert not isinstance(closed.value.__cause__, ConnectionResetError)
    assert cardea.process.wait(WAIT_SECONDS) == 0
    assert "cut off" not in cardea.log()
    assert lines_of(cardea, log) == ["101"]
    assert eventually(lambda: not chat.open)


# ── what is refused, and what is not asked ──


def accepted(seen: Seen, key: Optional[str] = None) -> bytes:
    proof = base64.b64encode(hashlib.sha1(((key or seen.header("Sec-WebSocket-Key") or "") + GUID).encode()).digest()).decode()
    return f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {proof}\r\n\r\n".encode()


def is_asked(api: Api, backend: Backend, headers: list[tuple[str, str]], path: str = "/ws", verb: str = "GET") -> bool:
    """Whether a wish gets to the back end as one. It is answered in either case, and its connection goes on."""
    backend.seen.clear()
    with wire.Connection(api.cardea.data) as connection:
        for _ in range(2):
            connection.send(wire.head(verb, f"/{api.stage}{path}", [("Host", api.cardea.host(api.id)), *headers]))
            assert connection.read().status == 200
    assert len(backend.seen) == 2
    asked = {seen.header("Upgrade") for seen in backend.seen}
    assert {seen.header("Connection") for seen in backend.seen} == ({"Upgrade"} if asked == {"websocket"} else {None})
    return asked == {"websocket"}


def test_a_wish_that_the_back_end_does_not_grant_is_a_request_like_others(cardea: Cardea, backend: Backend) -> None:
    api = in_front_of(cardea, backend.url)
    assert is_asked(api, backend, WISH)
    backend.script["/ws"] = lambda peer, seen: bool(peer.send(426, [("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket")], b"no")) or True
    answer = api.call("/ws", headers=WISH)
    assert (answer.status, answer.text, answer.header("Sec-WebSocket-Version"), answer.header("Upgrade")) == (426, "no", "13", None)
    with pytest.raises(InvalidStatus) as told, talk(api):
        pass
    assert told.value.response.status_code == 426


@pytest.mark.parametrize(
    "changed",
    [
        {"Sec-WebSocket-Key": None},
        {"Sec-WebSocket-Version": None},
        {"Connection": None},
        {"Upgrade": None},
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Version": "8"},
        {"Upgrade": "h2c"},
        {"Connection": "Upgrade, Sec-WebSocket-Key"},
    ],
    ids=str,
)
def test_a_wish_that_is_not_whole_is_none(cardea: Cardea, backend: Backend, changed: dict[str, Optional[str]]) -> None:
    api = in_front_of(cardea, backend.url)
    wish = [(name, value) for name, was in WISH if (value := changed.get(name, was)) is not None]
    assert not is_asked(api, backend, wish)


def test_only_a_get_through_a_proxy_that_keeps_nothing_switches(cardea: Cardea, backend: Backend) -> None:
    api = Api(cardea)
    api.proxy("/any", f"{backend.url}/x").proxy("/post", f"{backend.url}/x", "GET", integrationHttpMethod="POST")
    api.proxy("/mapped", f"{backend.url}/x", "GET", requestParameters={"integration.request.header.Upgrade": "'other'"})
    api.proxy("/http", f"{backend.url}/x", "GET", type="HTTP").responses("/http", "GET", s200=None)
    api.proxy("/kept", f"{backend.url}/x", "GET")
    api.deploy(cacheClusterEnabled=True, cacheClusterSize="0.5")
    assert is_asked(api, backend, WISH, "/any") and is_asked(api, backend, WISH, "/kept")
    assert not is_asked(api, backend, WISH, "/any", "DELETE")
    assert not is_asked(api, backend, WISH, "/post")
    assert not is_asked(api, backend, WISH, "/http")
    backend.seen.clear()
    assert api.call("/mapped", headers=WISH).status == 200
    assert (backend.last.values("Upgrade"), backend.last.values("Connection")) == (["other"], [])
    operations = patch(("replace", "/*/*/caching/enabled", "true"))
    api.gw.update_stage(restApiId=api.id, stageName=api.stage, patchOperations=operations)
    backend.seen.clear()
    assert api.call("/kept", headers=WISH).status == 200
    assert backend.last.values("Upgrade") == []


def test_aws_has_no_such_thing(start: Callable[..., Cardea], backend: Backend, chat: Chat) -> None:
    cardea = start(CARDEA_PROFILE="aws-strict")
    api = Api(cardea).proxy("/ws", f"{backend.url}/ws", "GET").proxy("/stream", f"{backend.url}/ws", "GET", responseTransferMode="STREAM")
    api.proxy("/chat", f"{chat.url}/ws", "GET").deploy()
    assert not is_asked(api, backend, WISH)
    assert not is_asked(api, backend, WISH, "/stream")
    with pytest.raises(InvalidStatus) as told, talk(api, "/chat"):
        pass
    assert told.value.response.status_code == 426


@pytest.mark.parametrize(
    "answer",
    [
        lambda seen: accepted(seen, "AAAAAAAAAAAAAAAAAAAAAA=="),
        lambda seen: accepted(seen).replace(b"Accept", b"Except"),
        lambda seen: accepted(seen).replace(b"Upgrade: websocket", b"Upgrade: tea"),
        lambda seen: accepted(seen).replace(b"Connection: Upgrade\r\n", b""),
        lambda seen: accepted(seen).replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Accept: x\r\n\r\n"),
    ],
    ids=["another key", "no proof", "another protocol", "no connection", "two proofs"],
)
def test_a_101_without_its_proof_opens_nothing(cardea: Cardea, backend: Backend, answer: Callable[[Seen], bytes]) -> None:
    api = in_front_of(cardea, backend.url)
    over = threading.Event()

    def lie(peer: Any, seen: Seen) -> bool:
        peer.conn.sendall(answer(seen))
        assert peer.conn.recv(100) == b"", "nothing comes through"
        over.set()
        return False

    backend.script["/ws"] = lie
    with wire.Connection(cardea.data) as connection:
        head = wire.head("GET", "/dev/ws", [("Host", cardea.host(api.id)), *WISH])
        connection.send(head)
        told = connection.read()
        assert (told.status, told.message) == (502, "Internal server error")
        # It is an HTTP connection still.
        backend.script.clear()
        connection.send(head)
        assert connection.read().status == 200
    assert over.wait(WAIT_SECONDS)


def test_a_key_and_a_throttle_hold_for_it(cardea: Cardea, chat: Chat) -> None:
    api = in_front_of(cardea, chat.url, method={"apiKeyRequired": True})
    plan = api.gw.create_usage_plan(name=fresh("plan"), apiStages=[{"apiId": api.id, "stage": "dev"}], quota={"limit": 2, "period": "MONTH"})["id"]
    key = api.gw.create_api_key(enabled=True)
    api.gw.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")

    def refused(**how: Any) -> int:
        with pytest.raises(InvalidStatus) as told, talk(api, **how):
            pass
        return told.value.response.status_code

    assert (refused(), refused(additional_headers={"x-api-key": "wrong"})) == (403, 403)
    for _ in range(2):
        with talk(api, additional_headers={"x-api-key": key["value"]}) as connection:
            connection.send("hello")
            assert connection.recv(WAIT_SECONDS) == "hello"
    assert refused(additional_headers={"x-api-key": key["value"]}) == 429
    assert eventually(lambda: len(chat.closed) == 2) and not chat.open, "nothing else got there"


# ── streams of events ──


@pytest.mark.parametrize("members", [{}, {"responseTransferMode": "STREAM"}, {"packed": True}, {"cached": True}], ids=["buffered", "stream", "packed", "cached"])
def test_events_come_one_by_one(cardea: Cardea, backend: Backend, members: dict[str, Any]) -> None:
    members = dict(members)
    packed, cached = members.pop("packed", False), members.pop("cached", False)
    read = threading.Event()

    def events(peer: Any, seen: Seen) -> bool:
        peer.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            event = b"data: %d\n\n" % number
            peer.conn.sendall(b"%x\r\n%s\r\n" % (len(event), event))
            # The next is not made before this one was read.
            assert read.wait(WAIT_SECONDS)
            read.clear()
        peer.conn.sendall(b"0\r\n\r\n")
        return True

    backend.script["/ws"] = events
    api = deployed(Api(cardea, **({"minimumCompressionSize": 0} if packed else {})).proxy("/ws", f"{backend.url}/ws", "GET", **members))
    if cached:
        operations = [("replace", "/cacheClusterEnabled", "true"), ("replace", "/cacheClusterSize", "0.5"), ("replace", "/*/*/caching/enabled", "true")]
        api.gw.update_stage(restApiId=api.id, stageName=api.stage, patchOperations=patch(*operations))
    connection = http.client.HTTPConnection(*cardea.data, timeout=WAIT_SECONDS)
    connection.request("GET", "/dev/ws", headers={"Host": cardea.host(api.id), "Accept": "text/event-stream", "Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Type"), answer.getheader("Content-Length")) == (200, "text/event-stream", None)
    for number in range(3):
        assert answer.read1() == b"data: %d\n\n" % number
        read.set()
    assert answer.read() == b""
    connection.close()


def test_a_client_that_leaves_a_quiet_stream_of_events_frees_its_back_end(cardea: Cardea, backend: Backend) -> None:
    freed = threading.Event()

    def quiet(peer: Any, seen: Seen) -> bool:
        peer.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 0\n\n")
        peer.conn.settimeout(WAIT_SECONDS)
        assert peer.conn.recv(1) == b""
        freed.set()
        return False

    backend.script["/ws"] = quiet
    api = in_front_of(cardea, backend.url)
    with wire.Connection(cardea.data) as connection:
        connection.send(wire.head("GET", "/dev/ws", [("Host", cardea.host(api.id))]))
        while b"data: 0" not in connection.buffer:
            connection.buffer += connection.socket.recv(65536)
    assert freed.wait(WAIT_SECONDS)
