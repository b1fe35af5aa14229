"""Request validators at work: required parameters, bodies against models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import Api
from program import Cardea

PET = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 2}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
INVALID = (400, '{"message": "Invalid request body"}', "BadRequestException")


class Guarded:
    """POST /pets/{kind}, validated."""

    def __init__(self, cardea: Cardea, body: bool = True, parameters: bool = True, models: Any = None, asked: Any = None):
        self.api = Api(cardea)
        gw, api = self.api.gw, self.api
        gw.create_model(restApiId=api.id, name="Pet", contentType="application/json", schema=json.dumps(PET))
        refers = {"type": "array", "items": {"$ref": f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Pet"}}
        gw.create_model(restApiId=api.id, name="Pets", contentType="application/json", schema=json.dumps(refers))
        validator = gw.create_request_validator(restApiId=api.id, name="all", validateRequestBody=body, validateRequestParameters=parameters)["id"]
        models = {"application/json": "Pet"} if models is None else models
        api.mock("/pets/{kind}", "POST", requestValidatorId=validator, requestModels=models, requestParameters=asked or {})
        template = '{"told": "$context.error.validationErrorString", "message": $context.error.messageString}'
        gw.put_gateway_response(restApiId=api.id, responseType="BAD_REQUEST_BODY", responseTemplates={"application/json": '{"message": "Invalid request body"}', "application/xml": template})
        api.deploy()

    def post(self, body: Any, headers: Any = None, query: str = "") -> tuple[int, str, Any]:
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.api.call(f"/pets/cat{query}", "POST", {"Content-Type": "application/json", **(headers or {})}, body)
        return answer.status, answer.text, answer.error_type

    def told(self, body: Any) -> str:
        """What a gateway response can read of a body that is refused."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.api.call("/pets/cat", "POST", {"Content-Type": "application/json", "Accept": "application/xml"}, body)
        assert answer.status == 400
        return answer.text.removeprefix('{"told": "').removesuffix('", "message": "Invalid request body"}')


def test_a_body_that_fits_passes_and_one_that_does_not_is_refused(cardea: Cardea) -> None:
    guarded = Guarded(cardea)
    assert guarded.post({"name": "Tom", "age": 3})[0] == 200
    for body in [{"name": "Tom"}, {"name": "Tom", "age": "3"}, [], b"{", b""]:
        assert guarded.post(body) == INVALID


def test_what_was_wrong_is_for_gateway_responses(cardea: Cardea) -> None:
    guarded = Guarded(cardea)
    # (template values stand there as they are, quotes and all)
    assert guarded.told({}) == '[object has missing required properties (["age","name"])]'
    assert guarded.told(b"") == '[object has missing required properties (["age","name"])]'
    assert guarded.told(b"{no json") == "[Unknown error parsing request body]"
    assert guarded.told({"name": 1, "age": 2}) == '[instance type (integer) does not match any allowed primitive type (allowed: ["string"])]'
    assert guarded.told({"name": "x", "age": 2}) == '[string "x" is too short (length: 1, required minimum: 2)]'


def test_models_refer_to_each_other(cardea: Cardea) -> None:
    guarded = Guarded(cardea, models={"application/json": "Pets"})
    assert guarded.post([{"name": "Tom", "age": 3}])[0] == 200
    assert guarded.post([{"name": "Tom"}]) == INVALID


def test_the_media_type_chooses_the_model_and_without_one_nothing_is_checked(cardea: Cardea) -> None:
    guarded = Guarded(cardea)
    assert guarded.post({}, {"Content-Type": "text/plain"})[0] == 500, "not refused, and then the mock has no template for it"
    assert guarded.post({}, {"Content-Type": "application/json; charset=utf-8"}) == INVALID
    anything = Guarded(cardea, models={"$default": "Pet"})
    assert anything.post({}, {"Content-Type": "application/json"}) == INVALID


def test_all_missing_parameters_are_told_at_once_and_before_the_body(cardea: Cardea) -> None:
    asked = {
        "method.request.header.X-Token": True,
        "method.request.header.X-Other": False,
        "method.request.path.kind": True,
        "method.request.path.nowhere": True,
        "method.request.querystring.q": True,
        "method.request.querystring.a": True,
    }
    guarded = Guarded(cardea, asked=asked)
    missing = "Missing required request parameters: [%s]"
    refused = lambda names: (400, json.dumps({"message": missing % names}), "BadRequestException")
    assert guarded.post({}) == refused("X-Token, nowhere, a, q")
    assert guarded.post({}, {"X-Token": " "}, "?a=1&q=") == refused("X-Token, nowhere, q")


@pytest.mark.parametrize(("body", "parameters", "status"), [(True, False, 400), (False, True, 400), (False, False, 200)])
def test_a_validator_checks_what_it_says(cardea: Cardea, body: bool, parameters: bool, status: int) -> None:
    guarded = Guarded(cardea, body, parameters, asked={"method.request.querystring.q": True})
    got = guarded.post({})
    assert got[0] == status
    assert ("Missing" in got[1]) == parameters


def test_a_long_body_is_checked_too(cardea: Cardea) -> None:
    guarded = Guarded(cardea)
    long = "x" * 300_000
    assert guarded.post({"name": long, "age": 3})[0] == 200
    assert guarded.post({"name": long}) == INVALID
