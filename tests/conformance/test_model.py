"""Model, RequestValidator: as the control plane tells them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bench import Api, members, patch, refusal, status

SCHEMA = json.dumps({"title": "Pet", "type": "object", "properties": {"name": {"type": "string"}}})
NO_VALIDATOR = (404, "NotFoundException", "Invalid Request Validator identifier specified")


def model(gw: Any, api: Api, name: str = "Pet", schema: str = SCHEMA, **more: Any) -> Any:
    return gw.create_model(restApiId=api.id, **{"name": name, "contentType": "application/json", "schema": schema, **more})


# ── models ──


def test_a_new_api_has_two_models(api: Api, gw: Any) -> None:
    found = gw.get_models(restApiId=api.id)["items"]
    assert [(one["name"], one["contentType"], one["description"]) for one in found] == [
        ("Empty", "application/json", "This is a default empty schema model"),
        ("Error", "application/json", "This is a default error schema model"),
    ]
    assert json.loads(found[1]["schema"])["properties"] == {"message": {"type": "string"}}


def test_a_model_has_exactly_these_members(api: Api, gw: Any) -> None:
    answer = model(gw, api, description="d")
    assert status(answer) == 201
    made = members(answer)
    assert re.fullmatch(r"[a-z0-9]{6}", made["id"])
    assert made == {"id": made["id"], "name": "Pet", "contentType": "application/json", "schema": SCHEMA, "description": "d"}
    at = {"restApiId": api.id, "modelName": "Pet"}
    assert members(gw.get_model(**at)) == made
    changed = gw.update_model(**at, patchOperations=patch(("replace", "/description", "e"), ("replace", "/schema", '{"type":"array"}')))
    assert members(changed) == {**made, "description": "e", "schema": '{"type":"array"}'}
    assert status(gw.delete_model(**at)) == 202
    for call in (gw.get_model, gw.update_model, gw.delete_model, gw.get_model_template):
        assert refusal(call, **at) == (404, "NotFoundException", "Invalid model name specified: Pet")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": ""}, "Model name must be non-empty"),
        ({"schema": ""}, "Model schema must have at least 1 property or array items defined"),
        ({"name": "a b"}, None),
        ({"schema": "{"}, None),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(api: Api, gw: Any, given: dict[str, str], message: Any) -> None:
    code, kind, told = refusal(model, gw=gw, api=api, **given)
    assert (code, kind) == (400, "BadRequestException")
    assert message is None or told == message


def test_a_name_is_one_in_its_api(api: Api, gw: Any) -> None:
    model(gw, api)
    assert refusal(model, gw=gw, api=api) == (409, "ConflictException", "Model name already exists for this REST API")


def test_only_two_paths_can_be_patched(api: Api, gw: Any) -> None:
    told = refusal(gw.update_model, restApiId=api.id, modelName="Empty", patchOperations=patch(("replace", "/name", "x")))
    assert told[2] == "Invalid patch path  '/name' specified for op 'replace'. Must be one of: [/description, /schema]"


def test_a_flattened_model_stands_alone(api: Api, gw: Any) -> None:
    model(gw, api)
    to = {"$ref": f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Pet"}
    model(gw, api, "Pets", json.dumps({"type": "array", "items": to}))
    flat = json.loads(gw.get_model(restApiId=api.id, modelName="Pets", flatten=True)["schema"])
    assert flat["items"] == {"$ref": "#/definitions/Pet"} and "Pet" in flat["definitions"]
    assert refusal(gw.delete_model, restApiId=api.id, modelName="Pet")[:2] == (409, "ConflictException")


def test_a_model_in_use_cannot_be_deleted(api: Api, gw: Any) -> None:
    model(gw, api)
    api.method("/pets", "POST", requestModels={"application/json": "Pet"})
    told = refusal(gw.delete_model, restApiId=api.id, modelName="Pet")
    assert told == (409, "ConflictException", "Cannot delete model 'Pet', is referenced in method request: /pets/POST")


def test_a_model_has_a_template(api: Api, gw: Any) -> None:
    model(gw, api)
    answer = gw.get_model_template(restApiId=api.id, modelName="Pet")
    assert members(answer) == {"value": "#set($inputRoot = $input.path('$'))\n{\n  \"name\" : \"foo\"\n}"}


def test_models_come_in_pages_by_name(api: Api, gw: Any) -> None:
    model(gw, api)
    first = gw.get_models(restApiId=api.id, limit=2)
    rest = gw.get_models(restApiId=api.id, limit=2, position=first["position"])
    assert [one["name"] for one in first["items"] + rest["items"]] == ["Empty", "Error", "Pet"]


# ── request validators ──


def test_a_validator_has_exactly_these_members(api: Api, gw: Any) -> None:
    answer = gw.create_request_validator(restApiId=api.id, name="v", validateRequestBody=True)
    assert status(answer) == 201
    made = members(answer)
    assert made == {"id": made["id"], "name": "v", "validateRequestBody": True, "validateRequestParameters": False}
    at = {"restApiId": api.id, "requestValidatorId": made["id"]}
    assert members(gw.get_request_validator(**at)) == made
    assert gw.get_request_validators(restApiId=api.id)["items"] == [made]
    changed = gw.update_request_validator(
        **at, patchOperations=patch(("replace", "/name", "w"), ("replace", "/validateRequestBody", "false"), ("replace", "/validateRequestParameters", "True"))
    )
    assert members(changed) == {"id": made["id"], "name": "w", "validateRequestBody": False, "validateRequestParameters": True}
    assert status(gw.delete_request_validator(**at)) == 202
    for call in (gw.get_request_validator, gw.update_request_validator, gw.delete_request_validator):
        assert refusal(call, **at) == NO_VALIDATOR


def test_a_validator_that_makes_no_sense_is_refused(api: Api, gw: Any) -> None:
    told = refusal(gw.create_request_validator, restApiId="nosuchapi0", name="v")
    assert told == (400, "BadRequestException", "Invalid REST API identifier specified")
    at = {"restApiId": api.id, "requestValidatorId": gw.create_request_validator(restApiId=api.id, name="v")["id"]}
    blank = refusal(gw.update_request_validator, **at, patchOperations=patch(("replace", "/name", "")))
    assert blank == (400, "BadRequestException", "Request Validator name cannot be blank")
    other = refusal(gw.update_request_validator, **at, patchOperations=patch(("add", "/name", "x")))
    assert other[2] == "Invalid patch path  '/name' specified for op 'add'. Please choose supported operations"


def test_a_validator_that_a_method_needs_cannot_be_deleted(api: Api, gw: Any) -> None:
    at = {"restApiId": api.id, "requestValidatorId": gw.create_request_validator(restApiId=api.id, name="v")["id"]}
    api.method("/", "GET", requestValidatorId=at["requestValidatorId"])
    assert refusal(gw.delete_request_validator, **at)[:2] == (409, "ConflictException")
