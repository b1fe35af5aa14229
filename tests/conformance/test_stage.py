"""Stage: where a deployment is served, and its live settings."""

from __future__ import annotations

from typing import Any

import pytest

from bench import Api, members, patch, refusal, status

WRONG_STAGE = (404, "NotFoundException", "Invalid stage identifier specified")  # assumed
METHOD_SETTING = {
    "metricsEnabled": False,
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}
INVALID_PATH = (
    "Invalid method setting path: {}. Must be one of: [/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, "
    "/accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{{resourcePath}}/{{httpMethod}}/metrics/enabled, "
    "/{{resourcePath}}/{{httpMethod}}/logging/dataTrace, /{{resourcePath}}/{{httpMethod}}/logging/loglevel, "
    "/{{resourcePath}}/{{httpMethod}}/throttling/burstLimit/{{resourcePath}}/{{httpMethod}}/throttling/rateLimit/{{resourcePath}}/{{httpMethod}}"
    "/caching/ttlInSeconds, /{{resourcePath}}/{{httpMethod}}/caching/enabled, /{{resourcePath}}/{{httpMethod}}/caching/dataEncrypted, "
    "/{{resourcePath}}/{{httpMethod}}/caching/requireAuthorizationForCacheControl, "
    "/{{resourcePath}}/{{httpMethod}}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, "
    "/*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, "
    "/*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, "
    "/variables/{{variable_name}}, /tracingEnabled]"
)


class Staged:
    """An API with a deployment and a stage `s1`."""

    def __init__(self, api: Api):
        self.api, self.gw = api, api.gw
        self.deployment = self.gw.create_deployment(restApiId=api.mock("/pets").id)["id"]
        self.at = {"restApiId": api.id, "stageName": "s1"}
        self.made = self.gw.create_stage(**self.at, deploymentId=self.deployment)
        api.stage = "s1"

    def patch(self, *operations: tuple[Any, ...]) -> Any:
        return self.gw.update_stage(**self.at, patchOperations=patch(*operations))

    def refused(self, *operations: tuple[Any, ...]) -> tuple[int, str, str]:
        return refusal(self.gw.update_stage, **self.at, patchOperations=patch(*operations))


@pytest.fixture
def staged(api: Api) -> Staged:
    return Staged(api)


def test_a_fresh_stage_has_exactly_these_members(staged: Staged) -> None:
    assert status(staged.made) == 201
    made = members(staged.made)
    assert made.pop("createdDate") <= made.pop("lastUpdatedDate")
    assert made == {
        "deploymentId": staged.deployment,
        "stageName": "s1",
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": False,
    }


def test_what_was_given_is_told_again(staged: Staged) -> None:
    given = {"description": "d", "variables": {"a": "1"}, "tracingEnabled": True, "tags": {"t": "1"}}
    answer = staged.gw.create_stage(restApiId=staged.api.id, stageName="s2", deploymentId=staged.deployment, **given)
    assert {key: answer[key] for key in given} == given
    assert members(staged.gw.get_stage(restApiId=staged.api.id, stageName="s2")) == members(answer)


def test_stages_are_listed_whole_and_by_deployment(staged: Staged) -> None:
    other = staged.gw.create_deployment(restApiId=staged.api.id)["id"]
    staged.gw.create_stage(restApiId=staged.api.id, stageName="s2", deploymentId=other)
    listed = members(staged.gw.get_stages(restApiId=staged.api.id))
    assert set(listed) == {"item"} and {stage["stageName"] for stage in listed["item"]} == {"s1", "s2"}
    assert [stage["stageName"] for stage in staged.gw.get_stages(restApiId=staged.api.id, deploymentId=other)["item"]] == ["s2"]


@pytest.mark.parametrize("name", ["a b", "a.b", "a/b", "ü", "x" * 129])
def test_a_stage_name_is_letters_digits_dash_and_underscore(staged: Staged, name: str) -> None:
    params = {"restApiId": staged.api.id, "stageName": name, "deploymentId": staged.deployment}
    code, kind, message = refusal(staged.gw.create_stage, **params)
    assert (code, kind) == (400, "BadRequestException")
    if len(name) < 100:
        assert message == "Stage name only allows a-zA-Z0-9_-"  # assumed


