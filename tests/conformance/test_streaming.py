"""Answers that are sent on while they are made: from functions by their official clients, from Lambda, from HTTP back ends."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

import clients
from bench import Api, fresh, status
from functions import PROXY, ROLE, Functions, archive
from program import ACCOUNT, REGION, Cardea

# Says `one`, and `two` once there is a file at the path that the query names; what else it does is in its query, too.
NODE = """
import fs from "node:fs";
export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
  const asked = event.queryStringParameters ?? event;
  if (asked.fail === "before") throw new TypeError("told before");
  console.log("streams");
  const head = { statusCode: 201, headers: { "Content-Type": "text/plain", "X-Both": "single", ...(asked.length && { "Content-Length": asked.length }) },
                 multiValueHeaders: { "x-both": ["list"], "Set-Cookie": ["b=2"] }, cookies: ["a=1; Path=/"], ...JSON.parse(asked.head ?? "{}") };
  if (asked.raw !== undefined) stream.write(asked.raw);
  else if (asked.long) stream.write("x".repeat(20_000));
  else if (!asked.bare) stream = awslambda.HttpResponseStream.from(stream, head);
  await new Promise((done) => stream.write("one", undefined, done));
  while (asked.gate && !fs.existsSync(asked.gate)) await new Promise((done) => setTimeout(done, 1));
  if (asked.fail === "within") throw new TypeError("told within");
  if (asked.fail === "exit") process.exit(3);
  stream.write("two");
  stream.end();
});
"""


def uri(function: str) -> str:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    return f"arn:aws:apigateway:{REGION}:lambda:path/2021-11-15/functions/{arn}/response-streaming-invocations"


@pytest.fixture(scope="module", params=["official", "ours"])
def streaming(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Functions]:
    """A program that hosts the functions of these tests, by the official clients or by ours."""
    settings = clients.settings() if request.param == "official" else clients.settings_without_official_ones()
    with Cardea(tmp_path_factory.mktemp("streaming"), **settings) as cardea:
        fn = Functions(cardea)
        fn.make(Code={"ZipFile": archive({"index.mjs": NODE})}, Runtime="nodejs22.x", name="node")
        fn.make(Code={"ZipFile": clients.rust()}, Runtime="provided.al2023", name="rust")
        fn.make(PROXY, name="python")
        yield fn


def in_front_of(cardea: Cardea, function: str, **members: Any) -> Api:
    api = Api(cardea, **members.pop("api", {}))
    api.method("/", "GET")
    wanted = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri(function), "responseTransferMode": "STREAM", **members}
    api.gw.put_integration(**api.at(), **wanted)
    api.deploy()
    return api


def hosted(fn: Functions, function: str, **members: Any) -> Api:
    api = in_front_of(fn.cardea, function, **members)
    fn.permit(function, api.id)
    return api


class Arriving:
    """An answer that is read as it comes."""

    def __init__(self, api: Api, target: str = "/", **headers: str):
        self.connection = http.client.HTTPConnection(*api.cardea.data, timeout=20)
        self.connection.request("GET", f"/{api.stage}{target}", headers={"Host": api.cardea.host(api.id), **headers})
        self.answer = self.connection.getresponse()

    def piece(self) -> bytes:
        return self.answer.read1()

    def rest(self) -> bytes:
        try:
            return self.answer.read()
        finally:
            self.connection.close()


def elsewhere(start: Callable[..., Cardea], fn: Functions) -> Api:
    """An API in front of the Node function, in another program, to which the first one is Lambda."""
    key, secret = fn.cardea.credentials["AWS_ACCESS_KEY_ID"], fn.cardea.credentials["AWS_SECRET_ACCESS_KEY"]
    other = start(AWS_ENDPOINT_URL_LAMBDA=fn.cardea.control_url, AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)
    return in_front_of(other, "node")


@pytest.mark.parametrize("where", ["node", "rust", "elsewhere"])
def test_the_first_byte_is_out_before_the_last_is_in(streaming: Functions, start: Callable[..., Cardea], tmp_path: Path, where: str) -> None:
    api = elsewhere(start, streaming) if where == "elsewhere" else hosted(streaming, where)
    gate = tmp_path / "gate"
    came = Arriving(api, f"/?gate={gate}")
    # The function says no more until this has been read.
    assert came.piece() == b"one"
    assert (came.answer.status, came.answer.getheader("Transfer-Encoding")) == (200 if where == "rust" else 201, "chunked")
    gate.touch()
    assert came.rest() == b"two"
    assert "a=1" in (came.answer.getheader("Set-Cookie") or "") and came.answer.getheader("Content-Type") == "text/plain"


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_the_head_is_the_functions(streaming: Functions, start: Callable[..., Cardea], where: str) -> None:
    api = elsewhere(start, streaming) if where == "elsewhere" else hosted(streaming, "node")
    answer = api.call("/")
    assert (answer.status, answer.text, answer.values("Set-Cookie")) == (201, "onetwo", ["b=2", "a=1; Path=/"])
    assert answer.values("x-both") == ["list"], "of a name in both the list counts"
    assert answer.header("Transfer-Encoding") == "chunked"
    known = api.call("/?length=6")
    assert (known.header("Content-Length"), known.header("Transfer-Encoding"), known.text) == ("6", None, "onetwo")


@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize(
    "query, wanted",
    [
        ("fail=before", 502),
        ("bare=1", 500),
        ("raw=x", 500),
        ("long=1", 500),
        ("head=%7B%22body%22:%22b%22%7D", 500),
        ("head=%7B%22statusCode%22:%22x%22%7D", 500),
        ("head=%7B%22headers%22:%7B%22a%22:%5B%5D%7D%7D", 500),
        # Nothing that a function says may begin another field.
        ("head=%7B%22headers%22:%7B%22a%22:%22b%5Cr%5Cnc:d%22%7D%7D", 500),
        ("head=%7B%22cookies%22:%5B%22a=1%5Cr%5Cnb:c%22%5D%7D", 500),
    ],
)
def test_what_has_no_head_is_refused(streaming: Functions, start: Callable[..., Cardea], where: str, query: str, wanted: int) -> None:
    api = elsewhere(start, streaming) if where == "elsewhere" else hosted(streaming, "node")
    answer = api.call(f"/?{query}")
    assert (answer.status, answer.json()) == (wanted, {"message": "Internal server error"})
    assert api.call("/").text == "onetwo"


@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize("fail", ["within", "exit"])
def test_what_breaks_off_is_cut(streaming: Functions, start: Callable[..., Cardea], where: str, fail: str) -> None:
    api = elsewhere(start, streaming) if where == "elsewhere" else hosted(streaming, "node")
    answer = api.call(f"/?fail={fail}")
    assert (answer.status, answer.complete) == (201, False)
    assert api.call("/").text == "onetwo"


def test_a_function_that_does_not_stream_is_no_stream(streaming: Functions) -> None:
    """What it answers is no head of a stream."""
    assert hosted(streaming, "python").call("/").status == 500


def test_a_function_that_streams_is_asked_for_all_at_once(streaming: Functions) -> None:
    """Seen: atlas, lambda §1.2. Its head is the answer."""
    api = hosted(streaming, "node", uri=streaming.uri("node"), responseTransferMode="BUFFERED")
    answer = api.call("/?head=%7B%22cookies%22:null,%22multiValueHeaders%22:null%7D")
    assert answer.status == 502, "cookies are no member of such an answer"
    told = json.loads(streaming.api.invoke(FunctionName="node", Payload=json.dumps({"raw": '{"a":', "bare": True}).encode())["Payload"].read()[:5] + b"1}")
    assert told == {"a": 1}


@pytest.mark.parametrize("members", [{"responseTransferMode": "BUFFERED"}, {"uri": None}], ids=["a stream's URI", "a stream's mode"])
def test_mode_and_uri_go_together(streaming: Functions, members: dict[str, Any]) -> None:
    wanted = {name: value or streaming.uri("node") for name, value in members.items()}
    assert hosted(streaming, "node", **wanted).call("/").status == 500


def test_what_streams_is_neither_packed_nor_kept(streaming: Functions) -> None:
    api = hosted(streaming, "node", api={"minimumCompressionSize": 0})
    answer = api.call("/", headers={"Accept-Encoding": "gzip"})
    assert (answer.text, answer.header("Content-Encoding")) == ("onetwo", None)


def test_a_stream_may_take_a_quarter_of_an_hour(streaming: Functions) -> None:
    assert hosted(streaming, "node", timeoutInMillis=900_000).call("/").status == 201


@pytest.mark.parametrize("profile", ["extended", "aws-strict"])
def test_a_back_ends_answer_streams_too(start: Callable[..., Cardea], profile: str) -> None:
    go = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            stream, _ = server.accept()
            with stream:
                stream.recv(65536)
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
                go.wait(20)
                stream.sendall(b"3\r\ntwo\r\n0\r\n\r\n")

        serving = threading.Thread(target=serve)
        serving.start()
        api = Api(start(CARDEA_PROFILE=profile), minimumCompressionSize=0)
        api.proxy("/", f"http://127.0.0.1:{server.getsockname()[1]}", "GET", responseTransferMode="STREAM").deploy()
        came = Arriving(api, **{"Accept-Encoding": "gzip"})
        assert came.piece() == b"one"
        go.set()
        assert came.rest() == b"two"
        serving.join(20)


# ── the Lambda API ──


def messages(answer: Any) -> Iterator[Any]:
    for event in answer["EventStream"]:
        yield event["PayloadChunk"]["Payload"] if "PayloadChunk" in event else event["InvokeComplete"]


def test_an_invocation_is_answered_while_the_function_speaks(streaming: Functions, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    asked = {"gate": str(gate), "bare": True}
    answer = streaming.api.invoke_with_response_stream(FunctionName="node", Payload=json.dumps(asked).encode(), LogType="Tail")
    assert (status(answer), answer["ExecutedVersion"], answer["ResponseStreamContentType"]) == (200, "$LATEST", "application/vnd.amazon.eventstream")
    told = messages(answer)
    assert next(told) == b"one"
    gate.touch()
    assert next(told) == b"two"
    complete = next(told)
    log = base64.b64decode(complete.pop("LogResult")).decode()
    assert complete == {} and log.startswith("START RequestId: ") and "streams" in log
    assert list(told) == []


@pytest.mark.parametrize("fail, message", [("before", "told before"), ("within", "told within"), ("exit", "exit status 3")])
def test_how_an_invocation_broke_off_is_its_last_message(streaming: Functions, fail: str, message: str) -> None:
    answer = streaming.api.invoke_with_response_stream(FunctionName="node", Payload=json.dumps({"fail": fail, "bare": True}).encode())
    *chunks, complete = messages(answer)
    assert b"".join(chunks) == (b"" if fail == "before" else b"one")
    assert complete["ErrorCode"] == "Unhandled" and message in json.loads(complete["ErrorDetails"])["errorMessage"]


def test_a_function_that_does_not_stream_is_one_piece(streaming: Functions) -> None:
    name = streaming.make("def handler(event, context):\n    if event == 'fail':\n        raise ValueError('told')\n    return event\n")
    told = list(messages(streaming.api.invoke_with_response_stream(FunctionName=name, Payload=b'{"a": 1}')))
    assert told == [b'{"a": 1}', {}]
    [complete] = messages(streaming.api.invoke_with_response_stream(FunctionName=name, Payload=b'"fail"'))
    assert json.loads(complete["ErrorDetails"])["errorType"] == "ValueError"
    dry = streaming.api.invoke_with_response_stream(FunctionName=name, InvocationType="DryRun")
    assert status(dry) == 204


def test_who_goes_away_does_not_stop_the_function(streaming: Functions) -> None:
    """What is not read is lost; the process serves the next."""
    api = hosted(streaming, "node")
    for _ in range(3):
        came = Arriving(api)
        came.connection.close()
    assert api.call("/").text == "onetwo"
