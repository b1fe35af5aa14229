"""Resource policies, as a request meets them."""

from __future__ import annotations

import json
from typing import Any

import pytest

import wire
from bench import Api, patch, refusal
from program import ACCOUNT, REGION, Cardea

ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
HERE = {"IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]}}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def opened(cardea: Cardea, *statements: dict[str, Any]) -> Api:
    return Api(cardea, policy=policy(*statements)).mock("/pets").mock("/pets", "POST")


def denied(api: Api, verb: str, path: str, tail: str = "") -> str:
    """AWS's text, the account masked but for its last four digits."""
    masked = "*" * (len(ACCOUNT) - 4) + ACCOUNT[-4:]
    arn = f"arn:aws:execute-api:{REGION}:{masked}:{api.id}/{api.stage}/{verb}{path}"
    return json.dumps({"Message": f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn}{tail}"}, separators=(",", ":"))


def told(answer: wire.Answer) -> tuple[int, Any, str]:
    return answer.status, answer.error_type, answer.text


def test_a_policy_opens_what_it_names_and_silence_is_a_no(cardea: Cardea) -> None:
    api = opened(cardea, {**ALLOW, "Resource": "execute-api:/dev/GET/*"})
    api.deploy()
    assert api.call("/pets").status == 200
    assert told(api.call("/pets", "POST")) == (403, "AccessDeniedException", denied(api, "POST", "/pets"))


def test_a_denial_wins_and_says_so(cardea: Cardea) -> None:
    api = opened(cardea, ALLOW, {**ALLOW, "Effect": "Deny", "Sid": "NoPost", "Resource": "execute-api:/*/POST/*"})
    api.deploy()
    assert api.call("/pets").status == 200
    answer = api.call("/pets", "POST")
    assert told(answer) == (403, "AccessDeniedException", denied(api, "POST", "/pets", " with an explicit deny"))


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (HERE, 200),
        ({"NotIpAddress": HERE["IpAddress"]}, 403),
        ({"StringLike": {"aws:UserAgent": "conform*"}}, 200),
        ({"StringLike": {"aws:UserAgent": "curl/*"}}, 403),
        ({"StringEquals": {"aws:Referer": "https://example.com/"}}, 200),
        ({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}, 200),
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, 403),
        ({"Bool": {"aws:SecureTransport": "false"}}, 200),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}, "NumericLessThan": {"aws:EpochTime": "99999999999"}}, 200),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, 403),
        ({"Null": {"aws:PrincipalArn": "true"}}, 200),
    ],
)
def test_conditions(cardea: Cardea, condition: dict[str, Any], status: int) -> None:
    api = opened(cardea, {**ALLOW, "Condition": condition})
    api.deploy()
    answer = api.call("/pets", headers={"User-Agent": "conformance/1", "Referer": "https://example.com/"})
    assert answer.status == status, answer.text


def test_a_policy_counts_from_the_next_deployment(cardea: Cardea) -> None:
    api = opened(cardea, ALLOW)
    api.deploy()
    api.gw.update_rest_api(restApiId=api.id, patchOperations=patch(("replace", "/policy", policy({**ALLOW, "Effect": "Deny"}))))
    assert api.call("/pets").status == 200
    api.deploy()
    assert api.call("/pets").status == 403
    api.gw.update_rest_api(restApiId=api.id, patchOperations=patch(("replace", "/policy", "")))
    api.deploy()
    assert api.call("/pets").status == 200


def test_a_refusal_can_be_worded(cardea: Cardea) -> None:
    api = opened(cardea, {**ALLOW, "Effect": "Deny"})
    worded = {"application/json": '{"no":$context.error.messageString,"type":"$context.error.responseType"}'}
    api.gw.put_gateway_response(restApiId=api.id, responseType="ACCESS_DENIED", statusCode="404", responseTemplates=worded)
    api.deploy()
    answer = api.call("/pets")
    assert (answer.status, answer.json()["type"]) == (404, "ACCESS_DENIED")
    assert answer.json()["no"].endswith(" with an explicit deny")


def test_the_statement_that_decided_is_explained(cardea: Cardea) -> None:
    api = opened(cardea, ALLOW, {**ALLOW, "Effect": "Deny", "Sid": "Closed"})
    api.deploy()
    answer = api.call("/pets")
    story = cardea.signed("GET", f"/_cardea/explain/{answer.header('x-amzn-RequestId')}").text
    assert "statement 2 (Closed) of the resource policy denies it" in story


def test_a_preflight_is_asked_like_everything_else(cardea: Cardea) -> None:
    api = opened(cardea, {**ALLOW, "Resource": ["execute-api:/dev/GET/*", "execute-api:/dev/OPTIONS/*"]}).mock("/pets", "OPTIONS")
    api.deploy()
    assert (api.call("/pets", "OPTIONS").status, api.call("/pets", "POST").status) == (200, 403)


@pytest.mark.parametrize(
    "statement",
    [
        {**ALLOW, "Effect": "Maybe"},
        {**ALLOW, "Action": "Invoke"},
        {**ALLOW, "Principal": {"AWS": "nobody"}},
        {**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "home"}}},
        {**ALLOW, "Condition": {"StringSimilar": {"aws:Referer": "x"}}},
        {name: value for name, value in ALLOW.items() if name != "Principal"},
    ],
)
def test_a_policy_that_says_nothing_sensible_is_not_taken(gw: Any, statement: dict[str, Any]) -> None:
    text = "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."
    assert refusal(gw.create_rest_api, name="a", policy=policy(statement)) == (400, "BadRequestException", text)
