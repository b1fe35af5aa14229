"""ApiKey: create, read, list, patch, delete, and the import of many."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bench import fresh, members, patch, refusal, status

WRONG_KEY = (404, "NotFoundException", "Invalid API Key identifier specified")  # assumed


def created(gw: Any, **params: Any) -> dict[str, Any]:
    answer = gw.create_api_key(**params)
    assert status(answer) == 201
    return members(answer)


def test_a_fresh_key_has_exactly_these_members(gw: Any) -> None:
    made = created(gw)
    assert re.fullmatch(r"[a-z0-9]{10}", made.pop("id"))
    assert re.fullmatch(r"[A-Za-z0-9]{40}", made.pop("value"))  # assumed: the length
    assert made.pop("createdDate") <= made.pop("lastUpdatedDate")
    assert made == {"enabled": False, "stageKeys": []}


def test_what_was_given_is_told_again(gw: Any) -> None:
    given = {"name": "n", "description": "d", "enabled": True, "customerId": "c", "value": fresh("a-value-of-twenty-chars"), "tags": {"t": "1"}}
    made = created(gw, **given)
    assert {key: made[key] for key in given} == given


def test_the_value_is_told_only_to_those_who_ask(gw: Any) -> None:
    made = created(gw, name=fresh("shy"))
    assert "value" not in gw.get_api_key(apiKey=made["id"])
    assert gw.get_api_key(apiKey=made["id"], includeValue=True)["value"] == made["value"]
    assert "value" not in gw.get_api_keys(nameQuery=made["name"])["items"][0]
    assert gw.get_api_keys(nameQuery=made["name"], includeValues=True)["items"][0]["value"] == made["value"]
    assert "value" not in gw.update_api_key(apiKey=made["id"], patchOperations=patch(("replace", "/description", "x")))


def test_an_empty_name_is_left_out_and_an_empty_value_is_generated(gw: Any) -> None:
    made = created(gw, name="", value="")
    assert "name" not in made and len(made["value"]) >= 20


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"value": "short"}, "API Key value should be at least 20 characters"),
        ({"value": "a" * 129}, "API Key value exceeds maximum size of 128 characters"),
        ({"name": "a" * 1025}, "Invalid API Key name, can be at most 1024 characters."),
        ({"description": "a" * 125001}, "Invalid API Key description specified."),
    ],
)
def test_a_bad_key_is_refused(gw: Any, params: dict[str, Any], message: str) -> None:
    assert refusal(gw.create_api_key, **params) == (400, "BadRequestException", message)


@pytest.mark.parametrize("length", [20, 128])
def test_a_value_may_have_20_to_128_characters(gw: Any, length: int) -> None:
    value = fresh("k").ljust(length, "x")
    assert created(gw, value=value)["value"] == value


def test_a_value_exists_once(gw: Any) -> None:
    # assumed
    value = fresh("the-only-one-of-its-kind")
    created(gw, value=value)
    assert refusal(gw.create_api_key, value=value) == (409, "ConflictException", "API Key already exists")


def test_a_name_filter_is_a_case_sensitive_prefix(gw: Any) -> None:
    name = fresh("Prefix-test")
    made = created(gw, name=name)["id"]

    def found(query: str) -> list[str]:
        return [item["id"] for item in gw.get_api_keys(nameQuery=query, limit=500)["items"]]

    assert found(name) == [made] and made in found("Prefix-te")
    assert found(name[1:]) == [] and found(name.lower()) == []


def test_keys_can_be_found_by_customer(gw: Any) -> None:
    customer = fresh("customer")
    made = created(gw, customerId=customer)["id"]
    assert [item["id"] for item in gw.get_api_keys(customerId=customer)["items"]] == [made]


def test_keys_come_in_pages_newest_first(start: Any) -> None:
    gw = start().client()
    made = [created(gw)["id"] for _ in range(3)]
    first = gw.get_api_keys(limit=2)
    second = gw.get_api_keys(limit=2, position=first["position"])
    seen = [item["id"] for item in first["items"] + second["items"]]
    assert sorted(seen) == sorted(made) and "position" not in second


@pytest.mark.parametrize("limit", [0, 501, 100000])
def test_a_limit_out_of_range_is_no_error(gw: Any, limit: int) -> None:
    created(gw)
    assert gw.get_api_keys(limit=limit)["items"]


def test_each_patchable_path_changes_what_it_names(gw: Any) -> None:
    made = created(gw)["id"]
    operations = patch(
        ("replace", "/name", "n"), ("replace", "/description", "d"), ("replace", "/enabled", "true"), ("replace", "/customerId", "c")
    )
    answer = gw.update_api_key(apiKey=made, patchOperations=operations)
    assert status(answer) == 200
    now = members(answer)
    assert now.pop("createdDate") <= now.pop("lastUpdatedDate")
    assert now == {"id": made, "name": "n", "description": "d", "enabled": True, "customerId": "c", "stageKeys": [], "tags": {}}


def test_stages_are_added_and_removed_in_the_old_way(api: Any, gw: Any) -> None:
    api.mock().deploy("dev")
    made = created(gw)["id"]
    stage = f"{api.id}/dev"
    assert gw.update_api_key(apiKey=made, patchOperations=patch(("add", "/stages", stage)))["stageKeys"] == [stage]
    assert gw.update_api_key(apiKey=made, patchOperations=patch(("remove", "/stages", stage)))["stageKeys"] == []


def test_what_is_not_true_is_false(gw: Any) -> None:
    made = created(gw, enabled=True)["id"]
    assert gw.update_api_key(apiKey=made, patchOperations=patch(("replace", "/enabled", "not-a-boolean")))["enabled"] is False


def test_other_patches_are_refused(gw: Any) -> None:
    made = created(gw)["id"]
    message = "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]"
    assert refusal(gw.update_api_key, apiKey=made, patchOperations=patch(("replace", "/id", "x"))) == (400, "BadRequestException", message)
    too_long = patch(("replace", "/description", "a" * 125001))
    assert refusal(gw.update_api_key, apiKey=made, patchOperations=too_long) == (400, "BadRequestException", "Invalid API Key description specified.")


def test_an_unknown_key_is_not_found(gw: Any) -> None:
    assert refusal(gw.get_api_key, apiKey="nosuchkey0") == WRONG_KEY
    assert refusal(gw.delete_api_key, apiKey="nosuchkey0") == WRONG_KEY
    assert refusal(gw.update_api_key, apiKey="nosuchkey0", patchOperations=patch(("replace", "/name", "x"))) == WRONG_KEY


def test_a_deleted_key_is_gone(gw: Any) -> None:
    made = created(gw)["id"]
    assert status(gw.delete_api_key(apiKey=made)) == 202
    assert refusal(gw.get_api_key, apiKey=made) == WRONG_KEY


def test_keys_are_imported_from_a_table(gw: Any) -> None:
    plan = gw.create_usage_plan(name=fresh("plan"))["id"]
    first, second = fresh("k").ljust(32, "x"), fresh("k").ljust(32, "y")
    table = f'name,KEY,description,Enabled,usageplanIds,extra\nimp-a,{first},"one, two",TRUE,"{plan}",z\nimp-b,{second},,false,,\n'
    answer = gw.import_api_keys(body=table.encode(), format="csv")
    assert status(answer) == 201 and len(answer["ids"]) == 2 and answer["warnings"] == []
    told = [gw.get_api_key(apiKey=one, includeValue=True) for one in answer["ids"]]
    assert sorted((one["name"], one["value"], one["enabled"]) for one in told) == [("imp-a", first, True), ("imp-b", second, False)]
    assert next(one for one in told if one["name"] == "imp-a")["description"] == "one, two"
    assert [key["name"] for key in gw.get_usage_plan_keys(usagePlanId=plan)["items"]] == ["imp-a"]


def test_importing_a_key_again_overwrites_it(gw: Any) -> None:
    value = fresh("k").ljust(32, "x")
    for name in ("before", "after"):
        ids = gw.import_api_keys(body=f"Name,Key\n{name},{value}\n".encode(), format="csv")["ids"]
    assert gw.get_api_key(apiKey=ids[0])["name"] == "after"


@pytest.mark.parametrize("table", ["", "Name\nx\n", "Key\n" + "k" * 32 + "\n"])
def test_a_table_needs_its_two_columns(gw: Any, table: str) -> None:
    assert refusal(gw.import_api_keys, body=table.encode(), format="csv")[:2] == (400, "BadRequestException")
