"""GetExport: definitions as clients and an independent validator read them, and as an import makes the same API of them."""

from __future__ import annotations

import json
import re
from typing import Any, Callable

import pytest
import yaml
from openapi_spec_validator import validate

from bench import Api, members, refusal
from program import REGION, Cardea

FUNCTION = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/arn:aws:lambda:{REGION}:000000000000:function:f/invocations"
TYPES = pytest.mark.parametrize("kind", ["oas30", "swagger"])


@pytest.fixture
def pets(api: Api, gw: Any) -> Api:
    """An API with something of everything, at the stage `dev`."""
    gw.create_model(
        restApiId=api.id, name="Pet", contentType="application/json", schema='{"type":"object","properties":{"name":{"type":"string"}}}'
    )
    to = {"$ref": f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Pet"}
    gw.create_model(restApiId=api.id, name="Pets", contentType="application/json", schema=json.dumps({"type": "array", "items": to}))
    validator = gw.create_request_validator(restApiId=api.id, name="all", validateRequestBody=True, validateRequestParameters=True)["id"]
    authorizer = gw.create_authorizer(
        restApiId=api.id, name="token", type="TOKEN", authorizerUri=FUNCTION, identitySource="method.request.header.Auth"
    )["id"]
    api.mock(
        "/pets",
        operationName="ListPets",
        requestParameters={"method.request.querystring.kind": True, "method.request.header.X-Page": False},
        authorizationType="CUSTOM",
        authorizerId=authorizer,
        apiKeyRequired=True,
    )
    gw.update_method_response(
        **api.at("/pets"),
        statusCode="200",
        patchOperations=[
            {"op": "add", "path": "/responseModels/application~1json", "value": "Pets"},
            {"op": "add", "path": "/responseParameters/method.response.header.X-Count", "value": "false"},
        ],
    )
    api.mock("/pets", "POST", requestModels={"application/json": "Pet"}, requestValidatorId=validator, authorizationType="AWS_IAM")
    api.proxy("/pets/{id}", "https://example.com/{id}", verb="GET")
    api.responses("/pets/{id}", s200=None)
    gw.put_gateway_response(restApiId=api.id, responseType="THROTTLED", statusCode="503")
    gw.tag_resource(resourceArn=f"arn:aws:apigateway:{REGION}::/restapis/{api.id}", tags={"team": "pets"})
    api.deploy("dev")
    return api


def exported(gw: Any, api: Api, kind: str, extensions: str = "", accepts: str = "application/json") -> Any:
    parameters = {"extensions": extensions} if extensions else {}
    return gw.get_export(restApiId=api.id, stageName="dev", exportType=kind, parameters=parameters, accepts=accepts)


def read(answer: Any) -> Any:
    return json.loads(answer["body"].read())


@TYPES
def test_an_export_is_a_file(pets: Api, gw: Any, kind: str) -> None:
    answer = exported(gw, pets, kind)
    assert answer["contentType"] == "application/octet-stream"
    assert re.fullmatch(rf'attachment; filename="{kind}_\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.json"', answer["contentDisposition"])
    assert read(answer)["info"]["title"]


@TYPES
@pytest.mark.parametrize("extensions", ["", "integrations", "authorizers", "apigateway", "integrations,authorizers,documentation,postman"])
def test_an_independent_validator_takes_it(pets: Api, gw: Any, kind: str, extensions: str) -> None:
    validate(read(exported(gw, pets, kind, extensions)))


@TYPES
def test_yaml_says_the_same(pets: Api, gw: Any, kind: str) -> None:
    whole = "integrations,authorizers"
    text = exported(gw, pets, kind, whole, "application/yaml")
    assert text["contentDisposition"].endswith('.yaml"')
    assert yaml.safe_load(text["body"].read()) == read(exported(gw, pets, kind, whole))


def test_without_extensions_nobody_learns_what_is_behind_it(pets: Api, gw: Any) -> None:
    said = exported(gw, pets, "oas30")["body"].read()
    assert b"example.com" not in said and b"x-amazon-apigateway-integration" not in said
    assert b"https://example.com/{id}" in exported(gw, pets, "oas30", "integrations")["body"].read()


def test_it_names_where_the_api_is_reached(pets: Api, gw: Any, cardea: Cardea) -> None:
    server = read(exported(gw, pets, "oas30"))["servers"][0]
    url = server["url"].replace("{basePath}", server["variables"]["basePath"]["default"])
    host, port = cardea.data
    assert url == f"http://{host}:{port}/_aws/execute-api/{pets.id}/dev"
    swagger = read(exported(gw, pets, "swagger"))
    assert swagger["schemes"] == ["http"] and f"http://{swagger['host']}{swagger['basePath']}" == url


@pytest.mark.parametrize(
    ("public", "expected"), [("aws", "https://{}.execute-api.us-east-1.amazonaws.com/{{basePath}}"), ("https://a.example.com/", "https://a.example.com/_aws/execute-api/{}/{{basePath}}")]
)
def test_it_names_what_the_operator_says(start: Callable[..., Cardea], public: str, expected: str) -> None:
    cardea = start(CARDEA_PUBLIC_URL=public)
    api = Api(cardea).mock()
    api.deploy("dev")
    assert read(exported(cardea.client(), api, "oas30"))["servers"][0]["url"] == expected.format(api.id)


def told(gw: Any, api: str) -> dict[str, Any]:
    """What an API is, without the ids that each import makes anew."""
    resources = gw.get_resources(restApiId=api, embed=["methods"], limit=500)["items"]
    authorizers = {one["id"]: one["name"] for one in gw.get_authorizers(restApiId=api)["items"]}
    validators = {one["id"]: one["name"] for one in gw.get_request_validators(restApiId=api)["items"]}
    methods = {}
    for resource in resources:
        for verb, method in resource.get("resourceMethods", {}).items():
            method["authorizerId"] = authorizers.get(method.get("authorizerId"))
            method["requestValidatorId"] = validators.get(method.get("requestValidatorId"))
            if method.get("methodIntegration", {}).get("cacheNamespace") == resource["id"]:
                del method["methodIntegration"]["cacheNamespace"]
            methods[f"{verb} {resource['path']}"] = method
    models = {one["name"]: json.loads(one["schema"].replace(f"/restapis/{api}/", "/")) for one in gw.get_models(restApiId=api, limit=500)["items"]}
    for schema in models.values():
        schema.pop("$schema", None)
    return {
        "paths": [resource["path"] for resource in resources],
        "methods": methods,
        "models": models,
        "authorizers": [{key: value for key, value in one.items() if key != "id"} for one in gw.get_authorizers(restApiId=api)["items"]],
        "validators": [{key: value for key, value in one.items() if key != "id"} for one in gw.get_request_validators(restApiId=api)["items"]],
        "responses": gw.get_gateway_responses(restApiId=api)["items"],
        "tags": gw.get_rest_api(restApiId=api)["tags"],
    }


@TYPES
@pytest.mark.parametrize("accepts", ["application/json", "application/yaml"])
def test_an_import_of_an_export_is_the_same_api(pets: Api, gw: Any, kind: str, accepts: str) -> None:
    body = exported(gw, pets, kind, "apigateway", accepts)["body"].read()
    again = gw.import_rest_api(body=body, failOnWarnings=True)
    assert members(again)["name"] == gw.get_rest_api(restApiId=pets.id)["name"]
    assert told(gw, again["id"]) == told(gw, pets.id)


def test_a_stage_shows_its_documentation(pets: Api, gw: Any) -> None:
    gw.create_documentation_part(restApiId=pets.id, location={"type": "METHOD", "path": "/pets", "method": "GET"}, properties='{"summary":"All pets."}')
    gw.create_documentation_version(restApiId=pets.id, documentationVersion="7", stageName="dev")
    said = read(exported(gw, pets, "oas30", "documentation"))
    assert said["paths"]["/pets"]["get"]["summary"] == "All pets."
    assert said["x-amazon-apigateway-documentation"]["version"] == "7"
    assert "summary" not in read(exported(gw, pets, "oas30"))["paths"]["/pets"]["get"]


def test_what_cannot_be_exported_is_told(pets: Api, gw: Any) -> None:
    assert refusal(exported, gw=gw, api=pets, kind="raml")[:2] == (400, "BadRequestException")
    assert refusal(exported, gw=gw, api=pets, kind="oas30", extensions="nothing")[:2] == (400, "BadRequestException")
    nowhere = refusal(gw.get_export, restApiId=pets.id, stageName="nosuch", exportType="oas30")
    assert nowhere == (404, "NotFoundException", "Invalid stage identifier specified")
