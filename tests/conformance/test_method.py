"""Method and MethodResponse."""

from __future__ import annotations

from typing import Any

import pytest

from bench import Api, members, patch, refusal, status

WRONG_RESOURCE = (404, "NotFoundException", "Invalid Resource identifier specified")
WRONG_METHOD = (404, "NotFoundException", "Invalid Method identifier specified")
WRONG_STATUS = (404, "NotFoundException", "Invalid Response status code specified")
FRESH = {"httpMethod": "GET", "authorizationType": "NONE", "apiKeyRequired": False}
BAD_STATUS = (
    400,
    "ValidationException",
    "1 validation error detected: Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d",
)


def test_a_fresh_method_has_exactly_these_members(api: Api, gw: Any) -> None:
    answer = gw.put_method(**api.at(), authorizationType="NONE")
    assert status(answer) == 201 and members(answer) == FRESH
    assert members(gw.get_method(**api.at())) == FRESH


def test_what_was_given_is_told_again(api: Api, gw: Any) -> None:
    answer = gw.put_method(
        **api.at("/pets", "ANY"),
        authorizationType="none",
        apiKeyRequired=True,
        operationName="ListPets",
        requestParameters={"method.request.querystring.q": True, "method.request.header.h": False},
        requestModels={"application/json": "Empty"},
    )
    assert members(answer) == {
        "httpMethod": "ANY",
        "authorizationType": "NONE",
        "apiKeyRequired": True,
        "operationName": "ListPets",
        "requestParameters": {"method.request.querystring.q": True, "method.request.header.h": False},
        "requestModels": {"application/json": "Empty"},
    }


@pytest.mark.parametrize("verb", ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"])
def test_every_verb_can_be_put(api: Api, gw: Any, verb: str) -> None:
    assert gw.put_method(**api.at("/", verb), authorizationType="NONE")["httpMethod"] == verb


def test_the_embedded_parts_are_told_with_the_method(api: Api, gw: Any) -> None:
    api.mock("/pets")
    told = members(gw.get_method(**api.at("/pets")))
    assert told.pop("methodIntegration")["type"] == "MOCK"
    assert told.pop("methodResponses") == {"200": {"statusCode": "200"}}
    assert told == FRESH


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"httpMethod": "WRONG"}, "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"),
        (
            {"authorizationType": "CUSTOM"},
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
        ),
        ({"requestValidatorId": "fake"}, "Invalid Request Validator identifier specified"),
        ({"requestModels": {"application/json": "petModel"}}, "Invalid model identifier specified: petModel"),
        (
            {"requestParameters": {"method.request.querystring.x": False, "method.request.header.x": False}},
            "Parameter names must be unique across querystring, header and path",
        ),
        (
            {"requestParameters": {"true": True}},
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: true]",
        ),
    ],
)
def test_a_bad_method_is_refused(api: Api, gw: Any, params: dict[str, Any], message: str) -> None:
    assert refusal(gw.put_method, **{**api.at(), "authorizationType": "NONE", **params}) == (400, "BadRequestException", message)


def test_an_authorizer_id_without_need_is_ignored(api: Api, gw: Any) -> None:
    assert "authorizerId" not in gw.put_method(**api.at(), authorizationType="NONE", authorizerId="nosuch")


def test_an_unknown_api_is_told_as_an_unknown_resource(api: Api, gw: Any) -> None:
    at = {**api.at(), "restApiId": "nosuchapi0"}
    assert refusal(gw.put_method, **{**at, "httpMethod": "WRONG"}, authorizationType="NONE") == WRONG_RESOURCE
    assert refusal(gw.get_method, **at) == WRONG_RESOURCE


def test_an_unknown_resource_and_an_unknown_method_are_not_found(api: Api, gw: Any) -> None:
    wrong = {**api.at(), "resourceId": "nosuch"}
    for operation, more in ((gw.get_method, {}), (gw.delete_method, {}), (gw.update_method, {"patchOperations": patch(("replace", "/operationName", "x"))})):
        assert refusal(operation, **wrong, **more) == WRONG_RESOURCE
        assert refusal(operation, **api.at(), **more) == WRONG_METHOD


def test_a_second_method_of_a_verb_conflicts(api: Api, gw: Any) -> None:
    # assumed
    api.method()
    assert refusal(gw.put_method, **api.at(), authorizationType="NONE") == (409, "ConflictException", "Method already exists for this resource")


def test_a_deleted_method_takes_its_integration_with_it(api: Api, gw: Any) -> None:
    api.mock()
    assert status(gw.delete_method(**api.at())) == 204
    assert refusal(gw.get_method, **api.at()) == WRONG_METHOD
    api.method()
    assert members(gw.get_method(**api.at())) == FRESH


