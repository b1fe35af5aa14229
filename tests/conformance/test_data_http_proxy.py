"""HTTP_PROXY: what reaches the back end, what comes back, and what happens when it does not."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from typing import Any, Optional

import pytest

import wire
from backend import Backend, Seen, pattern
from bench import Api, patch
from program import eventually

TIMED_OUT = (504, "Endpoint request timed out", "InternalServerErrorException")
TEN_MEGABYTES = 10 * 1024 * 1024


@pytest.fixture
def front(api: Api, backend: Backend) -> Api:
    """Everything under /b/ goes to the back end, whatever the verb."""
    api.proxy("/b/{proxy+}", backend.url + "/{proxy}")
    api.gw.update_rest_api(restApiId=api.id, patchOperations=patch(("add", "/binaryMediaTypes/*~1*")))
    api.deploy("dev")
    return api


def failed(answer: wire.Answer) -> tuple[int, Any, Optional[str]]:
    return answer.status, answer.message, answer.error_type


# ── requests ──


@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_the_verb_of_any_is_the_clients(front: Api, backend: Backend, verb: str) -> None:
    assert front.call("/b/x", verb).status == 200
    assert (backend.last.method, backend.last.target) == (verb, "/x")


def test_a_fixed_verb_is_sent_instead(api: Api, backend: Backend) -> None:
    api.proxy("/p", backend.url + "/p", "GET", integrationHttpMethod="POST").deploy()
    assert api.call("/p").status == 200
    assert backend.last.method == "POST"


def test_the_headers_of_a_request_arrive_as_the_tables_say(front: Api, backend: Backend) -> None:
    sent = [
        ("User-Agent", "tester/1"),
        ("Accept", "text/plain"),
        ("Accept-Encoding", "gzip"),
        ("Age", "3"),
        ("Authorization", "Basic abc"),
        ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("Pragma", "x"),
        ("Range", "bytes=0-9"),
        ("Referer", "http://example.com/"),
        ("Warn", "199 x"),
        ("X-Custom", "Kept-As-Sent"),
        ("tEsT-HEADeR", "a, b"),
        ("Max-Forwards", "2"),
        ("Proxy-Authenticate", "Basic"),
        ("Server", "me"),
        ("TE", "gzip"),
        ("Trailer", "Expires"),
        ("Upgrade", "HTTP/2.0"),
        ("WWW-Authenticate", "Basic"),
        ("Content-MD5", "abc"),
        ("Via", "1.1 me"),
    ]
    assert front.call("/b/x", headers=sent).status == 200
    got = backend.last
    for name in ("User-Agent", "Accept", "Accept-Encoding", "Age", "Authorization", "Date", "Pragma", "Range", "Referer", "Warn", "X-Custom", "tEsT-HEADeR"):
        assert got.values(name) == [dict(sent)[name]], name
    dropped = {"max-forwards", "proxy-authenticate", "server", "te", "trailer", "upgrade", "www-authenticate", "content-md5", "via"}
    assert got.names() & (dropped | {"transfer-encoding", "expect"}) == set()


def test_the_gateway_adds_its_own_headers(front: Api, backend: Backend) -> None:
    front.call("/b/x")
    assert backend.last.values("Host") == [backend.authority]
    assert backend.last.values("X-Amzn-Apigateway-Api-Id") == [front.id]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}(;.*)?", backend.last.header("X-Amzn-Trace-Id") or "")


def test_the_root_of_a_trace_is_kept(front: Api, backend: Backend) -> None:
    root = "Root=1-5759e988-bd862e3fe1be46a994272793"
    front.call("/b/x", headers={"X-Amzn-Trace-Id": root})
    assert (backend.last.header("X-Amzn-Trace-Id") or "").startswith(root)


def test_content_encoding_is_dropped(front: Api, backend: Backend) -> None:
    front.call("/b/x", "POST", {"Content-Type": "text/plain", "Content-Encoding": "identity"}, "hello")
    assert "content-encoding" not in backend.last.names()


def test_headers_named_by_connection_do_not_pass(front: Api, backend: Backend) -> None:
    front.call("/b/x", headers={"Connection": "X-Hop, keep-alive", "X-Hop": "1", "X-End": "2"})
    assert "x-hop" not in backend.last.names() and backend.last.header("X-End") == "2"


@pytest.mark.parametrize(
    ("sent", "arrived"),
    [
        ("/b/x?a=1&a=2&b=", "/x?a=1&a=2&b="),
        ("/b/x?e=a%20b%26c", "/x?e=a%20b%26c"),
        ("/b/one/two/three", "/one/two/three"),
        ("/b/with%20space", "/with%20space"),
    ],
)
def test_paths_and_queries_pass(front: Api, backend: Backend, sent: str, arrived: str) -> None:
    assert front.call(sent).status == 200
    got, wanted = backend.last.target.replace("+", "%20"), arrived
    assert got == wanted


def test_a_mapped_query_is_joined_to_the_literal_and_the_clients_own(api: Api, backend: Backend) -> None:
    declared = {"method.request.querystring.q": False, "method.request.header.h": False}
    mapped = {
        "integration.request.querystring.mapped": "method.request.querystring.q",
        "integration.request.querystring.static": "'s'",
        "integration.request.header.X-Mapped": "method.request.header.h",
        "integration.request.querystring.absent": "method.request.header.h",
    }
    api.proxy("/{id}", backend.url + "/at/{id}?literal=1", "GET", method={"requestParameters": declared}, requestParameters=mapped).deploy()
    assert api.call("/7?q=v&own=2").status == 200
    path, _, query = backend.last.target.partition("?")
    pairs = query.split("&")
    assert path == "/at/7" and pairs[0] == "literal=1"
    assert {"mapped=v", "static=s", "own=2", "q=v"} <= set(pairs) and not any(pair.startswith("absent") for pair in pairs)
    assert "x-mapped" not in backend.last.names()


def test_a_mapped_header_overwrites_the_clients(api: Api, backend: Backend) -> None:
    mapped = {"integration.request.header.X-A": "'mapped'", "integration.request.header.X-Stage": "context.stage"}
    api.proxy("/h", backend.url + "/h", "GET", requestParameters=mapped).deploy()
    api.call("/h", headers={"X-A": "client"})
    assert backend.last.values("X-A") == ["mapped"] and backend.last.values("X-Stage") == ["dev"]


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id", "X-Amzn-Apigateway-Api-Id"])
def test_mapping_a_forbidden_header_fails_when_it_is_called(api: Api, backend: Backend, name: str) -> None:
    api.proxy("/h", backend.url + "/h", "GET", requestParameters={f"integration.request.header.{name}": "'x'"}).deploy()
    assert failed(api.call("/h")) == (500, "Internal server error", "InternalServerErrorException")
    assert backend.seen == []


def test_the_source_of_a_mapped_header_is_case_sensitive(api: Api, backend: Backend) -> None:
    declared = {"method.request.header.X-In": False}
    mapped = {"integration.request.header.X-Out": "method.request.header.X-In"}
    api.proxy("/h", backend.url + "/h", "GET", method={"requestParameters": declared}, requestParameters=mapped).deploy()
    api.call("/h", headers={"X-In": "1"})
    assert backend.last.values("X-Out") == ["1"]
    api.call("/h", headers={"x-in": "1"})
    assert backend.last.values("X-Out") == []


# ── bodies ──


@pytest.mark.parametrize("size", [0, 1, 65536, TEN_MEGABYTES])
@pytest.mark.parametrize("chunk_bytes", [0, 7000])
def test_a_body_goes_there_and_comes_back_to_the_byte(front: Api, backend: Backend, size: int, chunk_bytes: int) -> None:
    body = pattern(size)
    answer = front.call("/b/mirror", "POST", {"Content-Type": "application/octet-stream"}, body, chunk_bytes=chunk_bytes)
    assert answer.status == 200 and answer.complete
    assert backend.last.body == body and answer.body == body


def test_more_than_ten_megabytes_stream_and_under_aws_strict_are_refused(start: Any, backend: Backend) -> None:
    body = pattern(TEN_MEGABYTES + 2_000_000)
    for profile, status in [("extended", 200), ("aws-strict", 413)]:
        api = Api(start(CARDEA_PROFILE=profile), binaryMediaTypes=["*/*"]).proxy("/mirror", backend.url + "/mirror", "POST")
        api.deploy()
        answer = api.call("/mirror", "POST", {"Content-Type": "application/octet-stream"}, body)
        assert (profile, answer.status) == (profile, status)
        if status == 200:
            assert answer.body == body


@pytest.mark.parametrize("path", ["/bytes", "/chunked", "/until-close"])
@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_an_answer_comes_whole_however_the_back_end_frames_it(front: Api, path: str, size: int) -> None:
    answer = front.call(f"/b{path}/{size}")
    assert answer.status == 200 and answer.complete and answer.body == pattern(size)


def test_trailers_are_read_and_dropped(front: Api, backend: Backend) -> None:
    with wire.Connection(front.cardea.data) as connection:
        headers = [("Host", front.cardea.host(front.id)), ("Transfer-Encoding", "chunked"), ("Content-Type", "text/plain")]
        connection.send(wire.head("POST", "/dev/b/x", headers) + b"5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n")
        assert connection.read("POST").status == 200
    assert backend.last.body == b"hello" and backend.last.trailers == []


def test_head_carries_the_length_but_no_body(front: Api, backend: Backend) -> None:
    with wire.Connection(front.cardea.data) as connection:
        host = ("Host", front.cardea.host(front.id))
        connection.send(wire.head("HEAD", "/dev/b/bytes/10", [host]))
        answer = connection.read("HEAD")
        assert (answer.status, answer.body) == (200, b"")
        connection.send(wire.head("GET", "/dev/b/bytes/10", [host]))
        assert connection.read().body == pattern(10)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_none(front: Api, status: int) -> None:
    with wire.Connection(front.cardea.data) as connection:
        host = ("Host", front.cardea.host(front.id))
        for path, expected in ((f"/dev/b/status/{status}", status), ("/dev/b/bytes/3", 200)):
            connection.send(wire.head("GET", path, [host]))
            answer = connection.read()
            assert answer.status == expected
            if expected == status:
                assert answer.header("Transfer-Encoding") is None


@pytest.mark.parametrize("status", [200, 201, 301, 400, 404, 418, 500, 503, 599])
def test_the_status_of_the_back_end_is_the_clients(front: Api, status: int) -> None:
    answer = front.call(f"/b/status/{status}")
    assert (answer.status, answer.json()) == (status, {"status": status})


# ── answers ──


def test_the_headers_of_an_answer_come_back_as_the_tables_say(front: Api) -> None:
    query = "Connection=keep-alive&Date=Mon&Server=pets/1&X-Custom=Kept&x-amzn-RequestId=theirs&Via=1.1+them&WWW-Authenticate=Basic&Warn=199"
    answer = front.call(f"/b/headers?{query}")
    assert answer.values("X-Custom") == ["Kept"] and answer.values("Warn") == ["199"]
    for name, value in (("Date", "Mon"), ("Server", "pets/1"), ("x-amzn-RequestId", "theirs"), ("Connection", "keep-alive"), ("Content-Length", "2")):
        assert answer.values(f"x-amzn-Remapped-{name}") == [value], name
    assert len(answer.values("x-amzn-RequestId")) == 1 and answer.header("x-amzn-RequestId") != "theirs"
    assert len(answer.values("Date")) == 1 and answer.header("Date") != "Mon"
    assert "via" not in {name.lower() for name in answer.names()} and answer.header("Server") is None
    assert [name for name in answer.names() if name.lower().startswith("x-amzn-remapped-")] and all(
        name.startswith("x-amzn-Remapped-") for name in answer.names() if name.lower().startswith("x-amzn-remapped-")
    )


def test_a_trace_is_told_only_if_the_back_end_tells_it(front: Api) -> None:
    assert front.call("/b/bytes/1").header("X-Amzn-Trace-Id") is None
    assert front.call("/b/headers?X-Amzn-Trace-Id=Root=1-a").header("X-Amzn-Trace-Id") == "Root=1-a"


def test_repeated_cookies_stay_apart(front: Api) -> None:
    assert front.call("/b/headers?Set-Cookie=a=1&Set-Cookie=b=2").values("Set-Cookie") == ["a=1", "b=2"]


def test_the_length_told_is_the_length_sent(front: Api) -> None:
    answer = front.call("/b/bytes/5")
    assert answer.header("Content-Length") == "5" and answer.header("Content-Type") == "application/octet-stream"
    assert answer.header("x-amzn-RequestId") and answer.header("x-amz-apigw-id")


def test_redirects_are_not_followed(front: Api, backend: Backend) -> None:
    backend.script["/away"] = lambda peer, seen: peer.send(302, [("Location", backend.url + "/there")], b"") or True
    answer = front.call("/b/away")
    assert (answer.status, answer.header("Location")) == (302, backend.url + "/there")
    assert len(backend.seen) == 1


# ── connections ──


def test_the_connection_to_the_back_end_is_kept(front: Api, backend: Backend) -> None:
    with wire.Connection(front.cardea.data) as connection:
        for _ in range(20):
            connection.send(wire.head("GET", "/dev/b/bytes/10", [("Host", front.cardea.host(front.id))]))
            assert connection.read().status == 200
    assert len({seen.connection for seen in backend.seen}) <= 2


def test_a_connection_that_died_while_idle_is_replaced(front: Api, backend: Backend) -> None:
    def once(peer: Any, seen: Seen) -> bool:
        peer.send(200, [], b"ok")
        return False

    backend.script["/once"] = once
    for _ in range(5):
        assert front.call("/b/once").text == "ok"
        assert front.call("/b/bytes/1").status == 200


def test_continue_is_said_when_the_body_is_wanted(front: Api, backend: Backend) -> None:
    with wire.Connection(front.cardea.data) as connection:
        headers = [("Host", front.cardea.host(front.id)), ("Content-Type", "text/plain"), ("Content-Length", "5"), ("Expect", "100-continue")]
        connection.send(wire.head("POST", "/dev/b/mirror", headers))
        assert connection._until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        connection.send(b"hello")
        assert connection.read("POST").text == "hello"
    assert "expect" not in backend.last.names()


def test_continue_is_not_said_to_a_request_that_is_refused(front: Api) -> None:
    with wire.Connection(front.cardea.data) as connection:
        headers = [("Host", front.cardea.host(front.id)), ("Content-Length", "5"), ("Expect", "100-continue")]
        connection.send(wire.head("POST", "/dev/nothing", headers))
        answer = connection.read("POST")
        assert answer.status == 403 and answer.interim == []


def test_an_answer_that_comes_before_the_body_has_gone_is_delivered(front: Api, backend: Backend) -> None:
    with wire.Connection(front.cardea.data) as connection:
        headers = [("Host", front.cardea.host(front.id)), ("Content-Type", "application/octet-stream"), ("Content-Length", str(TEN_MEGABYTES))]
        connection.send(wire.head("POST", "/dev/b/early", headers) + b"x" * 1000)
        answer = connection.read("POST")
        assert (answer.status, answer.text) == (200, "early")


# ── failures ──


def test_a_back_end_that_hangs_is_given_up(api: Api, backend: Backend) -> None:
    api.proxy("/hang", backend.url + "/hang", "GET", timeoutInMillis=200).mock("/ok").deploy()
    began = time.monotonic()
    answer = api.call("/hang")
    assert failed(answer) == TIMED_OUT and 0.15 < time.monotonic() - began < 10
    assert api.call("/ok").status == 200


def test_the_time_limit_covers_a_body_that_never_comes(api: Api, backend: Backend) -> None:
    def stall(peer: Any, seen: Seen) -> bool:
        peer.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n")
        backend.over.wait(5)
        return False

    backend.script["/stall"] = stall
    api.proxy("/stall", backend.url + "/stall", "GET", timeoutInMillis=200).deploy()
    assert failed(api.call("/stall")) == TIMED_OUT


def test_a_back_end_that_is_not_there_is_a_failure(api: Api) -> None:
    with socket.socket() as taken:
        # A port that nobody else can get, and that nobody listens on.
        taken.bind(("127.0.0.1", 0))
        api.proxy("/gone", f"http://127.0.0.1:{taken.getsockname()[1]}/x", "GET").deploy()
        status, message, kind = failed(api.call("/gone"))
    assert (status, kind) == (504, "InternalServerErrorException")
    assert message in ("Network error communicating with endpoint", "Internal server error")


def test_a_name_that_means_nothing_is_a_failure(api: Api) -> None:
    api.proxy("/gone", "http://no-such-host.invalid/x", "GET").deploy()
    answer = api.call("/gone")
    assert answer.status in (500, 504) and answer.error_type == "InternalServerErrorException"


@pytest.mark.parametrize("path", ["/die", "/garbage"])
def test_a_back_end_that_answers_nothing_sensible_is_a_failure(front: Api, path: str) -> None:
    answer = front.call(f"/b{path}", "POST", {"Content-Type": "text/plain"}, "x")
    assert answer.status in (500, 502, 504) and answer.error_type == "InternalServerErrorException"
    assert answer.message in ("Network error communicating with endpoint", "Internal server error")


def test_an_answer_that_breaks_off_never_looks_whole(front: Api) -> None:
    answer = front.call("/b/short")
    assert answer.status in (500, 502, 504) or (answer.status == 200 and not answer.complete)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_a_hostile_back_end_harms_nobody(front: Api, backend: Backend, head: bytes) -> None:
    def hostile(peer: Any, seen: Seen) -> bool:
        peer.conn.sendall(head)
        return False

    backend.script["/hostile"] = hostile
    try:
        answer = front.call("/b/hostile")
        assert answer.status >= 500 or not answer.complete
    except wire.Broken:
        pass
    assert front.call("/b/bytes/1").status == 200


def test_many_clients_at_once_get_their_own_answers(front: Api) -> None:
    wrong: list[str] = []

    def client(number: int) -> None:
        for turn in range(10):
            body = json.dumps({"client": number, "turn": turn}).encode()
            answer = front.call("/b/mirror", "POST", {"Content-Type": "application/json"}, body)
            if answer.body != body:
                wrong.append(f"{number}.{turn}: {answer.status} {answer.text}")

    threads = [threading.Thread(target=client, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
