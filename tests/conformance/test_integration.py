"""Integration and IntegrationResponse."""

from __future__ import annotations

from typing import Any

import pytest

from bench import Api, members, patch, refusal, status

WRONG_RESOURCE = (404, "NotFoundException", "Invalid Resource identifier specified")
WRONG_METHOD = (404, "NotFoundException", "Invalid Method identifier specified")
WRONG_INTEGRATION = (404, "NotFoundException", "Invalid Integration identifier specified")
WRONG_STATUS = (404, "NotFoundException", "Invalid Response status code specified")
DEFAULTS = {"passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29000, "cacheKeyParameters": []}
URI = "http://example.com/pets"


@pytest.fixture
def http(api: Api) -> Api:
    """An API whose GET / has an HTTP integration."""
    api.method(requestParameters={"method.request.querystring.q": False})
    api.gw.put_integration(**api.at(), type="HTTP", uri=URI, integrationHttpMethod="POST")
    return api


def told(answer: Any) -> dict[str, Any]:
    """An integration without the member that only newer answers have."""
    made = members(answer)
    assert made.pop("responseTransferMode", "BUFFERED") == "BUFFERED"  # believed
    return made


def test_a_mock_has_exactly_these_members(api: Api, gw: Any) -> None:
    api.method()
    answer = gw.put_integration(**api.at(), type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    assert status(answer) == 201
    expected = {**DEFAULTS, "type": "MOCK", "cacheNamespace": api.root, "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    assert told(answer) == expected
    assert told(gw.get_integration(**api.at())) == expected


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
def test_only_http_names_a_connection_type(api: Api, gw: Any, kind: str) -> None:
    api.method()
    answer = gw.put_integration(**api.at(), type=kind, uri=URI, integrationHttpMethod="POST")
    assert told(answer) == {**DEFAULTS, "type": kind, "uri": URI, "httpMethod": "POST", "connectionType": "INTERNET", "cacheNamespace": api.root}


def test_what_was_given_is_told_again(api: Api, gw: Any) -> None:
    api.method(requestParameters={"method.request.querystring.q": False})
    given = {
        "type": "HTTP",
        "uri": "https://example.com/{p}?x=${stageVariables.x}",
        "requestParameters": {"integration.request.querystring.q": "method.request.querystring.q", "integration.request.path.p": "'x'"},
        "requestTemplates": {"text/plain": "hello"},
        "passthroughBehavior": "NEVER",
        "cacheNamespace": "mine",
        "contentHandling": "CONVERT_TO_TEXT",
        "timeoutInMillis": 50,
        "tlsConfig": {"insecureSkipVerification": True},
    }
    answer = told(gw.put_integration(**api.at(), integrationHttpMethod="GET", **given))
    assert answer == {**DEFAULTS, **given, "httpMethod": "GET", "connectionType": "INTERNET"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"type": "HTTP", "uri": URI}, "Enumeration value for HttpMethod must be non-empty"),
        ({"type": "HTTP_PROXY", "uri": URI}, "Enumeration value for HttpMethod must be non-empty"),
        ({"type": "HTTP", "integrationHttpMethod": "GET", "uri": "nothing"}, "Invalid HTTP endpoint specified for URI"),
        ({"type": "HTTP", "integrationHttpMethod": "GET"}, "Invalid HTTP endpoint specified for URI"),
        ({"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "ftp://example.com"}, "Invalid HTTP endpoint specified for URI"),
        ({"type": "MOCK", "timeoutInMillis": 49}, "Timeout should be between 50 ms and 29000 ms"),
        ({"type": "MOCK", "timeoutInMillis": 29001}, "Timeout should be between 50 ms and 29000 ms"),
        ({"type": "AWS", "integrationHttpMethod": "POST", "uri": "nothing"}, "Invalid ARN specified in the request"),
        (
            {"type": "AWS", "integrationHttpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:lambda:functions"},
            "AWS ARN for integration must contain path or action",
        ),
        (
            {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:dynamodb:action/Scan"},
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ),
    ],
)
def test_a_bad_integration_is_refused(api: Api, gw: Any, params: dict[str, Any], message: str) -> None:
    api.method()
    assert refusal(gw.put_integration, **api.at(), **params) == (400, "BadRequestException", message)


def test_an_undeclared_parameter_cannot_be_mapped(api: Api, gw: Any) -> None:
    # assumed
    api.method()
    mapped = {"integration.request.querystring.x": "method.request.querystring.x"}
    message = (
        "Invalid mapping expression specified: Validation Result: warnings : [], "
        "errors : [Invalid mapping expression parameter specified: method.request.querystring.x]"
    )
    params = {"type": "HTTP", "uri": URI, "integrationHttpMethod": "GET", "requestParameters": mapped}
    assert refusal(gw.put_integration, **api.at(), **params) == (400, "BadRequestException", message)


def test_an_unknown_type_is_a_violated_constraint_before_all_else(api: Api, gw: Any) -> None:
    assert refusal(gw.put_integration, **api.at(), type="HTTPS_PROXY") == (
        400,
        "ValidationException",
        "1 validation error detected: Value 'HTTPS_PROXY' at 'putIntegrationInput.type' failed to satisfy constraint: "
        "Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]",
    )


@pytest.mark.parametrize(
    ("value", "java"), [(True, "java.lang.Boolean"), (123, "com.amazon.coral.value.json.numbers.TruncatingBigNumber")]
)
def test_a_map_of_texts_takes_only_texts(api: Api, gw: Any, value: Any, java: str) -> None:
    api.method()
    message = f"class {java} can not be converted to an String"
    params = {"requestParameters": {"integration.request.path.x": value}}
    assert refusal(gw.put_integration, **api.at(), type="HTTP_PROXY", **params) == (400, "SerializationException", message)


def test_a_value_of_the_wrong_type_comes_before_a_violated_constraint(api: Api, gw: Any) -> None:
    params = {"requestParameters": {"integration.request.path.x": True}}
    assert refusal(gw.put_integration, **api.at(), type="WRONG", **params)[1] == "SerializationException"


def test_what_an_integration_hangs_from_must_exist(api: Api, gw: Any) -> None:
    wrong = {**api.at(), "resourceId": "nosuch"}
    assert refusal(gw.put_integration, **wrong, type="MOCK") == WRONG_RESOURCE
    assert refusal(gw.put_integration, **api.at(), type="MOCK") == WRONG_METHOD
    api.method()
    assert refusal(gw.get_integration, **api.at()) == WRONG_INTEGRATION
    assert refusal(gw.delete_integration, **api.at()) == WRONG_INTEGRATION


def test_putting_again_replaces_the_integration_and_its_responses(http: Api, gw: Any) -> None:
    http.responses("/", s200=None)
    gw.put_integration(**http.at(), type="MOCK")
    now = gw.get_integration(**http.at())
    assert now["type"] == "MOCK" and "integrationResponses" not in now  # assumed


def test_a_deleted_integration_is_gone(http: Api, gw: Any) -> None:
    assert status(gw.delete_integration(**http.at())) == 204
    assert refusal(gw.get_integration, **http.at()) == WRONG_INTEGRATION
    assert "methodIntegration" not in gw.get_method(**http.at())


@pytest.mark.parametrize(
    ("operations", "changed"),
    [
        ([("replace", "/cacheNamespace", "mine")], {"cacheNamespace": "mine"}),
        ([("replace", "/contentHandling", "CONVERT_TO_BINARY")], {"contentHandling": "CONVERT_TO_BINARY"}),
        ([("replace", "/httpMethod", "PUT")], {"httpMethod": "PUT"}),
        ([("replace", "/passthroughBehavior", "NEVER")], {"passthroughBehavior": "NEVER"}),
        ([("replace", "/timeoutInMillis", "100")], {"timeoutInMillis": 100}),
        ([("replace", "/tlsConfig/insecureSkipVerification", "true")], {"tlsConfig": {"insecureSkipVerification": True}}),
        ([("replace", "/uri", "http://example.org/")], {"uri": "http://example.org/"}),
        (
            [("add", "/requestParameters/integration.request.querystring.q", "method.request.querystring.q")],
            {"requestParameters": {"integration.request.querystring.q": "method.request.querystring.q"}},
        ),
        ([("add", "/requestTemplates/text~1plain", "hi")], {"requestTemplates": {"text/plain": "hi"}}),
        (
            [("add", "/requestTemplates/text~1plain", "hi"), ("replace", "/requestTemplates/text~1plain", "ho")],
            {"requestTemplates": {"text/plain": "ho"}},
        ),
        ([("add", "/requestTemplates/text~1plain", "hi"), ("remove", "/requestTemplates/text~1plain")], {"requestTemplates": None}),
        ([("add", "/cacheKeyParameters/method.request.querystring.q")], {"cacheKeyParameters": ["method.request.querystring.q"]}),
        ([("replace", "/credentials", "arn:aws:iam::000000000000:role/r")], {"credentials": "arn:aws:iam::000000000000:role/r"}),  # assumed
        ([("replace", "/responseTransferMode", "BUFFERED")], {"responseTransferMode": "BUFFERED"}),
        (
            [("add", "/cacheKeyParameters/method.request.querystring.q"), ("remove", "/cacheKeyParameters/method.request.querystring.q")],
            {"cacheKeyParameters": None},
        ),
        ([("replace", "/connectionType", "VPC_LINK"), ("replace", "/connectionId", "${stageVariables.link}")], {"connectionId": "${stageVariables.link}"}),
    ],
)
def test_each_patchable_path_changes_what_it_names(http: Api, gw: Any, operations: list[tuple[Any, ...]], changed: dict[str, Any]) -> None:
    answer = gw.update_integration(**http.at(), patchOperations=patch(*operations))
    assert status(answer) == 200
    now = gw.get_integration(**http.at())
    wanted = {key: value for key, value in changed.items() if value is not None}
    assert {key: now.get(key) for key in wanted} == wanted
    for gone in changed.keys() - wanted.keys():
        assert not now.get(gone)


def test_the_type_of_an_integration_cannot_be_patched(http: Api, gw: Any) -> None:
    assert refusal(gw.update_integration, **http.at(), patchOperations=patch(("replace", "/type", "MOCK")))[:2] == (400, "BadRequestException")


# ── responses of an integration ──


@pytest.fixture
def mock(api: Api) -> Api:
    """An API with a mock at GET / that has a method response and no integration response."""
    api.method()
    api.gw.put_integration(**api.at(), type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    api.gw.put_method_response(**api.at(), statusCode="200", responseParameters={"method.response.header.h": False})
    return api


def test_an_integration_response_echoes_what_it_was_given(mock: Api, gw: Any) -> None:
    answer = gw.put_integration_response(**mock.at(), statusCode="200", selectionPattern="", responseTemplates={})
    assert status(answer) == 201
    assert members(answer) == {"statusCode": "200", "selectionPattern": "", "responseTemplates": {}}
    assert members(gw.get_integration_response(**mock.at(), statusCode="200")) == members(answer)


def test_putting_an_integration_response_again_overwrites_it(mock: Api, gw: Any) -> None:
    gw.put_integration_response(**mock.at(), statusCode="200", selectionPattern="a", contentHandling="CONVERT_TO_BINARY")
    answer = gw.put_integration_response(**mock.at(), statusCode="200", responseTemplates={"application/json": "x"})
    assert members(answer) == {"statusCode": "200", "responseTemplates": {"application/json": "x"}}


def test_an_empty_template_is_told_as_null(mock: Api, gw: Any) -> None:
    answer = gw.put_integration_response(**mock.at(), statusCode="200", responseTemplates={"application/json": ""})
    assert answer["responseTemplates"] == {"application/json": None}


def test_a_content_type_that_is_none_is_refused(mock: Api, gw: Any) -> None:
    code, kind, message = refusal(gw.put_integration_response, **mock.at(), statusCode="200", responseTemplates={"123": "x"})
    assert (code, kind) == (400, "BadRequestException")
    assert "Validation Result: warnings : [], errors : [Invalid content type specified: 123]" in message


def test_what_an_integration_response_hangs_from_must_exist(api: Api, gw: Any) -> None:
    assert refusal(gw.put_integration_response, **{**api.at(), "resourceId": "nosuch"}, statusCode="200") == WRONG_RESOURCE
    assert refusal(gw.put_integration_response, **api.at(), statusCode="200") == WRONG_METHOD
    api.method()
    assert refusal(gw.get_integration_response, **api.at(), statusCode="200") == WRONG_INTEGRATION
    assert refusal(gw.delete_integration_response, **api.at(), statusCode="200") == WRONG_INTEGRATION


def test_an_unknown_status_is_not_found(mock: Api, gw: Any) -> None:
    assert refusal(gw.get_integration_response, **mock.at(), statusCode="201") == WRONG_STATUS


def test_an_integration_response_can_be_patched_and_deleted(mock: Api, gw: Any) -> None:
    gw.put_integration_response(**mock.at(), statusCode="200", responseTemplates={"application/json": "x"})
    operations = patch(
        ("replace", "/selectionPattern", "4.*"),
        ("replace", "/contentHandling", "CONVERT_TO_TEXT"),
        ("add", "/responseParameters/method.response.header.h", "'v'"),
        ("replace", "/responseTemplates/application~1json", "y"),
    )
    answer = gw.update_integration_response(**mock.at(), statusCode="200", patchOperations=operations)
    assert status(answer) == 200
    assert members(answer) == {
        "statusCode": "200",
        "selectionPattern": "4.*",
        "contentHandling": "CONVERT_TO_TEXT",
        "responseParameters": {"method.response.header.h": "'v'"},
        "responseTemplates": {"application/json": "y"},
    }
    assert status(gw.delete_integration_response(**mock.at(), statusCode="200")) == 204
    assert refusal(gw.get_integration_response, **mock.at(), statusCode="200") == WRONG_STATUS


def test_the_maps_of_an_integration_response_shrink_too(mock: Api, gw: Any) -> None:
    gw.put_integration_response(
        **mock.at(), statusCode="200", responseTemplates={"application/json": "x"}, responseParameters={"method.response.header.h": "'v'"}
    )
    operations = patch(
        ("replace", "/responseParameters/method.response.header.h", "'w'"),
        ("add", "/responseTemplates/text~1plain", "y"),
        ("remove", "/responseTemplates/application~1json"),
    )
    answer = gw.update_integration_response(**mock.at(), statusCode="200", patchOperations=operations)
    assert answer["responseParameters"] == {"method.response.header.h": "'w'"} and answer["responseTemplates"] == {"text/plain": "y"}
    gone = gw.update_integration_response(**mock.at(), statusCode="200", patchOperations=patch(("remove", "/responseParameters/method.response.header.h")))
    assert not gone.get("responseParameters")


def test_a_header_must_be_declared_before_it_is_mapped(mock: Api, gw: Any) -> None:
    params = {"statusCode": "200", "responseParameters": {"method.response.header.other": "'v'"}}
    assert refusal(gw.put_integration_response, **mock.at(), **params)[:2] == (400, "BadRequestException")
