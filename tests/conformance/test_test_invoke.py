"""TestInvokeMethod: a method as it is now, undeployed, with the log of its run."""

from __future__ import annotations

import re
from typing import Any

import pytest

from backend import Backend
from bench import Api, refusal, status

STAMP = re.compile(r"^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4} : ")


def lines(answer: Any) -> list[str]:
    """The log without its dates; the first line names the request."""
    first, *rest = answer["log"].split("\n")
    assert first.startswith("Execution log for request ") and rest[-1] == ""
    assert all(STAMP.match(line) for line in rest[:-1])
    return [STAMP.sub("", line) for line in rest[:-1]]


def test_a_mock_is_invoked_as_it_is_now(api: Api, gw: Any) -> None:
    api.mock("/pets", body='{"pets": "all the pets"}')
    answer = gw.test_invoke_method(**api.at("/pets"))
    assert status(answer) == 200
    assert (answer["status"], answer["body"]) == (200, '{"pets": "all the pets"}')
    assert answer["headers"] == {"Content-Type": "application/json"}
    assert answer["multiValueHeaders"] == {"Content-Type": ["application/json"]}
    assert isinstance(answer["latency"], int)
    assert lines(answer)[1:] == [
        "HTTP Method: GET, Resource Path: /pets",
        "Method request path: {}",
        "Method request query string: {}",
        "Method request headers: {}",
        "Method request body before transformations: ",
        'Method response body after transformations: {"pets": "all the pets"}',
        "Method response headers: {Content-Type=application/json}",
        "Successfully completed execution",
        "Method completed with status: 200",
    ]


@pytest.mark.parametrize(
    ("path", "told", "parameters"),
    [
        ("/pets/123?foo=bar", "/pets/123", "{petId=123}"),
        (None, "/pets/{petId}", "{petId={petId}}"),
        ("/random/test", "/random/test", "{}"),
    ],
)
def test_path_parameters_are_found_in_the_path(api: Api, gw: Any, path: Any, told: str, parameters: str) -> None:
    api.mock("/pets/{petId}")
    answer = gw.test_invoke_method(**api.at("/pets/{petId}"), **({} if path is None else {"pathWithQueryString": path}))
    found = lines(answer)
    assert found[1:3] == [f"HTTP Method: GET, Resource Path: {told}", f"Method request path: {parameters}"]


def test_a_key_a_throttle_and_a_deployment_are_not_needed(api: Api, gw: Any) -> None:
    api.mock("/pets", apiKeyRequired=True)
    assert gw.test_invoke_method(**api.at("/pets"))["status"] == 200


def test_headers_and_stage_variables_are_given_with_the_call(api: Api, gw: Any, backend: Backend) -> None:
    api.proxy("/p", "http://${stageVariables.host}/p", "GET")
    answer = gw.test_invoke_method(**api.at("/p"), headers={"X-Mine": "1"}, stageVariables={"host": backend.authority})
    assert answer["status"] == 200 and backend.last.header("X-Mine") == "1"


def test_a_broken_method_is_told_as_its_caller_would_see_it(api: Api, gw: Any) -> None:
    api.method("/pets")
    gw.put_integration(**api.at("/pets"), type="MOCK", requestTemplates={"application/json": "nothing"})
    api.responses("/pets", s200=None)
    answer = gw.test_invoke_method(**api.at("/pets"))
    assert answer["status"] == 500 and answer["headers"] == {"x-amzn-ErrorType": "InternalServerErrorException"}
    assert "Unable to parse statusCode. It should be an integer that is defined in the request template." in answer["log"]


def test_what_is_invoked_must_exist(api: Api, gw: Any) -> None:
    api.mock("/pets")
    assert refusal(gw.test_invoke_method, **{**api.at("/pets"), "httpMethod": "HEAD"}) == (404, "NotFoundException", "Invalid Method identifier specified")
    wrong = {**api.at("/pets"), "resourceId": "nosuch"}
    assert refusal(gw.test_invoke_method, **wrong) == (404, "NotFoundException", "Invalid Resource identifier specified")


def test_a_method_without_an_integration_cannot_be_invoked(api: Api, gw: Any) -> None:
    # assumed
    api.method("/pets")
    code, kind, message = refusal(gw.test_invoke_method, **api.at("/pets"))
    assert code in (400, 404) and "ntegration" in message
