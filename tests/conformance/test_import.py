"""ImportRestApi and PutRestApi."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import Api, members, refusal, status

MOCK = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": {"default": {"statusCode": "200"}}}
RESPONSES = {"200": {"description": "200 response"}}


def openapi(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.1", "info": {"title": "pets", "version": "1.0"}, "paths": paths, **more}


def swagger(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"swagger": "2.0", "info": {"title": "pets", "version": "1.0"}, "paths": paths, **more}


def operation(**integration: Any) -> dict[str, Any]:
    return {"responses": RESPONSES, "x-amazon-apigateway-integration": {**MOCK, **integration}}


def imported(gw: Any, document: Any, **params: Any) -> dict[str, Any]:
    body = document if isinstance(document, str) else json.dumps(document)
    answer = gw.import_rest_api(body=body.encode(), **params)
    assert status(answer) == 201
    return members(answer)


def paths(gw: Any, api: str) -> dict[str, list[str]]:
    items = gw.get_resources(restApiId=api, limit=500)["items"]
    return {item["path"]: sorted(item.get("resourceMethods", {})) for item in items}


@pytest.mark.parametrize("make", [openapi, swagger])
def test_a_document_becomes_an_api(gw: Any, make: Any) -> None:
    made = imported(gw, make({"/pets": {"get": operation(), "x-amazon-apigateway-any-method": operation()}, "/pets/{petId}": {"post": operation()}}))
    assert (made["name"], made["version"], made["apiKeySource"]) == ("pets", "1.0", "HEADER")
    assert made["endpointConfiguration"] == {"types": ["EDGE"], "ipAddressType": "ipv4"}
    assert paths(gw, made["id"]) == {"/": [], "/pets": ["ANY", "GET"], "/pets/{petId}": ["POST"]}


def test_a_document_may_be_yaml_with_numbers_for_statuses(gw: Any) -> None:
    document = """
openapi: 3.0.1
info: {title: yaml, version: '2.0'}
paths:
  /test:
    get:
      responses:
        200:
          description: 200 response
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates:
          application/json: |
            {"statusCode": 200}
        responses:
          default: {statusCode: 200}
