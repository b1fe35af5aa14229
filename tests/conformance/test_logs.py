"""Access logs and execution logs: what a request leaves behind, where, and how much of it."""

from __future__ import annotations

import csv
import json
import re
import signal
import socket
import subprocess
import threading
import time
import xml.etree.ElementTree as xml
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Optional

import wire
from backend import Backend
from bench import Api, fresh, patch
from program import Cardea, binary, clean_env, eventually, run
from test_data_keys import Shop

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def says(api: Api, **settings: Any) -> None:
    """Patches the settings of all methods of the stage: `loglevel="INFO"`, `dataTrace="true"`."""
    of_method(api, "*", "*", **settings)


def of_method(api: Api, path: str, verb: str, **settings: Any) -> None:
    operations = [("replace", f"/{path}/{verb}/logging/{name}", value) for name, value in settings.items()]
    api.gw.update_stage(restApiId=api.id, stageName=api.stage, patchOperations=patch(*operations))


def access_log(api: Api, format: str, name: Optional[str] = None) -> str:
    """Gives the stage an access log; its name."""
    name = name or fresh("log")
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{name}"
    settings = patch(("replace", "/accessLogSettings/destinationArn", arn), ("replace", "/accessLogSettings/format", format))
    api.gw.update_stage(restApiId=api.id, stageName=api.stage, patchOperations=settings)
    return name


def lines_of(cardea: Cardea, name: str, enough: Callable[[list[str]], Any] = bool) -> list[str]:
    """The lines of a log, once there are enough."""
    path = cardea.data_dir / "logs" / f"{name}.log"
    found: list[str] = []

    def look() -> bool:
        found[:] = path.read_text().splitlines() if path.exists() else []
        return bool(enough(found))

    eventually(look)
    return found


def told(api: Api, answer: wire.Answer) -> list[str]:
    """The events of one request, without its id."""
    prefix = f"({answer.header('x-amzn-requestid')}) "
    completed = lambda lines: any(line.startswith(f"{prefix}Method completed") for line in lines)
    found = lines_of(api.cardea, f"API-Gateway-Execution-Logs_{api.id}/{api.stage}", completed)
    return [line.removeprefix(prefix) for line in found if line.startswith(prefix)]


def execution_log(api: Api) -> str:
    path = api.cardea.data_dir / "logs" / f"API-Gateway-Execution-Logs_{api.id}" / f"{api.stage}.log"
    return path.read_text() if path.exists() else ""


# ── execution logs ──


def test_the_story_of_a_request_is_told_in_awss_order(api: Api, backend: Backend) -> None:
    api.proxy("/pets/{id}", f"{backend.url}/status/{{id}}", "POST").deploy()
    says(api, loglevel="INFO", dataTrace="true")
    answer = api.call("/pets/201?foo=bar", "POST", {"X-One": "1"}, b"hello")
    number = answer.header("x-amzn-requestid")
    lines = told(api, answer)
    expected = [
        r"Extended Request Id: \S+=",
        rf"Verifying Usage Plan for request: {number}\. API Key:  API Stage: {api.id}/dev",
        r"API Key  authorized because method 'POST /pets/\{id\}' does not require API Key\. Request will not contribute to throttle or quota limits",
        rf"Usage Plan check succeeded for API Key  and API Stage {api.id}/dev",
        f"Starting execution for request: {number}",
        "HTTP Method: POST, Resource Path: /pets/201",
        r"Method request path: \{id=201\}",
        r"Method request query string: \{foo=bar\}",
        r"Method request headers: \{.*X-One=1.*\}",
        "Method request body before transformations: hello",
        rf"Endpoint request URI: {backend.url}/status/201\?foo=bar",
        r"Endpoint request headers: \{.*X-One=1.*\}",
        "Endpoint request body after transformations: hello",
        rf"Sending request to {backend.url}/status/201\?foo=bar",
        r"Received response\. Status: 201, Integration latency: \d+ ms",
        r"Endpoint response headers: \{.*\}",
        r'Endpoint response body before transformations: \{"status": 201\}',
        r'Method response body after transformations: \{"status": 201\}',
        r"Method response headers: \{.*\}",
        "Successfully completed execution",
        "Method completed with status: 201",
    ]
    assert len(lines) == len(expected), lines
    for line, pattern in zip(lines, expected):
        assert re.fullmatch(pattern, line), (line, pattern)


