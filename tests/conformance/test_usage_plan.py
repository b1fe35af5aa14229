"""UsagePlan, UsagePlanKey, Usage: as the control plane tells them. What they do to requests: test_data_keys.py."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest

from bench import Api, fresh, members, patch, refusal, status

WRONG_PLAN = (404, "NotFoundException", "Invalid Usage Plan ID specified")


def created(gw: Any, **params: Any) -> dict[str, Any]:
    answer = gw.create_usage_plan(**{"name": fresh("plan"), **params})
    assert status(answer) == 201
    return members(answer)


@pytest.fixture
def staged(api: Api) -> Api:
    api.mock("/pets", apiKeyRequired=True).deploy("dev")
    return api


def today() -> str:
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def test_a_fresh_plan_has_exactly_these_members(gw: Any) -> None:
    made = created(gw, name="gold")
    assert re.fullmatch(r"[a-z0-9]{6}", made.pop("id"))
    assert made == {"name": "gold", "apiStages": []}


def test_what_was_given_is_told_again(staged: Api, gw: Any) -> None:
    given = {
        "description": "d",
        "quota": {"limit": 10, "offset": 0, "period": "DAY"},
        "throttle": {"burstLimit": 1, "rateLimit": 2.0},
        "apiStages": [{"apiId": staged.id, "stage": "dev", "throttle": {"/pets/GET": {"burstLimit": 3, "rateLimit": 4.5}}}],
        "tags": {"t": "1"},
    }
    made = created(gw, **given)
    assert {key: made[key] for key in given} == given
    told = members(gw.get_usage_plan(usagePlanId=made["id"]))
    assert told == made


@pytest.mark.parametrize(("rate", "burst"), [(10, 20), (20, 10)])
def test_burst_and_rate_are_free_of_each_other(gw: Any, rate: int, burst: int) -> None:
    assert created(gw, throttle={"rateLimit": rate, "burstLimit": burst})["throttle"] == {"burstLimit": burst, "rateLimit": float(rate)}


def test_a_quota_without_an_offset_starts_at_none(gw: Any) -> None:
    assert created(gw, quota={"limit": 5, "period": "MONTH"})["quota"] == {"limit": 5, "offset": 0, "period": "MONTH"}


def test_a_stage_that_is_not_there_is_refused(staged: Api, gw: Any) -> None:
    code, kind, message = refusal(gw.create_usage_plan, name="x", apiStages=[{"apiId": staged.id, "stage": "nosuch"}])
    assert (code, kind) == (404, "NotFoundException")
    assert message.startswith(f"Invalid API Stage {{api: {staged.id}, stage: nosuch}} specified for usageplan")


def test_a_stage_without_its_parts_is_refused(gw: Any) -> None:
    assert refusal(gw.create_usage_plan, name="x", apiStages=[{"apiId": "abc"}]) == (400, "BadRequestException", "Invalid API Stage specified")


@pytest.mark.parametrize("quota", [{"limit": 5, "period": "YEAR"}, {"limit": -1, "period": "DAY"}])
def test_a_bad_quota_is_refused(gw: Any, quota: dict[str, Any]) -> None:
    code, kind, _ = refusal(gw.create_usage_plan, name="x", quota=quota)
    assert code == 400 and kind in ("ValidationException", "BadRequestException")


def test_an_unknown_plan_is_not_found(gw: Any) -> None:
    assert refusal(gw.get_usage_plan, usagePlanId="nosuch") == WRONG_PLAN
    assert refusal(gw.delete_usage_plan, usagePlanId="nosuch") == WRONG_PLAN
    assert refusal(gw.update_usage_plan, usagePlanId="nosuch", patchOperations=patch(("replace", "/name", "x"))) == WRONG_PLAN
    assert refusal(gw.create_usage_plan_key, usagePlanId="nosuch", keyId="x", keyType="API_KEY")[0] == 404


def test_plans_come_in_pages_and_can_be_found_by_key(start: Any) -> None:
    gw = start().client()
    made = [created(gw)["id"] for _ in range(3)]
    first = gw.get_usage_plans(limit=2)
    second = gw.get_usage_plans(limit=2, position=first["position"])
    assert sorted(item["id"] for item in first["items"] + second["items"]) == sorted(made)
    key = gw.create_api_key()["id"]
    gw.create_usage_plan_key(usagePlanId=made[1], keyId=key, keyType="API_KEY")
    assert [item["id"] for item in gw.get_usage_plans(keyId=key)["items"]] == [made[1]]


@pytest.mark.parametrize(
    ("operations", "told"),
    [
        ([("replace", "/name", "new")], {"name": "new"}),
        ([("replace", "/description", "new")], {"description": "new"}),
        ([("add", "/productCode", "abc")], {"productCode": "abc"}),
        ([("add", "/productCode", "abc"), ("remove", "/productCode")], {"productCode": None}),
        ([("add", "/productCode", "abc"), ("replace", "/productCode", "def")], {"productCode": "def"}),
        (
            [("add", "/quota/limit", "9"), ("add", "/quota/period", "DAY"), ("add", "/quota/offset", "2")],
            {"quota": {"limit": 9, "offset": 2, "period": "DAY"}},
        ),
        ([("add", "/throttle/rateLimit", "1.5"), ("replace", "/throttle/burstLimit", "3")], {"throttle": {"rateLimit": 1.5, "burstLimit": 3}}),
        ([("add", "/throttle/rateLimit", "1"), ("add", "/throttle/burstLimit", "3"), ("remove", "/throttle")], {"throttle": None}),
        (
            [("replace", "/quota/limit", "9"), ("replace", "/quota/period", "WEEK")],
            {"quota": {"limit": 9, "offset": 0, "period": "WEEK"}},
        ),
        ([("replace", "/quota/limit", "9"), ("replace", "/quota/period", "WEEK"), ("remove", "/quota")], {"quota": None}),
    ],
)
def test_each_patchable_path_changes_what_it_names(gw: Any, operations: list[tuple[Any, ...]], told: dict[str, Any]) -> None:
    made = created(gw)["id"]
    answer = gw.update_usage_plan(usagePlanId=made, patchOperations=patch(*operations))
    assert status(answer) == 200
    assert {key: answer.get(key) for key in told} == told
    assert answer["tags"] == {}


def test_stages_are_added_and_removed_with_their_throttles(staged: Api, gw: Any) -> None:
    made, stage = created(gw)["id"], f"{staged.id}:dev"

    def patched(*operations: tuple[Any, ...]) -> Any:
        return gw.update_usage_plan(usagePlanId=made, patchOperations=patch(*operations))["apiStages"]

    assert patched(("add", "/apiStages", stage)) == [{"apiId": staged.id, "stage": "dev"}]
    limited = patched(("add", f"/apiStages/{stage}/throttle", '{"/pets/GET":{"rateLimit":1,"burstLimit":2}}'))
    assert limited[0]["throttle"] == {"/pets/GET": {"rateLimit": 1.0, "burstLimit": 2}}
    limited = patched(("replace", f"/apiStages/{stage}/throttle/~1pets/GET/rateLimit", "7"))
    assert limited[0]["throttle"]["/pets/GET"]["rateLimit"] == 7.0
    assert not patched(("remove", f"/apiStages/{stage}/throttle/~1pets/GET"))[0].get("throttle")
    assert patched(("remove", "/apiStages", stage)) == []


@pytest.mark.parametrize("value", ["", "nonsense", "a:b:c"])
def test_a_stage_in_no_such_form_is_refused(gw: Any, value: str) -> None:
    made = created(gw)["id"]
    code, kind, message = refusal(gw.update_usage_plan, usagePlanId=made, patchOperations=patch(("add", "/apiStages", value)))
    assert (code, kind, message) == (400, "BadRequestException", "Invalid API Stage specified") or code == 404


def test_a_plan_with_stages_cannot_be_deleted(staged: Api, gw: Any) -> None:
    # assumed
    made = created(gw, apiStages=[{"apiId": staged.id, "stage": "dev"}])["id"]
    code, kind, message = refusal(gw.delete_usage_plan, usagePlanId=made)
    assert (code, kind) == (400, "BadRequestException") and message.startswith("Cannot delete usage plan")
    gw.update_usage_plan(usagePlanId=made, patchOperations=patch(("remove", "/apiStages", f"{staged.id}:dev")))
    assert status(gw.delete_usage_plan(usagePlanId=made)) == 202
    assert refusal(gw.get_usage_plan, usagePlanId=made) == WRONG_PLAN


# ── keys of a plan ──


def test_a_key_in_a_plan_has_exactly_these_members(gw: Any) -> None:
    plan, key = created(gw)["id"], gw.create_api_key(name="k")
    answer = gw.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert status(answer) == 201
    assert members(answer) == {"id": key["id"], "type": "API_KEY", "value": key["value"], "name": "k"}
    assert gw.get_usage_plan_key(usagePlanId=plan, keyId=key["id"])["id"] == key["id"]


def test_the_keys_of_a_plan_are_listed_by_prefix_and_page(gw: Any) -> None:
    plan = created(gw)["id"]
    for name in ("alpha-1", "alpha-2", "beta"):
        gw.create_usage_plan_key(usagePlanId=plan, keyId=gw.create_api_key(name=name)["id"], keyType="API_KEY")
    assert sorted(item["name"] for item in gw.get_usage_plan_keys(usagePlanId=plan, nameQuery="alpha")["items"]) == ["alpha-1", "alpha-2"]
    assert gw.get_usage_plan_keys(usagePlanId=plan, nameQuery="ALPHA")["items"] == []
    first = gw.get_usage_plan_keys(usagePlanId=plan, limit=2)
    second = gw.get_usage_plan_keys(usagePlanId=plan, limit=2, position=first["position"])
    assert len(first["items"]) == 2 and len(second["items"]) == 1


def test_the_keys_of_an_unknown_plan_are_none(gw: Any) -> None:
    assert gw.get_usage_plan_keys(usagePlanId="nosuch")["items"] == []


def test_an_unknown_key_cannot_join_a_plan(gw: Any) -> None:
    plan = created(gw)["id"]
    assert refusal(gw.create_usage_plan_key, usagePlanId=plan, keyId="nosuchkey0", keyType="API_KEY")[:2] == (404, "NotFoundException")
    assert refusal(gw.get_usage_plan_key, usagePlanId=plan, keyId="nosuchkey0")[:2] == (404, "NotFoundException")


def test_a_key_is_in_one_plan_of_a_stage_only(staged: Api, gw: Any) -> None:
    # assumed: the wording
    stages = [{"apiId": staged.id, "stage": "dev"}]
    first, second = created(gw, apiStages=stages)["id"], created(gw, apiStages=stages)["id"]
    key = gw.create_api_key()["id"]
    gw.create_usage_plan_key(usagePlanId=first, keyId=key, keyType="API_KEY")
    code, kind, message = refusal(gw.create_usage_plan_key, usagePlanId=second, keyId=key, keyType="API_KEY")
    assert (code, kind) == (409, "ConflictException") and "cannot reference multiple Usage Plans with the same API stage" in message


def test_a_key_can_leave_a_plan(gw: Any) -> None:
    plan, key = created(gw)["id"], gw.create_api_key()["id"]
    gw.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    assert status(gw.delete_usage_plan_key(usagePlanId=plan, keyId=key)) == 202
    assert gw.get_usage_plan_keys(usagePlanId=plan)["items"] == []


def test_a_deleted_key_leaves_its_plans(gw: Any) -> None:
    # assumed
    plan, key = created(gw)["id"], gw.create_api_key()["id"]
    gw.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    gw.delete_api_key(apiKey=key)
    assert gw.get_usage_plan_keys(usagePlanId=plan)["items"] == []


# ── usage ──


def test_usage_counts_from_none(gw: Any) -> None:
    plan, key = created(gw, quota={"limit": 5, "period": "DAY"})["id"], gw.create_api_key()["id"]
    gw.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    answer = gw.get_usage(usagePlanId=plan, startDate=today(), endDate=today())
    assert status(answer) == 200
    assert (answer["usagePlanId"], answer["startDate"], answer["endDate"]) == (plan, today(), today())
    assert answer.get("items", {}).get(key, [[0, 5]]) == [[0, 5]]


def test_what_remains_can_be_changed(gw: Any) -> None:
    plan, key = created(gw, quota={"limit": 5, "period": "DAY"})["id"], gw.create_api_key()["id"]
    gw.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    answer = gw.update_usage(usagePlanId=plan, keyId=key, patchOperations=patch(("replace", "/remaining", "100")))
    assert status(answer) == 200
    assert gw.get_usage(usagePlanId=plan, keyId=key, startDate=today(), endDate=today())["items"][key] == [[0, 100]]


@pytest.mark.parametrize("dates", [("yesterday", "today"), ("2026-02-30", "2026-03-01"), ("2026-03-02", "2026-03-01")])
def test_usage_needs_dates_that_are(gw: Any, dates: tuple[str, str]) -> None:
    plan = created(gw)["id"]
    assert refusal(gw.get_usage, usagePlanId=plan, startDate=dates[0], endDate=dates[1])[:2] == (400, "BadRequestException")


def test_the_usage_of_an_unknown_plan_is_not_found(gw: Any) -> None:
    assert refusal(gw.get_usage, usagePlanId="nosuch", startDate=today(), endDate=today())[:2] == (404, "NotFoundException")
