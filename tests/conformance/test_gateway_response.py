"""GatewayResponse: as the control plane tells it."""

from __future__ import annotations

from typing import Any

from bench import Api, members, patch, refusal, status

DEFAULT = {"application/json": '{"message":$context.error.messageString}'}


def test_each_type_is_there_from_the_start(api: Api, gw: Any) -> None:
    found = gw.get_gateway_responses(restApiId=api.id)["items"]
    names = [one["responseType"] for one in found]
    assert len(names) == 21 and names == sorted(names)
    assert all(one["defaultResponse"] for one in found)
    told = members(gw.get_gateway_response(restApiId=api.id, responseType="MISSING_AUTHENTICATION_TOKEN"))
    assert told == {
        "responseType": "MISSING_AUTHENTICATION_TOKEN",
        "statusCode": "403",
        "responseParameters": {},
        "responseTemplates": DEFAULT,
        "defaultResponse": True,
    }
    assert "statusCode" not in gw.get_gateway_response(restApiId=api.id, responseType="DEFAULT_4XX")


def test_a_type_is_worded_changed_and_forgotten(api: Api, gw: Any) -> None:
    at = {"restApiId": api.id, "responseType": "ACCESS_DENIED"}
    given = {"statusCode": "404", "responseParameters": {"gatewayresponse.header.X": "'x'"}, "responseTemplates": {"text/plain": "no"}}
    answer = gw.put_gateway_response(**at, **given)
    assert status(answer) == 201
    made = members(answer)
    assert made == {"responseType": "ACCESS_DENIED", "defaultResponse": False, **given}
    assert members(gw.get_gateway_response(**at)) == made
    changed = gw.update_gateway_response(
        **at,
        patchOperations=patch(
            ("replace", "/statusCode", "418"),
            ("add", "/responseParameters/gatewayresponse.header.Y", "'y'"),
            ("remove", "/responseTemplates/text~1plain"),
        ),
    )
    assert changed["statusCode"] == "418"
    assert changed["responseParameters"] == {"gatewayresponse.header.X": "'x'", "gatewayresponse.header.Y": "'y'"}
    assert status(gw.delete_gateway_response(**at)) == 202
    assert gw.get_gateway_response(**at)["defaultResponse"] is True
    gone = refusal(gw.delete_gateway_response, **at)
    assert gone == (404, "NotFoundException", "Gateway response type not defined on api")


def test_what_is_not_said_is_filled_in(api: Api, gw: Any) -> None:
    made = gw.put_gateway_response(restApiId=api.id, responseType="THROTTLED", statusCode="503")
    assert (made["statusCode"], made["responseTemplates"]) == ("503", DEFAULT)


def test_a_type_that_is_none_is_told_as_a_constraint(api: Api, gw: Any) -> None:
    code, kind, message = refusal(gw.get_gateway_response, restApiId=api.id, responseType="NOTHING")
    assert (code, kind) == (400, "ValidationException")
    assert "at 'responseType'" in message


def test_an_unknown_api_is_not_found(gw: Any) -> None:
    for call in (gw.get_gateway_responses, gw.get_gateway_response, gw.put_gateway_response, gw.delete_gateway_response):
        named = {} if call == gw.get_gateway_responses else {"responseType": "THROTTLED"}
        assert refusal(call, restApiId="nosuchapi0", **named)[:2] == (404, "NotFoundException")