def test_levels_act_at_once_and_for_each_method(api: Api, backend: Backend) -> None:
    api.mock("/quiet").mock("/loud").proxy("/broken", "http://127.0.0.1:1/", "GET").deploy()
    api.call("/loud")
    of_method(api, "~1loud", "GET", loglevel="INFO")
    of_method(api, "~1broken", "GET", loglevel="ERROR")
    api.call("/quiet")
    lines = told(api, api.call("/loud"))
    assert "Successfully completed execution" in lines and lines[-1] == "Method completed with status: 200"
    broken = told(api, api.call("/broken"))
    assert broken[0].startswith("Extended Request Id: ") and broken[1].startswith("Execution failed: ")
    assert broken[2:] == ["Gateway response type: INTEGRATION_FAILURE with status code: 504", "Method completed with status: 504"]
    of_method(api, "~1loud", "GET", loglevel="OFF")
    api.call("/loud")
    # What the next request leaves behind is written after what the last one did.
    told(api, api.call("/broken"))
    text = execution_log(api)
    assert text.count("Method completed") == 3 and "/quiet" not in text


def test_a_level_of_errors_tells_nothing_of_success(api: Api) -> None:
    api.mock("/good").method("/bad")
    api.gw.put_integration(**api.at("/bad"), type="MOCK", requestTemplates={"application/json": "nothing"})
    api.deploy()
    says(api, loglevel="ERROR")
    assert api.call("/good").status == 200
    bad = api.call("/bad")
    assert bad.status == 500
    assert told(api, bad)[1].startswith("Execution failed due to configuration error: Unable to parse statusCode.")
    assert execution_log(api).count("Extended Request Id") == 1


def test_a_body_that_fits_no_model_is_told_as_aws_tells_it(api: Api) -> None:
    schema = '{"type":"object","required":["name"]}'
    api.gw.create_model(restApiId=api.id, name="Pet", contentType="application/json", schema=schema)
    validator = api.gw.create_request_validator(restApiId=api.id, name="body", validateRequestBody=True)["id"]
    api.mock("/pets", "POST", requestValidatorId=validator, requestModels={"application/json": "Pet"}).deploy()
    says(api, loglevel="ERROR")
    assert told(api, api.call("/pets", "POST", {"Content-Type": "application/json"}, b"{}"))[1:] == [
        'Request body does not match model schema for content type application/json: [object has missing required properties (["name"])]',
        "Gateway response type: BAD_REQUEST_BODY with status code: 400",
        "Method completed with status: 400",
    ]


def test_without_data_trace_no_body_and_no_field_is_told(api: Api, backend: Backend) -> None:
    api.proxy("/p", f"{backend.url}/mirror", "POST").deploy()
    says(api, loglevel="INFO")
    answer = api.call("/p", "POST", {"X-Private": "of-nobody-s-business"}, b"of-nobody-s-business")
    assert told(api, answer)[-1] == "Method completed with status: 200"
    assert "of-nobody-s-business" not in execution_log(api)