def test_a_second_stage_of_a_name_conflicts(staged: Staged) -> None:
    # assumed
    assert refusal(staged.gw.create_stage, **staged.at, deploymentId=staged.deployment) == (409, "ConflictException", "Stage already exists")


def test_a_stage_needs_a_deployment_that_is_there(staged: Staged) -> None:
    params = {"restApiId": staged.api.id, "stageName": "s2", "deploymentId": "nosuch"}
    code, kind, _ = refusal(staged.gw.create_stage, **params)
    assert (code, kind) in [(400, "BadRequestException"), (404, "NotFoundException")]


def test_an_unknown_stage_is_not_found(staged: Staged) -> None:
    at = {"restApiId": staged.api.id, "stageName": "nosuch"}
    assert refusal(staged.gw.get_stage, **at) == WRONG_STAGE
    assert refusal(staged.gw.delete_stage, **at) == WRONG_STAGE
    assert refusal(staged.gw.update_stage, **at, patchOperations=patch(("replace", "/description", "x"))) == WRONG_STAGE


def test_a_deleted_stage_is_not_served(staged: Staged) -> None:
    assert staged.api.call("/pets").status == 200
    assert status(staged.gw.delete_stage(**staged.at)) == 202
    answer = staged.api.call("/pets")
    assert (answer.status, answer.text) == (403, '{"message":"Forbidden"}')


@pytest.mark.parametrize(
    ("operations", "told"),
    [
        ([("replace", "/description", "new")], {"description": "new"}),
        ([("replace", "/tracingEnabled", "true")], {"tracingEnabled": True}),
        ([("replace", "/variables/a", "1")], {"variables": {"a": "1"}}),
        ([("replace", "/variables/a", "1"), ("replace", "/variables/b", "2"), ("remove", "/variables/a")], {"variables": {"b": "2"}}),
        ([("replace", "/variables", '{"x":"y"}')], {"variables": {"x": "y"}}),
        ([("replace", "/*/*/throttling/rateLimit", "5.5")], {"methodSettings": {"*/*": {**METHOD_SETTING, "throttlingRateLimit": 5.5}}}),
        ([("replace", "/*/*/throttling/burstLimit", "7")], {"methodSettings": {"*/*": {**METHOD_SETTING, "throttlingBurstLimit": 7}}}),
        ([("replace", "/*/*/caching/enabled", "true")], {"methodSettings": {"*/*": {**METHOD_SETTING, "cachingEnabled": True}}}),
        ([("replace", "/*/*/metrics/enabled", "true")], {"methodSettings": {"*/*": {**METHOD_SETTING, "metricsEnabled": True}}}),
        (
            [("replace", "/~1pets/GET/throttling/burstLimit", "1")],
            {"methodSettings": {"~1pets/GET": {**METHOD_SETTING, "throttlingBurstLimit": 1}}},
        ),
        ([("replace", "/pets/GET/throttling/burstLimit", "1")], {"methodSettings": {"pets/GET": {**METHOD_SETTING, "throttlingBurstLimit": 1}}}),
        ([("replace", "/~1/GET/caching/ttlInSeconds", "9")], {"methodSettings": {"~1/GET": {**METHOD_SETTING, "cacheTtlInSeconds": 9}}}),
        (
            [("replace", "/*/*/throttling/rateLimit", "3"), ("replace", "/~1pets/GET/caching/enabled", "true"), ("replace", "/*/*/throttling/rateLimit", "4")],
            {
                "methodSettings": {
                    "*/*": {**METHOD_SETTING, "throttlingRateLimit": 4.0},
                    "~1pets/GET": {**METHOD_SETTING, "throttlingRateLimit": 3.0, "cachingEnabled": True},
                }
            },
        ),
        ([("replace", "/accessLogSettings/format", "$context.requestId")], {"accessLogSettings": {"format": "$context.requestId"}}),
        ([("replace", "/cacheClusterSize", "0.5")], {"cacheClusterSize": "0.5"}),
        ([("replace", "/variables/a", "1"), ("remove", "/variables")], {"variables": None}),
        ([("replace", "/*/*/logging/dataTrace", "true")], {"methodSettings": {"*/*": {**METHOD_SETTING, "dataTraceEnabled": True}}}),
        ([("replace", "/*/*/caching/dataEncrypted", "true")], {"methodSettings": {"*/*": {**METHOD_SETTING, "cacheDataEncrypted": True}}}),
        (
            [("replace", "/*/*/caching/requireAuthorizationForCacheControl", "false")],
            {"methodSettings": {"*/*": {**METHOD_SETTING, "requireAuthorizationForCacheControl": False}}},
        ),
        (
            [("replace", "/*/*/caching/unauthorizedCacheControlHeaderStrategy", "FAIL_WITH_403")],
            {"methodSettings": {"*/*": {**METHOD_SETTING, "unauthorizedCacheControlHeaderStrategy": "FAIL_WITH_403"}}},
        ),
        (
            [("replace", "/~1pets/GET/caching/enabled", "true"), ("replace", "/~1pets/PUT/caching/enabled", "true"), ("remove", "/~1pets/GET")],
            {"methodSettings": {"~1pets/PUT": {**METHOD_SETTING, "cachingEnabled": True}}},
        ),
    ],
)
def test_each_patchable_path_changes_what_it_names(staged: Staged, operations: list[tuple[Any, ...]], told: dict[str, Any]) -> None:
    answer = staged.patch(*operations)
    assert status(answer) == 200
    assert {key: answer.get(key) for key in told} == told
    assert members(staged.gw.get_stage(**staged.at)) == members(answer)


