"""HTTP integrations: only what is mapped goes out, only what is mapped comes back."""

from __future__ import annotations

from typing import Any

import pytest

from backend import Backend
from bench import Api, patch


def put(api: Api, path: str, uri: str, verb: str = "GET", method: Any = None, **integration: Any) -> Api:
    api.proxy(path, uri, verb, type="HTTP", method=method, **integration)
    return api


def test_a_get_sends_the_gateways_own_headers_only(api: Api, backend: Backend) -> None:
    put(api, "/h", backend.url + "/h").responses("/h", s200=None).deploy()
    sent = {"X-Mine": "1", "Accept": "text/html", "User-Agent": "me", "Authorization": "Basic x", "Cookie": "a=b"}
    assert api.call("/h?q=1", headers=sent).status == 200
    got = backend.last
    assert got.target == "/h"
    assert got.header("Accept") == "application/json"
    assert got.header("User-Agent") == f"AmazonAPIGateway_{api.id}"
    assert got.header("X-Amzn-Apigateway-Api-Id") == api.id
    assert got.header("X-Amzn-Trace-Id") and got.header("Host") == backend.authority
    assert got.names() <= {"accept", "user-agent", "x-amzn-apigateway-api-id", "x-amzn-trace-id", "host", "content-type", "content-length", "connection"}


def test_mapped_values_are_sent_and_encoded(api: Api, backend: Backend) -> None:
    declared = {"method.request.querystring.q": False, "method.request.header.X-In": False, "method.request.path.id": True}
    mapped = {
        "integration.request.querystring.term": "method.request.querystring.q",
        "integration.request.header.X-Out": "method.request.header.X-In",
        "integration.request.header.X-Context": "context.resourceId",
        "integration.request.header.X-Static": "'as is'",
        "integration.request.header.X-Stage": "stageVariables.colour",
        "integration.request.header.X-Absent": "stageVariables.absent",
    }
    put(api, "/h/{id}", backend.url + "/at/{id}", method={"requestParameters": declared}, requestParameters=mapped)
    api.responses("/h/{id}", s200=None).deploy("dev", variables={"colour": "red"})
    assert api.call("/h/a%20b?q=x%26y", headers={"X-In": "in"}).status == 200
    got = backend.last
    assert got.target in ("/at/a%20b?term=x%26y", "/at/a b?term=x%26y")
    assert (got.header("X-Out"), got.header("X-Static"), got.header("X-Stage")) == ("in", "as is", "red")
    assert got.header("X-Context") == api.resource("/h/{id}") and "x-absent" not in got.names()


def test_the_last_of_many_values_is_mapped(api: Api, backend: Backend) -> None:
    declared = {"method.request.querystring.q": False, "method.request.header.X-In": False}
    mapped = {
        "integration.request.querystring.one": "method.request.querystring.q",
        "integration.request.querystring.all": "method.request.multivaluequerystring.q",
        "integration.request.header.One": "method.request.header.X-In",
        "integration.request.header.All": "method.request.multivalueheader.X-In",
    }
    put(api, "/h", backend.url + "/h", method={"requestParameters": declared}, requestParameters=mapped).responses("/h", s200=None).deploy()
    api.call("/h?q=1&q=2", headers=[("X-In", "a"), ("X-In", "b")])
    query = backend.last.target.partition("?")[2].split("&")
    assert "one=2" in query and {"all=1", "all=2"} <= set(query)
    assert (backend.last.header("One"), (backend.last.header("All") or "").replace(" ", "")) == ("b", "a,b")


def test_a_body_passes_when_no_template_is_there(api: Api, backend: Backend) -> None:
    put(api, "/h", backend.url + "/h", "POST").responses("/h", "POST", s200=None).deploy()
    assert api.call("/h", "POST", {"Content-Type": "text/plain"}, "hello ü").status == 200
    assert backend.last.body.decode() == "hello ü" and backend.last.header("Content-Type") == "text/plain"


def test_a_static_template_becomes_the_body(api: Api, backend: Backend) -> None:
    templates = {"application/json": '{"fixed":true}', "text/plain": "fixed text"}
    put(api, "/h", backend.url + "/h", "POST", requestTemplates=templates).responses("/h", "POST", s200=None).deploy()
    for kind, body in templates.items():
        assert api.call("/h", "POST", {"Content-Type": kind}, "whatever").status == 200
        assert backend.last.body.decode() == body
    assert api.call("/h", "POST", body="{}").status == 200
    assert backend.last.body.decode() == templates["application/json"]


