"""Deployment: snapshots of an API."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from bench import Api, members, patch, refusal, status
from program import ACCOUNT

WRONG_DEPLOYMENT = (404, "NotFoundException", "Invalid Deployment identifier specified")  # assumed


def test_a_fresh_deployment_has_exactly_these_members(api: Api, gw: Any) -> None:
    answer = gw.create_deployment(restApiId=api.mock().id)
    assert status(answer) == 201
    made = members(answer)
    assert re.fullmatch(r"[a-z0-9]{6}", made.pop("id"))
    assert abs(made.pop("createdDate").timestamp() - time.time()) < 60
    assert made == {}
    assert gw.create_deployment(restApiId=api.id, description="first")["description"] == "first"


def test_a_deployment_is_told_again(api: Api, gw: Any) -> None:
    made = members(gw.create_deployment(restApiId=api.mock().id, description="d"))
    assert members(gw.get_deployment(restApiId=api.id, deploymentId=made["id"])) == made


def test_a_summary_comes_when_it_is_asked_for(api: Api, gw: Any) -> None:
    made = gw.create_deployment(restApiId=api.mock("/pets", apiKeyRequired=True).id)
    told = gw.get_deployment(restApiId=api.id, deploymentId=made["id"], embed=["apisummary"])
    assert told["apiSummary"] == {"/pets": {"GET": {"authorizationType": "NONE", "apiKeyRequired": True}}}


def test_an_api_without_methods_cannot_be_deployed(api: Api, gw: Any) -> None:
    # assumed
    assert refusal(gw.create_deployment, restApiId=api.id) == (400, "BadRequestException", "The REST API doesn't contain any methods")


def test_a_method_without_an_integration_cannot_be_deployed(api: Api, gw: Any) -> None:
    # assumed
    api.mock("/whole").method("/half")
    code, kind, message = refusal(gw.create_deployment, restApiId=api.id)
    assert (code, kind) == (400, "BadRequestException") and message.startswith("No integration defined for method")


def test_an_unknown_api_cannot_be_deployed(gw: Any) -> None:
    assert refusal(gw.create_deployment, restApiId="nosuchapi0") == (404, "NotFoundException", f"Invalid API identifier specified {ACCOUNT}:nosuchapi0")


def test_deploying_to_a_name_makes_the_stage_and_then_moves_it(api: Api, gw: Any) -> None:
    first = api.mock().deploy("prod", stageDescription="live", variables={"a": "1"})
    made = gw.get_stage(restApiId=api.id, stageName="prod")
    assert (made["deploymentId"], made["description"], made["variables"]) == (first, "live", {"a": "1"})
    second = api.deploy("prod", variables={"a": "2"})
    moved = gw.get_stage(restApiId=api.id, stageName="prod")
    assert (moved["deploymentId"], moved["variables"]) == (second, {"a": "2"})
    assert {item["id"] for item in gw.get_deployments(restApiId=api.id)["items"]} == {first, second}


def test_a_deployment_is_a_snapshot(api: Api) -> None:
    api.mock("/pets", body='"old"').deploy()
    at = api.at("/pets")
    api.gw.put_integration_response(**at, statusCode="200", responseTemplates={"application/json": '"new"'})
    assert api.call("/pets").text == '"old"'
    api.deploy()
    assert api.call("/pets").text == '"new"'


def test_pointing_a_stage_back_is_a_rollback(api: Api, gw: Any) -> None:
    old = api.mock("/pets", body='"old"').deploy()
    gw.put_integration_response(**api.at("/pets"), statusCode="200", responseTemplates={"application/json": '"new"'})
    api.deploy()
    gw.update_stage(restApiId=api.id, stageName="dev", patchOperations=patch(("replace", "/deploymentId", old)))
    assert api.call("/pets").text == '"old"'


def test_deployments_come_in_pages(api: Api, gw: Any) -> None:
    api.mock()
    made = {gw.create_deployment(restApiId=api.id)["id"] for _ in range(3)}
    first = gw.get_deployments(restApiId=api.id, limit=2)
    second = gw.get_deployments(restApiId=api.id, limit=2, position=first["position"])
    assert {item["id"] for item in first["items"] + second["items"]} == made and "position" not in second


def test_only_the_description_can_be_patched(api: Api, gw: Any) -> None:
    at = {"restApiId": api.mock().id, "deploymentId": gw.create_deployment(restApiId=api.id, description="old")["id"]}
    answer = gw.update_deployment(**at, patchOperations=patch(("replace", "/description", "new")))
    assert status(answer) == 200 and answer["description"] == "new"
    assert refusal(gw.update_deployment, **at, patchOperations=patch(("replace", "/id", "x")))[:2] == (400, "BadRequestException")


def test_a_deployment_in_use_cannot_be_deleted(api: Api, gw: Any) -> None:
    first = api.mock().deploy("s1")
    message = "Active stages pointing to this deployment must be moved or deleted"
    assert refusal(gw.delete_deployment, restApiId=api.id, deploymentId=first) == (400, "BadRequestException", message)
    api.deploy("s1")
    assert status(gw.delete_deployment(restApiId=api.id, deploymentId=first)) == 202
    assert refusal(gw.get_deployment, restApiId=api.id, deploymentId=first) == WRONG_DEPLOYMENT


@pytest.mark.parametrize(("name", "told"), [(None, "null"), ("", "")])
def test_a_canary_needs_a_stage(api: Api, gw: Any, name: Any, told: str) -> None:
    params = {} if name is None else {"stageName": name}
    message = f"Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is {told}"
    params = {"restApiId": api.mock().id, "canarySettings": {"percentTraffic": 50}, **params}
    assert refusal(gw.create_deployment, **params) == (400, "BadRequestException", message)


def test_a_canary_needs_a_stage_that_is_there(api: Api, gw: Any) -> None:
    message = "Invalid deployment content specified.Stage dev must already be created before making a canary release deployment"
    params = {"restApiId": api.mock().id, "stageName": "dev", "canarySettings": {"percentTraffic": 50}}
    assert refusal(gw.create_deployment, **params) == (400, "BadRequestException", message)


def test_a_canary_deployment_leaves_the_stage_where_it_is(api: Api, gw: Any) -> None:
    base = api.mock("/pets", body='"base"').deploy("dev", variables={"v": "base"})
    gw.put_integration_response(**api.at("/pets"), statusCode="200", responseTemplates={"application/json": '"canary"'})
    canary = api.deploy("dev", canarySettings={"percentTraffic": 100, "stageVariableOverrides": {"v": "canary"}})
    made = gw.get_stage(restApiId=api.id, stageName="dev")
    assert made["deploymentId"] == base
    assert made["canarySettings"] == {
        "deploymentId": canary,
        "percentTraffic": 100.0,
        "stageVariableOverrides": {"v": "canary"},
        "useStageCache": False,
    }
    assert api.call("/pets").text == '"canary"'
    gw.update_stage(restApiId=api.id, stageName="dev", patchOperations=patch(("replace", "/canarySettings/percentTraffic", "0.0")))
    assert api.call("/pets").text == '"base"'