def test_a_key_and_an_authorization_never_show(cardea: Cardea, backend: Backend) -> None:
    shop = Shop(cardea)
    api = shop.api
    mapped = {"integration.request.header.X-Told": "method.request.header.x-api-key", "integration.request.querystring.k": "method.request.header.x-api-key"}
    api.proxy("/told", f"{backend.url}/echo", "POST", method={"apiKeyRequired": True, "requestParameters": {"method.request.header.x-api-key": True}}, requestParameters=mapped)
    api.deploy()
    says(api, loglevel="INFO", dataTrace="true")
    token = "Bearer " + "s3cr3t" * 40
    answer = api.call("/told", "POST", {"x-api-key": shop.value, "Authorization": token}, f"the key is {shop.value} and {token}".encode())
    assert answer.status == 200
    lines = told(api, answer)
    refused = api.call("/told", "POST", {"x-api-key": "not-the-key-of-anybody"}, b"")
    assert refused.status == 403
    lines += told(api, refused)
    text = execution_log(api)
    assert shop.value not in text and "s3cr3ts3cr3t" not in text and "not-the-key-of-anybody" not in text
    end = shop.value[-6:]
    assert f"x-api-key={'*' * (len(shop.value) - 6)}{end}" in text and f"X-Told={'*' * (len(shop.value) - 6)}{end}" in text
    assert any(re.match(rf"API Key \*+{end} authorized", line) for line in lines)
    assert any(re.match(r"API Key \*+nybody not authorized because method 'POST /told' requires API Key", line) for line in lines)
    assert "Gateway response type: INVALID_API_KEY with status code: 403" in lines


def test_a_body_that_streams_is_told_by_its_beginning_and_reaches_its_end(api: Api, backend: Backend) -> None:
    api.proxy("/bytes", f"{backend.url}/mirror", "POST").deploy()
    says(api, loglevel="INFO", dataTrace="true")
    body = b"x" * 3_000_000
    answer = api.call("/bytes", "POST", {"Content-Type": "text/plain"}, body)
    assert answer.body == body
    lines = told(api, answer)
    for label in ("Method request body before", "Endpoint request body after", "Endpoint response body before", "Method response body after"):
        (line,) = [line for line in lines if line.startswith(label)]
        # 1,024 bytes with the request's id, its parentheses and a blank.
        assert line.endswith("xxx [TRUNCATED]") and len(line) == 1024 - 39


def test_no_body_makes_lines_of_its_own(api: Api, backend: Backend) -> None:
    api.proxy("/m", f"{backend.url}/mirror", "POST").deploy()
    says(api, loglevel="INFO", dataTrace="true")
    forged = b"a\n(00000000-0000-0000-0000-000000000000) Method completed with status: 200\r\nb\x1b[2J"
    told(api, api.call("/m", "POST", {"Content-Type": "text/plain"}, forged))
    text = execution_log(api)
    assert all(re.match(rf"\({UUID}\) ", line) and "(00000000" not in line[:20] for line in text.splitlines()), text
    assert "\x1b" not in text


def test_a_route_that_nobody_owns_has_no_log(api: Api) -> None:
    api.mock("/a").deploy()
    says(api, loglevel="INFO")
    assert api.call("/nowhere").status == 403
    told(api, api.call("/a"))
    assert "nowhere" not in execution_log(api)


# ── access logs ──


def test_awss_presets_hold_whatever_a_caller_sends(api: Api) -> None:
    api.mock("/a").deploy()
    agent = 'a"b\\c<d>&\'e,f\tg\x85'
    expected = 'a"b\\c<d>&\'e,f'

    def line(format: str) -> str:
        name = access_log(api, format)
        assert api.call("/a", headers={"User-Agent": agent}).status == 200
        return lines_of(api.cardea, name)[-1]

    json_ = line('{"requestId":"$context.requestId","ua":"$context.identity.userAgent","user":"$context.identity.user","status":"$context.status"}')
    assert json.loads(json_)["ua"].startswith(expected) and json.loads(json_)["status"] == "200" and json.loads(json_)["user"] == "-"
    element = xml.fromstring(line('<request id="$context.requestId"><ua a="$context.identity.userAgent">$context.identity.userAgent</ua></request>'))[0]
    assert (element.text or "").startswith(expected) and element.attrib["a"].startswith(expected)
    (row,) = csv.reader([line("$context.identity.sourceIp,$context.identity.userAgent,$context.status,$context.requestId")])
    assert (row[0], row[2], len(row)) == ("127.0.0.1", "200", 4) and row[1].startswith(expected.replace("\t", ""))
    clf = line(
        '$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime]"$context.httpMethod $context.resourcePath '
        '$context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId'
    )
    assert re.fullmatch(rf'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{{2}}/\d{{4}}:[\d:]{{8}} \+0000\]"GET /a HTTP/1\.1" 200 11 {UUID} \S+=', clf), clf