@pytest.mark.parametrize(
    ("behaviour", "templates", "status"),
    [
        ("WHEN_NO_MATCH", {"application/json": "x"}, 200),
        ("WHEN_NO_MATCH", {}, 200),
        ("WHEN_NO_TEMPLATES", {"application/json": "x"}, 415),
        ("WHEN_NO_TEMPLATES", {}, 200),
        ("NEVER", {"application/json": "x"}, 415),
        ("NEVER", {}, 415),
        ("NEVER", {"$default": "d"}, 200),
    ],
)
def test_the_passthrough_table(api: Api, backend: Backend, behaviour: str, templates: dict[str, str], status: int) -> None:
    put(api, "/h", backend.url + "/h", "POST", passthroughBehavior=behaviour, requestTemplates=templates).responses("/h", "POST", s200=None).deploy()
    answer = api.call("/h", "POST", {"Content-Type": "application/xml"}, "<x/>")
    assert answer.status == status
    if status == 415:
        assert (answer.message, answer.error_type) == ("Unsupported Media Type", "BadRequestException") and backend.seen == []
    elif "$default" not in templates:
        assert backend.last.body == b"<x/>"


def test_a_whole_body_can_be_mapped_into_a_header(api: Api, backend: Backend) -> None:
    mapped = {"integration.request.header.X-Name": "method.request.body.pet.name", "integration.request.header.X-All": "method.request.body"}
    put(api, "/h", backend.url + "/h", "POST", requestParameters=mapped).responses("/h", "POST", s200=None).deploy()
    assert api.call("/h", "POST", {"Content-Type": "application/json"}, '{"pet":{"name":"Rex"}}').status == 200
    assert (backend.last.header("X-Name"), backend.last.header("X-All")) == ("Rex", '{"pet":{"name":"Rex"}}')
    assert api.call("/h", "POST", {"Content-Type": "text/plain"}, "no json").status == 200
    assert "x-name" not in backend.last.names() and backend.last.header("X-All") == "no json"
    answer = api.call("/h", "POST", {"Content-Type": "application/json"}, '{"pet":')
    assert (answer.status, answer.message, answer.error_type) == (400, "Invalid JSON in request body", "BadRequestException")


def test_the_response_is_chosen_by_the_status(api: Api, backend: Backend) -> None:
    put(api, "/{status}", backend.url + "/status/{status}").responses("/{status}", s200=None, s400="4\\d{2}", s502="5.*").deploy()
    for sent, told in [(200, 200), (201, 200), (302, 200), (404, 400), (418, 400), (503, 502)]:
        assert api.call(f"/{sent}").status == told


def test_a_pattern_matches_the_whole_status(api: Api, backend: Backend) -> None:
    put(api, "/{status}", backend.url + "/status/{status}").responses("/{status}", s200=None, s400="4").deploy()
    assert api.call("/404").status == 200


def test_an_unmatched_status_without_a_default_is_broken(api: Api, backend: Backend) -> None:
    put(api, "/{status}", backend.url + "/status/{status}").responses("/{status}", s400="4\\d{2}").deploy()
    answer = api.call("/200")
    assert (answer.status, answer.message, answer.error_type) == (500, "Internal server error", "InternalServerErrorException")


def test_only_mapped_headers_come_back(api: Api, backend: Backend) -> None:
    put(api, "/h", backend.url + "/headers?X-One=1&X-Two=2&Date=Mon&Server=pets")
    at = api.at("/h")
    names = ("X-One", "X-Body", "Server", "X-Static")
    api.gw.put_method_response(**at, statusCode="200", responseParameters={f"method.response.header.{name}": False for name in names})
    mapped = {
        "method.response.header.X-One": "integration.response.header.X-One",
        "method.response.header.X-Body": "integration.response.body",
        "method.response.header.Server": "integration.response.header.Server",
        "method.response.header.X-Static": "'s'",
    }
    api.gw.put_integration_response(**at, statusCode="200", responseParameters=mapped)
    api.deploy()
    answer = api.call("/h")
    assert (answer.header("X-One"), answer.header("X-Body"), answer.header("X-Static")) == ("1", "ok", "s")
    assert answer.header("x-amzn-Remapped-Server") == "pets" and answer.header("Server") is None
    assert answer.header("X-Two") is None
    assert (answer.header("X-Amzn-Trace-Id") or "").startswith("Root=1-")
    assert answer.text == "ok"


