"""TestInvokeMethod: a method is tried out without a deployment."""

from __future__ import annotations

import re
from typing import Any

from backend import Backend
from bench import Api, members, refusal, status

DATE = r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4} : "


def lines(answer: Any) -> list[str]:
    """The log without its dates; the request's id is `ID`."""
    first, *rest = answer["log"].split("\n")
    number = re.fullmatch(r"Execution log for request ([0-9a-f-]{36})", first)
    assert number and rest.pop() == ""
    assert all(re.match(DATE, line) for line in rest), answer["log"]
    return [re.sub(DATE, "", line, count=1).replace(number[1], "ID") for line in rest]


# Seen: observed/test-invoke.json.
def test_a_method_that_is_not_deployed_is_tried_out(api: Api, gw: Any) -> None:
    api.mock("/pets", body='{"pets": "all the pets"}')
    answer = gw.test_invoke_method(**api.at("/pets"), body="")
    assert status(answer) == 200
    told = members(answer)
    assert told.pop("latency") >= 0 and told.pop("log")
    json_ = "application/json"
    assert told == {"status": 200, "body": '{"pets": "all the pets"}', "headers": {"Content-Type": json_}, "multiValueHeaders": {"Content-Type": [json_]}}
    assert lines(answer) == [
        "Starting execution for request: ID",
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


def test_any_path_is_taken_and_fills_what_it_fits(api: Api, gw: Any) -> None:
    api.mock("/pets/{petId}")

    def tried(**how: Any) -> list[str]:
        return lines(gw.test_invoke_method(**api.at("/pets/{petId}"), **how))[1:4]

    assert tried() == ["HTTP Method: GET, Resource Path: /pets/{petId}", "Method request path: {petId={petId}}", "Method request query string: {}"]
    assert tried(pathWithQueryString="/pets/a%20b?x=1&y=2") == [
        "HTTP Method: GET, Resource Path: /pets/a%20b",
        "Method request path: {petId=a b}",
        "Method request query string: {x=1, y=2}",
    ]
    assert tried(pathWithQueryString="/random/test")[1] == "Method request path: {}"


def test_nobody_is_asked_whether_it_may(api: Api, gw: Any) -> None:
    api.mock("/", authorizationType="AWS_IAM", apiKeyRequired=True)
    assert gw.test_invoke_method(**api.at("/"))["status"] == 200


def test_a_back_end_is_called_and_its_answer_told(api: Api, gw: Any, backend: Backend) -> None:
    api.proxy("/echo/{id}", f"{backend.url}/status/{{id}}", verb="POST")
    answer = gw.test_invoke_method(
        **api.at("/echo/{id}", "POST"), pathWithQueryString="/echo/201?q=1", headers={"X-One": "1"}, multiValueHeaders={"X-Two": ["a", "b"]}, body="hello"
    )
    assert answer["status"] == 201
    assert (backend.last.body, backend.last.header("X-One"), backend.last.values("X-Two")) == (b"hello", "1", ["a", "b"])
    told = lines(answer)
    assert f"Endpoint request URI: {backend.url}/status/201?q=1" in told
    assert f"Sending request to {backend.url}/status/201?q=1" in told
    assert "Method request headers: {X-One=1, X-Two=a, X-Two=b}" in told
    assert "Endpoint request body after transformations: hello" in told
    assert any(re.fullmatch(r"Received response\. Status: 201, Integration latency: \d+ ms", line) for line in told)
    assert told[-1] == "Method completed with status: 201"


def test_a_failure_is_an_answer_too(api: Api, gw: Any) -> None:
    api.method("/", "GET")
    gw.put_integration(**api.at("/"), type="MOCK", requestTemplates={"application/json": "nothing"})
    answer = gw.test_invoke_method(**api.at("/"))
    assert (answer["status"], answer["body"]) == (500, '{"message": "Internal server error"}')
    assert answer["headers"] == {"x-amzn-ErrorType": "InternalServerErrorException"}
    told = lines(answer)
    assert told[-2].startswith("Execution failed due to configuration error: Unable to parse statusCode.")
    assert told[-1] == "Method completed with status: 500"


def test_what_is_not_there_is_not_tried_out(api: Api, gw: Any) -> None:
    api.method("/", "GET")
    assert refusal(gw.test_invoke_method, **api.at("/")) == (400, "BadRequestException", "No integration defined for method")
    head = refusal(gw.test_invoke_method, **api.at("/", "HEAD"))
    assert head == (404, "NotFoundException", "Invalid Method identifier specified")
    resource = refusal(gw.test_invoke_method, restApiId=api.id, resourceId="nosuch", httpMethod="GET")
    assert resource == (404, "NotFoundException", "Invalid Resource identifier specified")


def test_a_method_for_any_verb_is_tried_out_with_one(api: Api, gw: Any) -> None:
    api.mock("/", "ANY")
    assert lines(gw.test_invoke_method(**api.at("/", "PUT")))[1].startswith("HTTP Method: PUT,")
    assert gw.test_invoke_method(**api.at("/", "ANY"))["status"] == 200