"""
    made = imported(gw, document)
    items = gw.get_resources(restApiId=made["id"])["items"]
    at = {"restApiId": made["id"], "resourceId": items[1]["id"], "httpMethod": "GET"}
    assert gw.get_integration_response(**at, statusCode="200")["statusCode"] == "200"


def test_an_imported_api_can_be_called(cardea: Any, gw: Any) -> None:
    responses = {"default": {"statusCode": "200", "responseTemplates": {"application/json": '{"from":"import"}'}}}
    made = imported(gw, openapi({"/pets": {"get": operation(responses=responses)}}))
    gw.create_deployment(restApiId=made["id"], stageName="dev")
    answer = cardea.call(made["id"], "/dev/pets")
    assert (answer.status, answer.text) == (200, '{"from":"import"}')


def test_an_integration_comes_with_all_its_parts(gw: Any) -> None:
    integration = {
        "type": "http",
        "uri": "http://example.com/pets/{id}",
        "httpMethod": "POST",
        "passthroughBehavior": "when_no_templates",
        "timeoutInMillis": 1000,
        "requestParameters": {"integration.request.path.id": "method.request.path.petId"},
        "responses": {"default": {"statusCode": "200"}, "4\\d{2}": {"statusCode": "400"}},
    }
    method = {
        "parameters": [{"name": "petId", "in": "path", "required": True, "type": "string"}],
        "responses": {"200": {"description": "ok"}, "400": {"description": "no"}},
        "x-amazon-apigateway-integration": integration,
    }
    made = imported(gw, swagger({"/pets/{petId}": {"get": method}}))
    item = next(item for item in gw.get_resources(restApiId=made["id"])["items"] if item["path"] == "/pets/{petId}")
    told = gw.get_method(restApiId=made["id"], resourceId=item["id"], httpMethod="GET")
    assert told["requestParameters"] == {"method.request.path.petId": True}
    assert set(told["methodResponses"]) == {"200", "400"}
    inner = told["methodIntegration"]
    assert inner.pop("responseTransferMode", "BUFFERED") == "BUFFERED"  # believed
    assert inner == {
        "type": "HTTP",
        "httpMethod": "POST",
        "uri": "http://example.com/pets/{id}",
        "connectionType": "INTERNET",
        "requestParameters": {"integration.request.path.id": "method.request.path.petId"},
        "passthroughBehavior": "WHEN_NO_TEMPLATES",
        "timeoutInMillis": 1000,
        "cacheNamespace": item["id"],
        "cacheKeyParameters": [],
        "integrationResponses": {"200": {"statusCode": "200"}, "400": {"statusCode": "400", "selectionPattern": "4\\d{2}"}},
    }


def test_root_extensions_set_members_of_the_api(gw: Any) -> None:
    more = {
        "x-amazon-apigateway-binary-media-types": ["image/png", "image/jpg"],
        "x-amazon-apigateway-minimum-compression-size": 5,
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
    }
    made = imported(gw, swagger({"/pets": {"get": operation()}}, **more))
    assert made["binaryMediaTypes"] == ["image/png", "image/jpg"]
    assert (made["minimumCompressionSize"], made["apiKeySource"]) == (5, "AUTHORIZER")


def test_a_scheme_with_an_api_key_makes_it_required(gw: Any) -> None:
    schemes = {"securityDefinitions": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}}
    made = imported(gw, swagger({"/pets": {"get": {**operation(), "security": [{"key": []}]}, "post": operation()}}, **schemes))
    item = gw.get_resources(restApiId=made["id"], embed=["methods"])["items"][1]["resourceMethods"]
    assert (item["GET"]["apiKeyRequired"], item["POST"]["apiKeyRequired"]) == (True, False)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("ignore", {"/": [], "/test": ["GET"]}),
        ("prepend", {"/": [], "/base": [], "/base/path": [], "/base/path/test": ["GET"]}),
        ("split", {"/": [], "/path": [], "/path/test": ["GET"]}),
    ],
)
def test_a_base_path_is_ignored_prepended_or_split(gw: Any, mode: str, expected: dict[str, list[str]]) -> None:
    document = swagger({"/test": {"get": operation()}}, basePath="/base/path")
    assert paths(gw, imported(gw, document, parameters={"basepath": mode})["id"]) == expected


def test_the_endpoint_type_can_be_chosen(gw: Any) -> None:
    made = imported(gw, swagger({"/": {"get": operation()}}), parameters={"endpointConfigurationTypes": "REGIONAL"})
    assert made["endpointConfiguration"]["types"] == ["REGIONAL"]


@pytest.mark.parametrize("document", ["", "nonsense", "[]", "{", '{"swagger":"2.0"', "a: [b"])
def test_what_is_no_document_is_refused(gw: Any, document: str) -> None:
    assert refusal(gw.import_rest_api, body=document.encode())[:2] == (400, "BadRequestException")


def test_what_cannot_be_put_is_told_line_by_line(gw: Any) -> None:
    lambda_uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/nonsense/invocations"
    bad = {"x-amazon-apigateway-any-method": operation(type="aws_proxy", httpMethod="POST", uri=lambda_uri)}
    code, kind, message = refusal(gw.import_rest_api, body=json.dumps(openapi({"/{proxy+}": bad})).encode())
    assert (code, kind) == (400, "BadRequestException")
    assert message.startswith("Errors found during import:\n\tUnable to put integration on 'ANY' for resource at path '/{proxy+}': ")


def test_overwriting_replaces_and_merging_keeps(api: Api, gw: Any) -> None:
    api.mock("/old")
    merged = gw.put_rest_api(restApiId=api.id, mode="merge", body=json.dumps(swagger({"/new": {"get": operation()}})).encode())
    assert status(merged) == 200 and merged["id"] == api.id and merged["tags"] == {}
    assert set(paths(gw, api.id)) == {"/", "/old", "/new"}
    gw.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(swagger({"/only": {"get": operation()}})).encode())
    assert set(paths(gw, api.id)) == {"/", "/only"}
    assert gw.get_rest_api(restApiId=api.id)["rootResourceId"] == gw.get_resources(restApiId=api.id)["items"][0]["id"]


def test_overwriting_leaves_stages_alone(api: Api, gw: Any) -> None:
    api.mock("/old", body='"old"').deploy("dev")
    gw.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(swagger({"/only": {"get": operation()}})).encode())
    assert api.call("/old").text == '"old"'


def test_the_default_is_merge(api: Api, gw: Any) -> None:
    api.mock("/old")
    gw.put_rest_api(restApiId=api.id, body=json.dumps(swagger({"/new": {"get": operation()}})).encode())
    assert set(paths(gw, api.id)) == {"/", "/old", "/new"}


def test_putting_into_nothing_is_not_found(gw: Any) -> None:
    assert refusal(gw.put_rest_api, restApiId="nosuchapi0", body=json.dumps(swagger({})).encode())[:2] == (404, "NotFoundException")


def test_a_refused_import_leaves_nothing_behind(start: Any) -> None:
    gw = start().client()
    assert refusal(gw.import_rest_api, body=b"nonsense")[0] == 400
    assert gw.get_rest_apis()["items"] == []


def test_values_of_aws_are_filled_in(gw: Any) -> None:
    uri = "http://example.com/${AWS::AccountId}/${AWS::Region}/${AWS::Partition}"
    made = imported(gw, openapi({"/": {"get": operation(type="http", httpMethod="GET", uri=uri)}}))
    item = gw.get_resources(restApiId=made["id"])["items"][0]
    told = gw.get_integration(restApiId=made["id"], resourceId=item["id"], httpMethod="GET")["uri"]
    assert told == "http://example.com/000000000000/us-east-1/aws"


@pytest.mark.parametrize("depth", [200, 20000])
def test_a_document_that_is_nested_too_deep_is_refused(cardea: Any, gw: Any, depth: int) -> None:
    body = ('{"a":' * depth + "1" + "}" * depth).encode()
    code, _, _ = refusal(gw.import_rest_api, body=body)
    assert code in (400, 413)
    assert gw.get_account()


def test_a_document_over_six_megabytes_is_refused(gw: Any) -> None:
    document = json.dumps(swagger({"/": {"get": operation()}}, **{"x-padding": "x" * (6 * 1024 * 1024)}))
    code, _, _ = refusal(gw.import_rest_api, body=document.encode())
    assert code in (400, 413)