def test_a_response_template_replaces_the_body(api: Api, backend: Backend) -> None:
    put(api, "/h", backend.url + "/h").responses("/h", s200=None)
    api.gw.put_integration_response(**api.at("/h"), statusCode="200", responseTemplates={"application/json": '{"fixed":1}'})
    api.deploy()
    answer = api.call("/h")
    assert (answer.text, answer.header("Content-Type")) == ('{"fixed":1}', "application/json")


def test_a_uri_without_its_stage_variable_is_broken(api: Api) -> None:
    put(api, "/h", "http://${stageVariables.host}/x").responses("/h", s200=None).deploy()
    answer = api.call("/h")
    assert (answer.status, answer.error_type) == (500, "InternalServerErrorException")


def test_a_stage_variable_fills_the_uri(api: Api, backend: Backend) -> None:
    put(api, "/h", "http://${stageVariables.host}/${stageVariables.path}?${stageVariables.query}").responses("/h", s200=None)
    api.deploy("dev", variables={"host": backend.authority, "path": "p", "query": "a=1"})
    assert api.call("/h").status == 200 and backend.last.target == "/p?a=1"


def test_each_stage_has_its_own_variables(api: Api, backend: Backend) -> None:
    put(api, "/h", backend.url + "/${stageVariables.path}").responses("/h", s200=None)
    api.deploy("one", variables={"path": "p1"})
    api.deploy("two", variables={"path": "p2"})
    for stage, path in (("one", "/p1"), ("two", "/p2")):
        api.stage = stage
        api.call("/h")
        assert backend.last.target == path


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id", "X-Amzn-Apigateway-Api-Id"])
def test_mapping_a_forbidden_header_fails_when_it_is_called(api: Api, backend: Backend, name: str) -> None:
    put(api, "/h", backend.url + "/h", requestParameters={f"integration.request.header.{name}": "'x'"}).responses("/h", s200=None).deploy()
    assert api.call("/h").status == 500


@pytest.mark.parametrize("name", ["Expect", "Proxy-Authenticate", "TE", "Via"])
def test_some_mapped_headers_are_dropped_without_a_word(api: Api, backend: Backend, name: str) -> None:
    put(api, "/h", backend.url + "/h", requestParameters={f"integration.request.header.{name}": "'x'"}).responses("/h", s200=None).deploy()
    assert api.call("/h").status == 200 and name.lower() not in backend.last.names()


@pytest.mark.parametrize("name", ["Max-Forwards", "Server", "WWW-Authenticate", "Content-MD5", "Range", "Authorization", "Host"])
def test_other_mapped_headers_are_sent(api: Api, backend: Backend, name: str) -> None:
    put(api, "/h", backend.url + "/h", requestParameters={f"integration.request.header.{name}": "'x'"}).responses("/h", s200=None).deploy()
    assert api.call("/h").status == 200 and backend.last.values(name) == ["x"]


def test_a_back_end_that_hangs_is_given_up(api: Api, backend: Backend) -> None:
    put(api, "/h", backend.url + "/hang", timeoutInMillis=100).responses("/h", s200=None).deploy()
    answer = api.call("/h")
    assert (answer.status, answer.message, answer.error_type) == (504, "Endpoint request timed out", "InternalServerErrorException")


def test_a_body_of_ten_megabytes_comes_through(api: Api, backend: Backend) -> None:
    put(api, "/h", backend.url + "/h", "POST").responses("/h", "POST", s200=None).deploy()
    body = "0123456789" * (1024 * 1024)
    assert api.call("/h", "POST", {"Content-Type": "text/plain"}, body).status == 200
    assert len(backend.last.body) == len(body)


def test_a_patched_integration_is_served_after_the_next_deployment(api: Api, backend: Backend) -> None:
    put(api, "/h", backend.url + "/old").responses("/h", s200=None).deploy()
    api.gw.update_integration(**api.at("/h"), patchOperations=patch(("replace", "/uri", backend.url + "/new")))
    api.call("/h")
    assert backend.last.target == "/old"
    api.deploy()
    api.call("/h")
    assert backend.last.target == "/new"
