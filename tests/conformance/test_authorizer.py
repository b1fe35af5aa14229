"""Authorizer: as the control plane tells it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bench import Api, fresh, members, patch, refusal, status
from program import ACCOUNT, REGION

FUNCTION = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/arn:aws:lambda:{REGION}:{ACCOUNT}:function:f/invocations"
POOL = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_pool"
UNKNOWN = (404, "NotFoundException", "Invalid Authorizer identifier specified")


def token(gw: Any, api: Api, **more: Any) -> Any:
    given = {"name": fresh("auth"), "type": "TOKEN", "authorizerUri": FUNCTION, "identitySource": "method.request.header.Auth"}
    return gw.create_authorizer(restApiId=api.id, **{**given, **more})


def test_a_token_authorizer_has_exactly_these_members(api: Api, gw: Any) -> None:
    answer = token(gw, api, name="a")
    assert status(answer) == 201
    made = members(answer)
    assert re.fullmatch(r"[a-z0-9]{6}", made["id"])
    source = "method.request.header.Auth"
    assert made == {"id": made["id"], "name": "a", "type": "TOKEN", "authType": "custom", "authorizerUri": FUNCTION, "identitySource": source}
    at = {"restApiId": api.id, "authorizerId": made["id"]}
    assert members(gw.get_authorizer(**at)) == made
    assert gw.get_authorizers(restApiId=api.id)["items"] == [made]
    assert status(gw.delete_authorizer(**at)) == 202
    for call in (gw.get_authorizer, gw.update_authorizer, gw.delete_authorizer):
        assert refusal(call, **at) == UNKNOWN


def test_each_type_tells_what_was_said_of_it(api: Api, gw: Any) -> None:
    def made(**given: Any) -> None:
        told = members(gw.create_authorizer(restApiId=api.id, **{"name": fresh("auth"), **given}))
        assert {key: told[key] for key in given} == given

    made(
        type="REQUEST",
        authorizerUri=FUNCTION,
        identitySource="method.request.header.A,method.request.querystring.b",
        authorizerResultTtlInSeconds=60,
        authorizerCredentials=f"arn:aws:iam::{ACCOUNT}:role/r",
    )
    made(type="COGNITO_USER_POOLS", providerARNs=[POOL], identitySource="method.request.header.A", authType="cognito_user_pools")
    made(type="TOKEN", authorizerUri=FUNCTION, identitySource="method.request.header.A", identityValidationExpression="[a-z]+")
    issuer = {"issuer": "https://id.example.com", "audiences": ["a"]}
    made(type="JWT", jwtConfiguration={"issuers": [issuer], "defaultAlgorithms": ["RS256"]}, identitySource="method.request.header.A")


def test_a_name_is_one_in_its_api(api: Api, gw: Any) -> None:
    token(gw, api, name="same")
    assert refusal(token, gw=gw, api=api, name="same")[:2] == (409, "ConflictException")


@pytest.mark.parametrize(
    "given",
    [
        {"type": "NOTHING"},
        {"authorizerUri": "http://example.com"},
        {"identitySource": "header.Auth"},
        {"authorizerResultTtlInSeconds": 3601},
        {"type": "COGNITO_USER_POOLS", "providerARNs": []},
        {"name": ""},
    ],
)
def test_what_makes_no_sense_is_refused(api: Api, gw: Any, given: dict[str, Any]) -> None:
    assert refusal(token, gw=gw, api=api, **given)[0] == 400


def test_an_unknown_api_is_told_as_a_conflict(gw: Any) -> None:
    told = refusal(gw.create_authorizer, restApiId="nosuchapi0", name="a", type="TOKEN")
    assert told == (409, "ConflictException", "Unable to complete operation due to concurrent modification. Please try again later.")
    assert refusal(gw.get_authorizers, restApiId="nosuchapi0")[:2] == (404, "NotFoundException")


def test_an_authorizer_is_changed_in_place(api: Api, gw: Any) -> None:
    at = {"restApiId": api.id, "authorizerId": token(gw, api)["id"]}
    changed = gw.update_authorizer(
        **at,
        patchOperations=patch(
            ("replace", "/name", "new"),
            ("replace", "/type", "REQUEST"),
            ("replace", "/authorizerResultTtlInSeconds", "0"),
            ("add", "/identitySource", "method.request.querystring.q"),
        ),
    )
    assert (changed["name"], changed["type"], changed["authorizerResultTtlInSeconds"]) == ("new", "REQUEST", 0)
    assert changed["identitySource"] == "method.request.header.Auth,method.request.querystring.q"
    assert members(gw.get_authorizer(**at)) == members(changed)
    pool = gw.create_authorizer(
        restApiId=api.id, name="pool", type="COGNITO_USER_POOLS", providerARNs=[POOL], identitySource="method.request.header.A"
    )
    at["authorizerId"] = pool["id"]
    assert gw.update_authorizer(**at, patchOperations=patch(("add", "/providerARNs", POOL + "2")))["providerARNs"] == [POOL, POOL + "2"]
    assert gw.update_authorizer(**at, patchOperations=patch(("remove", "/providerARNs", POOL)))["providerARNs"] == [POOL + "2"]
    assert refusal(gw.update_authorizer, **at, patchOperations=patch(("replace", "/id", "x")))[:2] == (400, "BadRequestException")
    issuers = {"issuers": [{"issuer": "https://id.example.com", "audiences": ["a"]}]}
    jwt = gw.create_authorizer(restApiId=api.id, name="jwt", type="JWT", jwtConfiguration=issuers)
    at["authorizerId"] = jwt["id"]
    issuers["issuers"][0]["audiences"].append("b")
    assert gw.update_authorizer(**at, patchOperations=patch(("replace", "/jwtConfiguration", json.dumps(issuers))))["jwtConfiguration"] == issuers


def test_an_authorizer_that_a_method_asks_cannot_be_deleted(api: Api, gw: Any) -> None:
    at = {"restApiId": api.id, "authorizerId": token(gw, api)["id"]}
    api.method("/", "GET", authorizationType="CUSTOM", authorizerId=at["authorizerId"])
    assert refusal(gw.delete_authorizer, **at)[:2] == (409, "ConflictException")
    gw.delete_method(**api.at("/", "GET"))
    gw.delete_authorizer(**at)


def test_authorizers_come_in_pages_by_name(api: Api, gw: Any) -> None:
    for n in range(3):
        token(gw, api, name=f"a{n}")
    first = gw.get_authorizers(restApiId=api.id, limit=2)
    rest = gw.get_authorizers(restApiId=api.id, limit=2, position=first["position"])
    assert [one["name"] for one in first["items"] + rest["items"]] == ["a0", "a1", "a2"]
