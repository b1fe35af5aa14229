"""TestInvokeAuthorizer: an authorizer is asked about a caller whom nobody sent."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bench import Api, fresh, refusal, status
from functions import Functions
from program import ACCOUNT, REGION

POLICY = {"Version": "2012-10-17", "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}]}
ALLOW = f"""
def handler(event, context):
    if event.get("authorizationToken") == "no":
        raise Exception("Unauthorized")
    if event.get("authorizationToken") == "broken":
        return {{}}
    if event.get("authorizationToken") == "raise":
        raise Exception("Unauthorized: expired")
    import json
    return {{"principalId": "somebody", "policyDocument": {POLICY!r}, "context": {{"n": 1, "event": json.dumps(event), "none": None}}}}
"""


def authorizer(fn: Functions, api: Api, text: str = ALLOW, **members: Any) -> str:
    name = fn.make(text)
    wanted = {"name": fresh("authorizer"), "type": "TOKEN", "authorizerUri": fn.uri(name), "identitySource": "method.request.header.Token", **members}
    made: str = api.gw.create_authorizer(restApiId=api.id, **wanted)["id"]
    fn.permit(name, api.id, SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/authorizers/{made}")
    return made


def lines(answer: Any) -> list[str]:
    first, *rest = answer["log"].rstrip("\n").split("\n")
    number = re.fullmatch(r"Execution log for request ([0-9a-f-]{36})", first)
    assert number
    return [re.sub(r"^.{28} : ", "", line).replace(number[1], "ID") for line in rest]


# Seen: the atlas, auth §5.3.
def test_a_token_is_judged_by_the_function(fn: Functions, api: Api, gw: Any) -> None:
    made = authorizer(fn, api)
    answer = gw.test_invoke_authorizer(restApiId=api.id, authorizerId=made, headers={"Token": "Bearer x"})
    assert (status(answer), answer["clientStatus"], answer["principalId"]) == (200, 200, "somebody")
    assert json.loads(answer["policy"]) == POLICY
    event = json.loads(answer["authorization"]["event"][0])
    assert event == {"type": "TOKEN", "authorizationToken": "Bearer x", "methodArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/ESTestInvoke-stage/GET/"}
    assert answer["authorization"].keys() == {"n", "event"} and answer["authorization"]["n"] == ["1"]
    assert answer["latency"] >= 0
    told = lines(answer)
    assert told[0] == f"Starting authorizer: {made} for request: ID"
    assert told[1] == "Incoming identity: ********"
    assert told[-2] == "Using valid authorizer policy for principal: *******y"
    assert told[-1] == "Successfully completed authorizer execution for request: ID"


@pytest.mark.parametrize(
    "token, client_status, last",
    [
        ("no", 401, "Unauthorized request: ID"),
        (None, 401, "Unauthorized request: ID"),
        ("", 401, "Unauthorized request: ID"),
        ("broken", 500, "AuthorizerConfigurationException"),
        ("raise", 500, "AuthorizerConfigurationException"),
    ],
)
def test_what_is_no_policy_is_told_as_a_client_would_be(fn: Functions, api: Api, gw: Any, token: Any, client_status: int, last: str) -> None:
    made = authorizer(fn, api)
    answer = gw.test_invoke_authorizer(restApiId=api.id, authorizerId=made, headers={} if token is None else {"Token": token})
    assert (answer["clientStatus"], lines(answer)[-1]) == (client_status, last)
    assert "policy" not in answer and "principalId" not in answer


def test_an_expression_is_asked_before_the_function(fn: Functions, api: Api, gw: Any) -> None:
    made = authorizer(fn, api, identityValidationExpression="Bearer [a-z]+")
    told = {token: gw.test_invoke_authorizer(restApiId=api.id, authorizerId=made, headers={"Token": token}) for token in ("Bearer x", "Bearer x1", "x")}
    assert {token: answer["clientStatus"] for token, answer in told.items()} == {"Bearer x": 200, "Bearer x1": 401, "x": 401}
    assert "Endpoint request" not in told["x"]["log"]


def test_a_request_is_judged_by_all_its_sources(fn: Functions, api: Api, gw: Any) -> None:
    sources = "method.request.header.A, method.request.querystring.b, stageVariables.c, context.d"
    made = authorizer(fn, api, type="REQUEST", identitySource=sources)
    whole = {"headers": {"A": "1"}, "pathWithQueryString": "/pets/x?b=2", "stageVariables": {"c": "3"}, "additionalContext": {"d": "4"}}
    answer = gw.test_invoke_authorizer(restApiId=api.id, authorizerId=made, **whole)
    assert answer["clientStatus"] == 200, answer["log"]
    event = json.loads(answer["authorization"]["event"][0])
    assert (event["type"], event["path"], event["httpMethod"], event["headers"]["A"]) == ("REQUEST", "/pets/x", "GET", "1")
    assert (event["queryStringParameters"], event["stageVariables"], event["pathParameters"]) == ({"b": "2"}, {"c": "3"}, {})
    assert "body" not in event and event["requestContext"]["apiId"] == api.id
    for missing in whole:
        answer = gw.test_invoke_authorizer(restApiId=api.id, authorizerId=made, **{key: value for key, value in whole.items() if key != missing})
        assert answer["clientStatus"] == 401, missing


def test_a_function_that_may_not_be_invoked_is_a_500(fn: Functions, api: Api, gw: Any) -> None:
    name = fn.make(ALLOW)
    made = gw.create_authorizer(restApiId=api.id, name="a", type="TOKEN", authorizerUri=fn.uri(name), identitySource="method.request.header.Token")["id"]
    answer = gw.test_invoke_authorizer(restApiId=api.id, authorizerId=made, headers={"Token": "x"})
    assert answer["clientStatus"] == 500 and "Invalid permissions on Lambda function" in answer["log"]


def test_an_authorizer_that_is_not_there_is_told(api: Api, gw: Any) -> None:
    told = refusal(gw.test_invoke_authorizer, restApiId=api.id, authorizerId="nowher")
    assert told == (404, "NotFoundException", "Invalid Authorizer identifier specified")
    assert refusal(gw.test_invoke_authorizer, restApiId="nowhere", authorizerId="x")[:2] == (404, "NotFoundException")