def test_removing_the_settings_of_all_methods_resets_them(staged: Staged) -> None:
    message = "Cannot remove method setting */* because there is no method setting for this method "
    assert staged.refused(("remove", "/*/*")) == (400, "BadRequestException", message)
    staged.patch(("replace", "/*/*/caching/enabled", "true"))
    assert staged.patch(("remove", "/*/*"))["methodSettings"] == {}


@pytest.mark.parametrize("path", ["/nothing", "/tags/tag1", "/documentation_version", "/canarySettings"])
def test_an_unknown_path_is_refused_with_the_list_of_paths(staged: Staged, path: str) -> None:
    assert staged.refused(("replace", path, "x")) == (400, "BadRequestException", INVALID_PATH.format(path))


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        (
            [("replace", "/accessLogSettings/wrong", "x")],
            "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]",
        ),
        ([("replace", "/accessLogSettings/format", "")], "Access Log value must not be empty"),
        ([("add", "/canarySettings/deploymentId", "x")], "Invalid add operation with path: /canarySettings/deploymentId"),
        ([("replace", "/canarySettings/deploymentId", "nosuch")], "Deployment id does not exist"),
        ([("copy", "/deploymentId", None, "/canarySettings/deploymentId")], "Promotion not available. Canary does not exist."),
        (
            [("copy", "/x", None, "/y")],
            "Invalid copy operation with path: /x and from /y. Valid copy:path are [/deploymentId, /variables] and valid copy:from are "
            "[/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]",
        ),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(staged: Staged, operations: list[tuple[Any, ...]], message: str) -> None:
    assert staged.refused(*operations) == (400, "BadRequestException", message)


def test_access_log_settings_are_removed_by_halves_or_whole(staged: Staged) -> None:
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:pets"
    staged.patch(("replace", "/accessLogSettings/format", "$context.requestId"), ("replace", "/accessLogSettings/destinationArn", f"{arn}:*"))
    assert staged.gw.get_stage(**staged.at)["accessLogSettings"]["destinationArn"] in (arn, f"{arn}:*")
    assert "format" not in staged.patch(("remove", "/accessLogSettings/format"))["accessLogSettings"]
    assert "accessLogSettings" not in staged.patch(("remove", "/accessLogSettings"))


