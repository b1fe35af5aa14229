"""The data port without a back end: mocks, routing, refusals, addresses."""

from __future__ import annotations

import re
from typing import Any

import pytest

import wire
from bench import Api, patch
from program import Cardea

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MISSING_TOKEN = (403, '{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException")
FORBIDDEN = (403, '{"message":"Forbidden"}', "ForbiddenException")
# The recorded answers of this kind are 36 bytes long: there is a blank after the colon.
BROKEN = (500, '{"message": "Internal server error"}', "InternalServerErrorException")


def told(answer: wire.Answer) -> tuple[int, str, Any]:
    return answer.status, answer.text, answer.error_type


@pytest.fixture
def trees(api: Api) -> Api:
    """The trees that were measured on AWS, each method answering its own path and verb."""
    for path, verb in [
        ("/{proxy+}", "ANY"),
        ("/jobs/{op}", "GET"),
        ("/cors_only", "OPTIONS"),
        ("/users/me", "PATCH"),
        ("/users/{userId}", "GET"),
        ("/things/real", "GET"),
        ("/things/{proxy+}", "ANY"),
        ("/both/fixed", "ANY"),
        ("/both/{var}", "GET"),
    ]:
        api.mock(path, verb, body=f"{verb} {path}")
    api.deploy("dev")
    return api


# ── mocks ──


def test_a_mock_answers_with_exactly_these_headers(api: Api) -> None:
    api.mock("/pets", body='{"ok":true}').deploy()
    answer = api.call("/pets")
    assert (answer.status, answer.body) == (200, b'{"ok":true}')
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Content-Length") == "11"
    assert UUID.fullmatch(answer.header("x-amzn-RequestId") or "")
    assert answer.header("x-amz-apigw-id")
    assert {name.lower() for name in answer.names()} == {"content-type", "content-length", "connection", "date", "x-amzn-requestid", "x-amz-apigw-id"}


def test_header_names_are_spelt_as_aws_spells_them(api: Api) -> None:
    names = api.mock("/pets").deploy() and api.call("/pets").names()
    assert {"Content-Type", "Content-Length", "Date", "Connection", "x-amzn-RequestId", "x-amz-apigw-id"} == set(names)


@pytest.mark.parametrize("status", [200, 201, 301, 404, 418, 500, 503])
def test_a_mock_answers_the_status_of_its_response(api: Api, status: int) -> None:
    api.mock("/pets", status=status).deploy()
    assert api.call("/pets").status == status


@pytest.mark.parametrize("template", ["{statusCode: 200}", '{"statusCode": 200 ,, }', "{'statusCode': 200, '': ''}", '{"statusCode": 200, "junk": [1]}'])
def test_the_parser_of_a_mock_is_lenient(api: Api, template: str) -> None:
    api.mock("/pets")
    api.gw.update_integration(**api.at("/pets"), patchOperations=patch(("replace", "/requestTemplates/application~1json", template)))
    api.deploy()
    assert api.call("/pets").status == 200


@pytest.mark.parametrize("template", ['{"statusCode": "200"}', '{"statusCode": 200', "{\"statusCode': 200}", "nothing", "{}"])
def test_a_mock_without_a_whole_number_is_broken(api: Api, template: str) -> None:
    api.mock("/pets")
    api.gw.update_integration(**api.at("/pets"), patchOperations=patch(("replace", "/requestTemplates/application~1json", template)))
    api.deploy()
    assert told(api.call("/pets")) == BROKEN


def test_a_mock_without_a_template_is_broken(api: Api) -> None:
    api.method("/pets")
    api.gw.put_integration(**api.at("/pets"), type="MOCK")
    api.responses("/pets", s200=None).deploy()
    assert told(api.call("/pets")) == BROKEN


def test_a_mock_chooses_its_response_by_pattern(api: Api) -> None:
    api.method("/pets")
    api.gw.put_integration(**api.at("/pets"), type="MOCK", requestTemplates={"application/json": '{"statusCode": 404}', "text/plain": '{"statusCode": 200}'})
    api.responses("/pets", s200=None, s400="4\\d{2}").deploy()
    assert api.call("/pets").status == 400
    assert api.call("/pets", headers={"Content-Type": "text/plain; charset=utf-8"}).status == 200


def test_a_status_that_nothing_matches_is_broken(api: Api) -> None:
    api.method("/pets")
    api.gw.put_integration(**api.at("/pets"), type="MOCK", requestTemplates={"application/json": '{"statusCode": 500}'})
    api.responses("/pets", s200="200").deploy()
    assert told(api.call("/pets")) == BROKEN


def test_a_mock_sends_the_headers_it_maps(api: Api) -> None:
    api.method("/pets", requestParameters={"method.request.header.X-In": False})
    at = api.at("/pets")
    names = ("Access-Control-Allow-Origin", "X-Stage", "X-Path")
    api.gw.put_method_response(**at, statusCode="200", responseParameters={f"method.response.header.{name}": False for name in names})
    api.gw.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    mapped = {
        "method.response.header.Access-Control-Allow-Origin": "'*'",
        "method.response.header.X-Stage": "stageVariables.where",
        "method.response.header.X-Path": "context.resourcePath",
    }
    api.gw.put_integration_response(**at, statusCode="200", responseParameters=mapped)
    api.deploy("dev", variables={"where": "here"})
    answer = api.call("/pets")
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert (answer.header("X-Stage"), answer.header("X-Path")) == ("here", "/pets")


def test_response_templates_are_chosen_by_the_first_accepted_type(api: Api) -> None:
    api.mock("/pets")
    templates = {"application/json": '{"kind":"json"}', "text/plain": "kind text"}
    api.gw.put_integration_response(**api.at("/pets"), statusCode="200", responseTemplates=templates)
    api.deploy()
    for accept, kind in [("text/plain, application/json", "text/plain"), ("application/json", "application/json"), ("image/png", "application/json")]:
        answer = api.call("/pets", headers={"Accept": accept})
        assert (answer.header("Content-Type"), answer.text) == (kind, templates[kind])


@pytest.mark.parametrize(("behaviour", "status"), [("WHEN_NO_MATCH", 500), ("WHEN_NO_TEMPLATES", 415), ("NEVER", 415)])
def test_a_request_that_no_template_matches(api: Api, behaviour: str, status: int) -> None:
    api.mock("/pets", "POST")
    api.gw.update_integration(**api.at("/pets", "POST"), patchOperations=patch(("replace", "/passthroughBehavior", behaviour)))
    api.deploy()
    answer = api.call("/pets", "POST", {"Content-Type": "application/xml"}, "<x/>")
    assert answer.status == status
    if status == 415:
        assert told(answer) == (415, '{"message": "Unsupported Media Type"}', "BadRequestException")


def test_the_body_of_a_mocked_post_is_read_and_forgotten(api: Api) -> None:
    api.mock("/pets", "POST").deploy()
    with wire.Connection(api.cardea.data) as connection:
        for size in (0, 5, 100_000):
            headers = [("Host", api.cardea.host(api.id)), ("Content-Type", "application/json"), ("Content-Length", str(size))]
            connection.send(wire.head("POST", "/dev/pets", headers) + b"x" * size)
            assert connection.read("POST").status == 200


# ── routing ──


@pytest.mark.parametrize(
    ("verb", "path", "served"),
    [
        ("GET", "/jobs", "ANY /{proxy+}"),
        ("POST", "/jobs", "ANY /{proxy+}"),
        ("POST", "/jobs/reboot", "ANY /{proxy+}"),
        ("GET", "/jobs/x", "GET /jobs/{op}"),
        ("GET", "/cors_only", "ANY /{proxy+}"),
        ("OPTIONS", "/cors_only", "OPTIONS /cors_only"),
        ("GET", "/users/me", "GET /users/{userId}"),
        ("PATCH", "/users/me", "PATCH /users/me"),
        ("POST", "/things/real", "ANY /things/{proxy+}"),
        ("GET", "/things/real", "GET /things/real"),
        ("GET", "/things/real/more", "ANY /things/{proxy+}"),
        ("GET", "/both/fixed", "ANY /both/fixed"),  # assumed
        ("GET", "/both/other", "GET /both/{var}"),
        ("GET", "/jobs/x/", "GET /jobs/{op}"),
        ("GET", "//jobs/x", "GET /jobs/{op}"),
        ("GET", "/Jobs/x", "ANY /{proxy+}"),
        ("GET", "/deep/er/still", "ANY /{proxy+}"),
        ("GET", "/jobs/a%2Fb", "GET /jobs/{op}"),
        ("GET", "/jobs/x?next=/users/me", "GET /jobs/{op}"),
    ],
)
def test_the_pair_of_path_and_verb_finds_the_method(trees: Api, verb: str, path: str, served: str) -> None:
    answer = trees.call(path, verb)
    assert (answer.status, answer.text) == (200, served)


def test_a_double_slash_before_the_stage_is_one(trees: Api) -> None:
    assert trees.cardea.call(trees.id, "//dev/jobs/x").text == "GET /jobs/{op}"


@pytest.mark.parametrize(("verb", "path"), [("GET", ""), ("GET", "/"), ("GET", "/a/b"), ("POST", "/a"), ("HEAD", "/a"), ("OPTIONS", "/a"), ("GET", "/A")])
def test_what_nobody_serves_lacks_a_token(api: Api, verb: str, path: str) -> None:
    api.mock("/a").mock("/a/{proxy+}", "DELETE").deploy()
    answer = api.call(path, verb)
    assert (answer.status, answer.error_type) == (MISSING_TOKEN[0], MISSING_TOKEN[2])
    assert verb == "HEAD" or told(answer) == MISSING_TOKEN
    assert UUID.fullmatch(answer.header("x-amzn-RequestId") or "") and answer.header("x-amz-apigw-id")
    assert answer.header("Content-Type") == "application/json"


def test_a_greedy_variable_does_not_match_nothing(api: Api) -> None:
    api.mock("/a/{proxy+}").mock("/b").deploy()
    assert told(api.call("/a")) == MISSING_TOKEN
    assert told(api.call("/")) == MISSING_TOKEN


def test_a_foreign_authorization_header_is_told_as_an_incomplete_signature(api: Api) -> None:
    api.mock("/a").deploy()
    answer = api.call("/nothing", headers={"Authorization": "Bearer abc"})
    assert (answer.status, answer.error_type) == (403, "IncompleteSignatureException")
    assert "Invalid key=value pair (missing equal-sign) in Authorization header" in answer.text


def test_head_is_not_answered_by_get_but_by_any(api: Api) -> None:
    api.mock("/get").mock("/any", "ANY").deploy()
    assert api.call("/get", "HEAD").status == 403
    answer = api.call("/any", "HEAD")
    assert (answer.status, answer.body) == (200, b"")


def test_the_verb_can_be_overridden_by_a_header(api: Api) -> None:
    api.mock("/pets", "DELETE", body='"deleted"').mock("/pets", "POST", body='"posted"').deploy()
    assert api.call("/pets", "POST", {"X-HTTP-Method-Override": "DELETE"}).text == '"deleted"'


@pytest.mark.parametrize("query", ["a=1|2", "a={x}"])
def test_raw_bars_and_braces_in_the_query_are_refused(api: Api, query: str) -> None:
    api.mock("/pets").deploy()
    assert api.call(f"/pets?{query}").status == 400


# ── where an API is reached ──


def test_an_unknown_stage_is_forbidden(api: Api) -> None:
    api.mock("/pets").deploy()
    assert told(api.cardea.call(api.id, "/nosuch/pets")) == FORBIDDEN
    assert told(api.cardea.call(api.id, "/")) == FORBIDDEN


def test_an_api_without_a_deployment_is_forbidden(api: Api) -> None:
    assert told(api.cardea.call(api.mock("/pets").id, "/dev/pets")) == FORBIDDEN


def test_an_unknown_api_is_forbidden(cardea: Cardea) -> None:
    answer = cardea.call("nosuchapi0", "/dev/pets")
    assert (answer.status, answer.error_type) == (403, "ForbiddenException")
    assert answer.header("x-amzn-RequestId") and answer.message == "Forbidden"


@pytest.mark.parametrize(
    "host", ["{id}.execute-api.us-east-1.amazonaws.com", "{ID}.EXECUTE-API.us-east-1.amazonaws.com", "{id}.execute-api.localhost:8080", "{id}.execute-api.x:1"]
)
def test_the_host_names_the_api_whatever_its_case_port_and_tail(api: Api, host: str) -> None:
    api.mock("/pets").deploy()
    name = host.format(id=api.id, ID=api.id.upper())
    assert wire.exchange(api.cardea.data, "GET", "/dev/pets", {"Host": name}).status == 200


def test_a_header_names_the_api(api: Api) -> None:
    api.mock("/pets").deploy()
    assert wire.exchange(api.cardea.data, "GET", "/dev/pets", {"x-apigw-api-id": api.id}).status == 200


@pytest.mark.parametrize("shape", ["/restapis/{id}/dev/_user_request_/pets", "/_aws/execute-api/{id}/dev/pets"])
@pytest.mark.parametrize("port", ["data", "control"])
def test_machines_without_dns_use_a_path(api: Api, shape: str, port: str) -> None:
    api.mock("/pets", body='"here"').deploy()
    answer = wire.exchange(getattr(api.cardea, port), "GET", shape.format(id=api.id) + "?a=1")
    assert (answer.status, answer.text) == (200, '"here"')
    missed = wire.exchange(getattr(api.cardea, port), "GET", shape.format(id=api.id) + "/nothing")
    assert told(missed) == MISSING_TOKEN


def test_a_known_host_beats_a_path_shape(api: Api) -> None:
    api.mock("/pets", body='"pets"').mock("/{proxy+}", body='"greedy"').deploy("restapis")
    answer = api.cardea.call(api.id, f"/restapis/{api.id}/dev/_user_request_/pets")
    assert answer.text == '"greedy"'


def test_a_switched_off_endpoint_is_off_under_every_shape(api: Api) -> None:
    api.mock("/pets").deploy()
    api.gw.update_rest_api(restApiId=api.id, patchOperations=patch(("replace", "/disableExecuteApiEndpoint", "true")))
    api.deploy()
    assert told(wire.exchange(api.cardea.data, "GET", f"/_aws/execute-api/{api.id}/dev/pets")) == FORBIDDEN


@pytest.mark.parametrize("path", ["/ping", "/sping"])
def test_health_paths_are_answered(api: Api, path: str) -> None:
    answer = api.cardea.call(api.mock("/pets").id, path)
    assert answer.status in (200, 403)  # documented as reserved, not what they say


def test_a_client_may_name_its_request(api: Api) -> None:
    api.mock("/pets").deploy()
    name = "5b9f6a1e-9d6f-4d8e-8f9a-0d2b6d1f7a11"
    assert api.call("/pets", headers={"x-amzn-RequestId": name}).header("x-amzn-RequestId") == name
    assert UUID.fullmatch(api.call("/pets", headers={"x-amzn-RequestId": "mine"}).header("x-amzn-RequestId") or "")


# ── the connection ──


def test_a_connection_is_kept_through_answers_and_refusals(api: Api) -> None:
    api.mock("/pets").deploy()
    host = ("Host", api.cardea.host(api.id))
    with wire.Connection(api.cardea.data) as connection:
        for path, status in [("/dev/pets", 200), ("/dev/nothing", 403), ("/nosuch/pets", 403), ("/dev/pets", 200)]:
            connection.send(wire.head("GET", path, [host]))
            answer = connection.read()
            assert answer.status == status and (answer.header("Connection") or "keep-alive").lower() == "keep-alive"


def test_pipelined_requests_are_answered_in_order(api: Api) -> None:
    api.mock("/a", body='"a"').mock("/b", body='"b"').deploy()
    host = ("Host", api.cardea.host(api.id))
    with wire.Connection(api.cardea.data) as connection:
        connection.send(b"".join(wire.head("GET", f"/dev/{name}", [host]) for name in "abab"))
        assert [connection.read().text for _ in range(4)] == ['"a"', '"b"', '"a"', '"b"']


def test_a_client_that_closes_is_told_so(api: Api) -> None:
    api.mock("/pets").deploy()
    with wire.Connection(api.cardea.data) as connection:
        connection.send(wire.head("GET", "/dev/pets", [("Host", api.cardea.host(api.id)), ("Connection", "close")]))
        answer = connection.read()
        assert answer.status == 200 and (answer.header("Connection") or "").lower() == "close" and connection.ended()


def test_http_1_0_is_answered_and_closed(api: Api) -> None:
    api.mock("/pets").deploy()
    with wire.Connection(api.cardea.data) as connection:
        connection.send(f"GET /dev/pets HTTP/1.0\r\nHost: {api.cardea.host(api.id)}\r\n\r\n".encode())
        answer = connection.read()
        assert answer.status == 200 and answer.complete and connection.ended()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GARBAGE\r\n\r\n",
        b"GET /x HTTP/3.0\r\nHost: a\r\n\r\n",
        b"GET /x HTTP/1.1\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\nX-A: a\x00b\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Host\r\n\r\n",
        b"GET http://[bad HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_a_request_that_is_none_is_refused_and_the_connection_closed(cardea: Cardea, request_bytes: bytes) -> None:
    with wire.Connection(cardea.data) as connection:
        connection.send(request_bytes)
        answer = connection.read()
        assert 400 <= answer.status < 600 and answer.status not in (403, 404)
        assert connection.ended()


def test_a_url_too_long_is_414(api: Api) -> None:
    api.mock("/{proxy+}").deploy()
    assert api.call("/" + "x" * 8000).status == 200
    assert api.call("/" + "x" * 11000).status == 414


def test_headers_too_large_are_refused(api: Api) -> None:
    api.mock("/pets").deploy()
    assert api.call("/pets", headers={"X-Big": "x" * 8000}).status == 200
    assert api.call("/pets", headers={"X-Big": "x" * 11000}).status in (400, 431)


def test_a_body_over_ten_megabytes_is_413(api: Api) -> None:
    api.mock("/pets", "POST").deploy()
    limit = 10 * 1024 * 1024
    headers = {"Content-Type": "application/json"}
    assert api.call("/pets", "POST", headers, b"x" * limit).status == 200
    answer = api.call("/pets", "POST", headers, b"x" * (limit + 1))
    assert answer.status == 413
    answer = api.call("/pets", "POST", headers, b"x" * (limit + 1), chunk_bytes=65536)
    assert answer.status == 413