def test_every_variable_prints_its_value_or_a_dash(api: Api, backend: Backend) -> None:
    api.proxy("/s", f"{backend.url}/status/203", "GET").proxy("/broken", "http://127.0.0.1:1/", "GET").deploy()
    names = [
        "endpointType", "integration.status", "integration.integrationStatus", "integrationStatus", "integration.error", "error.messageString", "tlsVersion",
        "cipherSuite", "authorizer.principalId", "waf.status", "identity.caller", "xrayTraceId", "nonsense",
    ]  # fmt: skip
    name = access_log(api, "$context.requestId " + " ".join(f"$context.{name}" for name in names))
    api.call("/s")
    (good,) = lines_of(api.cardea, name)
    endpoint = api.gw.get_rest_api(restApiId=api.id)["endpointConfiguration"]["types"][0]
    assert good.split(" ")[1:] == [endpoint, "203", "203", "203", *"-" * 9]
    api.call("/broken")
    bad = lines_of(api.cardea, name, lambda lines: len(lines) == 2)[1]
    assert '"Network error communicating with endpoint"' in bad and "refused" in bad


# ── where they go ──


class Collector:
    """Takes lines by POST; says `status` as often as it is told to before it takes any."""

    def __init__(self, *statuses: int):
        self.posts: list[tuple[str, str]] = []
        self.statuses = list(statuses)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = outer.statuses.pop(0) if outer.statuses else 200
                if status == 200:
                    outer.posts.append((self.headers["X-Cardea-Log"], body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/logs"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> "Collector":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def lines(self, name: str) -> list[str]:
        return [line for log, body in self.posts for line in body.splitlines() if log == name]


def metric(cardea: Cardea, name: str) -> int:
    page = wire.exchange(cardea.control, "GET", "/metrics", [("Host", "x")]).text
    return int(re.search(rf"^{name} (\d+)$", page, re.M)[1])  # type: ignore[index]


def test_lines_go_to_a_collector_in_batches_and_none_is_lost_at_a_drain(start: Callable[..., Cardea]) -> None:
    with Collector(503, 429) as collector:
        cardea = start("--access-log-to", f"stdout shop={collector.url}", "--execution-log-to", collector.url)
        api = Api(cardea)
        api.mock("/a").deploy()
        access_log(api, "$context.requestId", "shop")
        says(api, loglevel="INFO")
        sent = [api.call("/a").header("x-amzn-requestid") for _ in range(50)]
        assert cardea.stop() == 0
        # Each data thread keeps its own order.
        assert sorted(collector.lines("shop")) == sorted(sent)
        assert len(collector.posts) < 50, "lines come in batches"
        executions = collector.lines(f"API-Gateway-Execution-Logs_{api.id}/dev")
        completed = sorted(line for line in executions if "Method completed" in line)
        assert completed == sorted(f"({number}) Method completed with status: 200" for number in sent)
        assert not (cardea.data_dir / "logs").exists()


def test_lines_go_to_standard_output(start: Callable[..., Cardea]) -> None:
    cardea = start(CARDEA_ACCESS_LOG_TO="stdout", CARDEA_ACCESS_LOG="all")
    api = Api(cardea)
    api.mock("/a").deploy()
    number = api.call("/a").header("x-amzn-requestid")
    assert eventually(lambda: f'{{"requestId":"{number}"' in cardea.log())
    assert not (cardea.data_dir / "logs").exists()


def test_a_flood_drops_lines_and_counts_them_and_no_request_waits(start: Callable[..., Cardea]) -> None:
    # Nobody takes what is sent there.
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        cardea = start("--access-log-to", f"http://127.0.0.1:{deaf.getsockname()[1]}/", CARDEA_DRAIN_SECONDS="1")
        api = Api(cardea)
        api.mock("/a").deploy()
        # A quarter of a megabyte for each request.
        access_log(api, "$context.requestId" + "$context.identity.userAgent" * 100)
        begin = time.monotonic()
        answers = [api.call("/a", headers={"User-Agent": "x" * 9000}) for _ in range(120)]
        assert {answer.status for answer in answers} == {200} and time.monotonic() - begin < 20
        dropped = metric(cardea, "cardea_access_lines_dropped_total")
        assert 0 < dropped < 120
        assert metric(cardea, "cardea_execution_lines_dropped_total") == 0
        assert eventually(lambda: "lines of access or execution logs were dropped" in cardea.log())
        assert cardea.stop() == 0


def test_a_destination_that_is_none_is_refused_in_words(start: Callable[..., Cardea], tmp_path: Any) -> None:
    told = run("config", home=tmp_path, CARDEA_ACCESS_LOG_TO="syslog")
    served = run("serve", "--execution-log-to", "a/b=disk", home=tmp_path)
    assert served.returncode != 0 and "is no destination: there are file, stdout, a URL" in served.stderr
    assert "syslog" in told.stdout + told.stderr


# ── cardea logs ──


def test_logs_prints_what_is_there_and_what_comes(start: Callable[..., Cardea], tmp_path: Any) -> None:
    cardea = start()
    api = Api(cardea)
    api.mock("/a").deploy()
    of = f"{api.id}/dev"

    def logs(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run("logs", *arguments, home=tmp_path, CARDEA_DATA_DIR=str(cardea.data_dir))

    nothing = logs(of)
    assert nothing.returncode == 1 and "has logged nothing here" in nothing.stderr
    assert "Function not found" in logs("prod").stderr, "a name without a slash is a function's"
    name = access_log(api, "access $context.requestId")
    says(api, loglevel="INFO")
    first = api.call("/a")
    told(api, first)
    number = first.header("x-amzn-requestid")
    assert lines_of(cardea, name) == [f"access {number}"]
    everything = logs(of).stdout
    assert everything.startswith(f"access {number}\n") and everything.endswith(f"({number}) Method completed with status: 200\n")
    assert logs("--access", of).stdout == f"access {number}\n"
    assert logs("--execution", "-n", "1", of).stdout == f"({number}) Method completed with status: 200\n"
    command = [binary(), "logs", "-f", "-n", "0", of]
    following = subprocess.Popen(command, env=clean_env(tmp_path, CARDEA_DATA_DIR=str(cardea.data_dir)), stdout=subprocess.PIPE, text=True)
    try:
        assert following.stdout is not None
        seen: list[str] = []
        reader = threading.Thread(target=lambda: seen.extend(iter(following.stdout.readline, "")), daemon=True)
        reader.start()

        # It may look at the files only after the first request: then that is nothing new.
        def sees() -> Any:
            number = api.call("/a").header("x-amzn-requestid")
            return eventually(lambda: f"access {number}\n" in seen and f"({number}) Method completed with status: 200\n" in seen, 3)

        assert eventually(sees)
        (cardea.data_dir / "logs" / f"{name}.log").rename(tmp_path / "old.log")
        cardea.process.send_signal(signal.SIGHUP)
        assert eventually(sees)
    finally:
        following.kill()
        following.wait()


def test_logs_without_a_node_prints_what_is_there(start: Callable[..., Cardea], tmp_path: Any) -> None:
    cardea = start()
    api = Api(cardea)
    api.mock("/a").deploy()
    says(api, loglevel="INFO")
    number = api.call("/a").header("x-amzn-requestid")
    cardea.stop()
    told = run("logs", f"{api.id}/dev", home=tmp_path, CARDEA_DATA_DIR=str(cardea.data_dir))
    assert f"({number}) Method completed with status: 200\n" in told.stdout