def test_stage_variables_are_live(staged: Staged, backend: Any) -> None:
    staged.api.proxy("/v", backend.url + "/${stageVariables.where}", "GET")
    staged.gw.update_stage(
        **staged.at,
        patchOperations=patch(
            ("replace", "/deploymentId", staged.gw.create_deployment(restApiId=staged.api.id)["id"]), ("replace", "/variables/where", "here")
        ),
    )
    assert staged.api.call("/v").json()["target"] == "/here"
    staged.patch(("replace", "/variables/where", "there"))
    assert staged.api.call("/v").json()["target"] == "/there"


def test_a_canary_is_made_by_patching_and_promoted(staged: Staged) -> None:
    canary = staged.gw.create_deployment(restApiId=staged.api.id)["id"]
    staged.patch(("replace", "/variables/a", "stage"), ("replace", "/variables/b", "kept"))
    made = staged.patch(("replace", "/canarySettings/percentTraffic", "50"))["canarySettings"]
    assert made == {"deploymentId": staged.deployment, "percentTraffic": 50.0, "useStageCache": False}
    staged.patch(("replace", "/canarySettings/deploymentId", canary), ("replace", "/canarySettings/stageVariableOverrides/a", "canary"))
    promoted = staged.patch(
        ("replace", "/canarySettings/percentTraffic", "0.0"),
        ("copy", "/deploymentId", None, "/canarySettings/deploymentId"),
        ("copy", "/variables", None, "/canarySettings/stageVariableOverrides"),
    )
    assert (promoted["deploymentId"], promoted["variables"]) == (canary, {"a": "canary", "b": "kept"})
    assert promoted["canarySettings"]["percentTraffic"] == 0.0
    assert "canarySettings" not in staged.patch(("remove", "/canarySettings"))


def test_the_parts_of_a_canary_are_patched_one_by_one(staged: Staged) -> None:
    staged.patch(("replace", "/canarySettings/percentTraffic", "50"))
    now = staged.patch(
        ("replace", "/canarySettings/stageVariableOverrides", '{"x":"y","z":"0"}'),
        ("replace", "/canarySettings/useStageCache", "true"),
        ("remove", "/canarySettings/stageVariableOverrides/z"),
    )
    assert now["canarySettings"] == {
        "deploymentId": staged.deployment,
        "percentTraffic": 50.0,
        "useStageCache": True,
        "stageVariableOverrides": {"x": "y"},
    }


@pytest.mark.parametrize("path", ["/canarySettings/stageVariableOverrides", "/canarySettings/badPath", "/accessLogSettings/destinationArn", "/nothing"])
def test_removing_what_is_not_there_is_refused(staged: Staged, path: str) -> None:
    message = f"Cannot remove method setting {path[1:]} because there is no method setting for this method "
    assert staged.refused(("remove", path)) == (400, "BadRequestException", message)


def test_the_default_endpoint_can_be_switched_off(staged: Staged) -> None:
    staged.gw.update_rest_api(restApiId=staged.api.id, patchOperations=patch(("replace", "/disableExecuteApiEndpoint", "true")))
    staged.patch(("replace", "/description", "touched"))
    answer = staged.api.call("/pets")
    assert (answer.status, answer.text, answer.error_type) == (403, '{"message":"Forbidden"}', "ForbiddenException")


def test_what_a_stage_remembers_can_be_forgotten(api: Api, gw: Any) -> None:
    api.mock().deploy("dev")
    assert status(gw.flush_stage_cache(restApiId=api.id, stageName="dev")) == 202
    assert status(gw.flush_stage_authorizers_cache(restApiId=api.id, stageName="dev")) == 202
    for call in (gw.flush_stage_cache, gw.flush_stage_authorizers_cache):
        assert refusal(call, restApiId=api.id, stageName="nosuch")[:2] == (404, "NotFoundException")
