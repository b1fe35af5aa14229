"""Account and Tags."""

from __future__ import annotations

from typing import Any

import pytest

from bench import Api, fresh, members, patch, refusal, status
from program import REGION


def arn(path: str) -> str:
    return f"arn:aws:apigateway:{REGION}::{path}"


def test_the_account_is_there_from_the_start(start: Any) -> None:
    answer = start().client().get_account()
    assert status(answer) == 200
    told = members(answer)
    assert told.pop("apiKeyVersion", "4") == "4"  # assumed
    assert told == {"throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0}, "features": ["UsagePlans"]}


def test_the_logging_role_is_set_and_cleared(start: Any) -> None:
    gw = start().client()
    role = "arn:aws:iam::000000000000:role/logs"
    assert gw.update_account(patchOperations=patch(("replace", "/cloudwatchRoleArn", role)))["cloudwatchRoleArn"] == role
    assert gw.get_account()["cloudwatchRoleArn"] == role
    assert "cloudwatchRoleArn" not in gw.update_account(patchOperations=patch(("replace", "/cloudwatchRoleArn", "")))


def test_usage_plans_cannot_be_switched_off(gw: Any) -> None:
    # assumed
    code, kind, message = refusal(gw.update_account, patchOperations=patch(("remove", "/features", "UsagePlans")))
    assert (code, kind, message) == (400, "BadRequestException", "Usage Plans cannot be disabled once enabled")


def test_an_unknown_path_of_the_account_is_refused(gw: Any) -> None:
    assert refusal(gw.update_account, patchOperations=patch(("replace", "/throttleSettings", "x")))[:2] == (400, "BadRequestException")


def test_tags_are_merged_told_and_taken_away(api: Api, gw: Any) -> None:
    at = {"resourceArn": arn(f"/restapis/{api.id}")}
    assert gw.get_tags(**at)["tags"] == {}
    assert status(gw.tag_resource(**at, tags={"a": "1", "b": "2"})) == 204
    gw.tag_resource(**at, tags={"b": "3", "c d": "ü"})
    assert gw.get_tags(**at)["tags"] == {"a": "1", "b": "3", "c d": "ü"}
    assert gw.get_rest_api(restApiId=api.id)["tags"] == {"a": "1", "b": "3", "c d": "ü"}
    assert status(gw.untag_resource(**at, tagKeys=["a", "c d"])) == 204
    assert gw.get_tags(**at)["tags"] == {"b": "3"}


def test_stages_keys_and_plans_have_tags_too(api: Api, gw: Any) -> None:
    api.mock().deploy("dev")
    key, plan = gw.create_api_key(tags={"x": "y"})["id"], gw.create_usage_plan(name=fresh("plan"))["id"]
    assert gw.get_tags(resourceArn=arn(f"/apikeys/{key}"))["tags"] == {"x": "y"}
    for path in (f"/restapis/{api.id}/stages/dev", f"/apikeys/{key}", f"/usageplans/{plan}"):
        gw.tag_resource(resourceArn=arn(path), tags={"t": "1"})
        assert gw.get_tags(resourceArn=arn(path))["tags"]["t"] == "1"
    assert gw.get_stage(restApiId=api.id, stageName="dev")["tags"] == {"t": "1"}


@pytest.mark.parametrize("path", ["/restapis/nosuchapi0", "/usageplans/nosuch", "/apikeys/nosuchkey0"])
def test_the_tags_of_nothing_are_not_found(gw: Any, path: str) -> None:
    assert refusal(gw.get_tags, resourceArn=arn(path))[:2] == (404, "NotFoundException")


@pytest.mark.parametrize("name", ["not-an-arn", "arn:aws:s3:::bucket"])
def test_an_arn_of_something_else_is_refused(gw: Any, name: str) -> None:
    code, kind, _ = refusal(gw.get_tags, resourceArn=name)
    assert (code, kind) in [(400, "BadRequestException"), (404, "NotFoundException")]


@pytest.mark.parametrize("tags", [{"aws:x": "1"}, {"k" * 129: "v"}, {"k": "v" * 257}, {f"k{index}": "v" for index in range(51)}])
def test_tags_have_limits(api: Api, gw: Any, tags: dict[str, str]) -> None:
    code, kind, _ = refusal(gw.tag_resource, resourceArn=arn(f"/restapis/{api.id}"), tags=tags)
    assert code in (400, 429) and kind in ("BadRequestException", "LimitExceededException", "ValidationException")