@pytest.mark.parametrize(
    ("operations", "told"),
    [
        ([("replace", "/operationName", "New")], {"operationName": "New"}),
        ([("replace", "/apiKeyRequired", "true")], {"apiKeyRequired": True}),
        ([("replace", "/apiKeyRequired", "nonsense")], {"apiKeyRequired": False}),
        ([("replace", "/authorizationType", "AWS_IAM")], {"authorizationType": "AWS_IAM"}),
        ([("add", "/requestParameters/method.request.querystring.q", "true")], {"requestParameters": {"method.request.querystring.q": True}}),
        ([("add", "/requestParameters/method.request.querystring.q", "what")], {"requestParameters": {"method.request.querystring.q": False}}),
        (
            [("add", "/requestParameters/method.request.querystring.q", "true"), ("replace", "/requestParameters/method.request.querystring.q", "false")],
            {"requestParameters": {"method.request.querystring.q": False}},
        ),
        ([("add", "/requestModels/application~1json", "Empty")], {"requestModels": {"application/json": "Empty"}}),
        (
            [("add", "/requestModels/application~1json", "Empty"), ("remove", "/requestModels/application~1json")],
            {"requestModels": None},
        ),
        ([("add", "/authorizationScopes", "pets.read")], {"authorizationScopes": ["pets.read"]}),  # assumed
    ],
)
def test_each_patchable_path_changes_what_it_names(api: Api, gw: Any, operations: list[tuple[Any, ...]], told: dict[str, Any]) -> None:
    api.method()
    answer = gw.update_method(**api.at(), patchOperations=patch(*operations))
    assert status(answer) == 200
    assert {key: answer.get(key) for key in told} == told


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (("replace", "/httpMethod", "POST"), "Invalid patch path /httpMethod"),
        (("replace", "/requestParameters", "x"), "Invalid patch path /requestParameters"),
        (("replace", "/requestModels/application/json", "Empty"), "Invalid patch path /requestModels/application/json"),
        (("add", "/operationName", "x"), "Invalid patch operation specified. Must be one of: [replace]"),
    ],
)
def test_other_patches_are_refused(api: Api, gw: Any, operation: tuple[Any, ...], message: str) -> None:
    api.method()
    assert refusal(gw.update_method, **api.at(), patchOperations=patch(operation)) == (400, "BadRequestException", message)


# ── responses of a method ──


def test_a_method_response_echoes_empty_maps_and_omits_absent_ones(api: Api, gw: Any) -> None:
    api.method()
    answer = gw.put_method_response(**api.at(), statusCode="200", responseParameters={}, responseModels={})
    assert status(answer) == 201
    assert members(answer) == {"statusCode": "200", "responseParameters": {}, "responseModels": {}}
    assert members(gw.put_method_response(**api.at(), statusCode="201")) == {"statusCode": "201"}
    assert members(gw.get_method_response(**api.at(), statusCode="201")) == {"statusCode": "201"}


def test_patching_a_method_response_answers_201(api: Api, gw: Any) -> None:
    api.method()
    gw.put_method_response(**api.at(), statusCode="200")
    operations = patch(("add", "/responseParameters/method.response.header.my-header", "true"), ("add", "/responseModels/application~1json", "Empty"))
    answer = gw.update_method_response(**api.at(), statusCode="200", patchOperations=operations)
    assert status(answer) == 201
    assert members(answer) == {
        "statusCode": "200",
        "responseParameters": {"method.response.header.my-header": True},
        "responseModels": {"application/json": "Empty"},
    }
    operations = patch(("replace", "/responseParameters/method.response.header.my-header", "false"), ("remove", "/responseModels/application~1json"))
    answer = gw.update_method_response(**api.at(), statusCode="200", patchOperations=operations)
    assert answer["responseParameters"] == {"method.response.header.my-header": False}


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (("remove", "/responseParameters/method.response.header.nothing"), (404, "NotFoundException", "Invalid parameter name specified")),
        (("replace", "/responseParameters/method.response.header.nothing", "true"), (404, "NotFoundException", "Invalid parameter name specified")),
        (("remove", "/responseModels/application~1json"), (404, "NotFoundException", "Content-Type specified was not found")),
        (("replace", "/responseModels/application~1json", "Empty"), (404, "NotFoundException", "Content-Type specified was not found")),
        (("add", "/wrong/x", "true"), (400, "BadRequestException", "Invalid patch path /wrong/x")),
    ],
)
def test_a_method_response_patch_of_nothing_is_refused(api: Api, gw: Any, operation: tuple[Any, ...], told: tuple[int, str, str]) -> None:
    api.method()
    gw.put_method_response(**api.at(), statusCode="200")
    assert refusal(gw.update_method_response, **api.at(), statusCode="200", patchOperations=patch(operation)) == told


def test_a_status_outside_the_pattern_is_a_violated_constraint(api: Api, gw: Any) -> None:
    for operation in (gw.put_method_response, gw.get_method_response, gw.delete_method_response):
        assert refusal(operation, **api.at(), statusCode="wrong") == BAD_STATUS


def test_clauses_of_the_body_come_before_those_of_the_path(api: Api, gw: Any) -> None:
    code, kind, message = refusal(gw.update_method_response, **api.at(), statusCode="wrong", patchOperations=[{"op": "wrong", "path": "/x"}])
    assert (code, kind) == (400, "ValidationException")
    assert message == (
        "2 validation errors detected: Value 'wrong' at 'updateMethodResponseInput.patchOperations.1.member.op' failed to satisfy constraint: "
        "Member must satisfy enum value set: [add, remove, move, test, replace, copy]; "
        "Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d"
    )


def test_what_a_method_response_hangs_from_must_exist(api: Api, gw: Any) -> None:
    assert refusal(gw.put_method_response, **{**api.at(), "resourceId": "nosuch"}, statusCode="200") == WRONG_RESOURCE
    assert refusal(gw.put_method_response, **api.at(), statusCode="200") == WRONG_METHOD
    api.method()
    assert refusal(gw.get_method_response, **api.at(), statusCode="200") == WRONG_STATUS
    assert refusal(gw.delete_method_response, **api.at(), statusCode="200") == WRONG_STATUS


def test_a_second_method_response_of_a_status_conflicts(api: Api, gw: Any) -> None:
    # assumed
    api.method()
    gw.put_method_response(**api.at(), statusCode="200")
    assert refusal(gw.put_method_response, **api.at(), statusCode="200") == (409, "ConflictException", "Response already exists for this resource")


def test_a_method_response_can_be_deleted(api: Api, gw: Any) -> None:
    api.method()
    gw.put_method_response(**api.at(), statusCode="200")
    assert status(gw.delete_method_response(**api.at(), statusCode="200")) == 204
    assert "methodResponses" not in gw.get_method(**api.at())
