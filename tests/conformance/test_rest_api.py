"""RestApi: create, read, list, patch, delete. Import and overwrite: test_import.py."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from bench import Api, fresh, members, patch, refusal, status
from program import ACCOUNT, REGION, Cardea

NOT_FOUND = f"Invalid API identifier specified {ACCOUNT}:"


def created(gw: Any, **params: Any) -> dict[str, Any]:
    answer = gw.create_rest_api(**{"name": fresh("api"), **params})
    assert status(answer) == 201
    return members(answer)


def updated(gw: Any, api: str, *operations: tuple[Any, ...]) -> dict[str, Any]:
    answer = gw.update_rest_api(restApiId=api, patchOperations=patch(*operations))
    assert status(answer) == 200
    return members(answer)


def test_a_fresh_api_has_exactly_these_members(gw: Any) -> None:
    made = created(gw, name="pets", description="all of them")
    assert re.fullmatch(r"[a-z0-9]{10}", made.pop("id"))
    assert re.fullmatch(r"[a-z0-9]{10}", made.pop("rootResourceId"))
    assert abs(made.pop("createdDate").timestamp() - time.time()) < 60
    assert made == {
        "name": "pets",
        "description": "all of them",
        "apiKeySource": "HEADER",
        "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
        "disableExecuteApiEndpoint": False,
    }


def test_timestamps_are_whole_epoch_seconds_on_the_wire(cardea: Cardea) -> None:
    answer = cardea.signed("POST", "/restapis", b'{"name":"wire"}', "apigateway", headers={"Content-Type": "application/json"})
    assert answer.status == 201 and isinstance(answer.json()["createdDate"], int)


def test_what_was_given_is_told_again(gw: Any) -> None:
    made = created(
        gw,
        version="v1",
        binaryMediaTypes=["image/png"],
        minimumCompressionSize=0,
        apiKeySource="AUTHORIZER",
        endpointConfiguration={"types": ["REGIONAL"]},
        disableExecuteApiEndpoint=True,
        tags={"team": "pets"},
    )
    assert made["version"] == "v1"
    assert made["binaryMediaTypes"] == ["image/png"]
    assert made["minimumCompressionSize"] == 0
    assert made["apiKeySource"] == "AUTHORIZER"
    assert made["endpointConfiguration"] == {"types": ["REGIONAL"], "ipAddressType": "ipv4"}
    assert made["disableExecuteApiEndpoint"] is True
    assert made["tags"] == {"team": "pets"}
    assert members(gw.get_rest_api(restApiId=made["id"])) == made


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {"types": ["EDGE"], "ipAddressType": "ipv4"}),
        ({"types": ["REGIONAL"]}, {"types": ["REGIONAL"], "ipAddressType": "ipv4"}),
        ({"types": ["PRIVATE"]}, {"types": ["PRIVATE"], "ipAddressType": "dualstack"}),
        ({"types": ["EDGE"], "ipAddressType": "dualstack"}, {"types": ["EDGE"], "ipAddressType": "dualstack"}),
    ],
)
def test_the_endpoint_type_decides_the_ip_address_type(gw: Any, given: dict[str, Any], told: dict[str, Any]) -> None:
    assert created(gw, endpointConfiguration=given)["endpointConfiguration"] == told


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"description": ""}, "Description cannot be an empty string"),
        ({"minimumCompressionSize": -1}, "Invalid minimum compression size, must be between 0 and 10485760"),
        ({"minimumCompressionSize": 10485761}, "Invalid minimum compression size, must be between 0 and 10485760"),
        ({"endpointConfiguration": {"types": ["EDGE", "REGIONAL"]}}, "Cannot create an api with multiple Endpoint Types."),
        ({"endpointConfiguration": {"types": []}}, "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."),
        ({"endpointConfiguration": {"types": ["PRIVATE"], "ipAddressType": "ipv4"}}, "Only dualstack ipAddressType is supported for Private APIs."),
        ({"description": "", "minimumCompressionSize": -1}, "Description cannot be an empty string"),
        ({"description": "", "endpointConfiguration": {"types": ["PRIVATE"], "ipAddressType": "ipv4"}}, "Description cannot be an empty string"),
        ({"policy": "{no json"}, "Invalid policy document. Please check the policy syntax and ensure that Principals are valid."),
    ],
)
def test_a_bad_api_is_refused_with_the_first_of_its_faults(gw: Any, params: dict[str, Any], message: str) -> None:
    assert refusal(gw.create_rest_api, name="bad", **params) == (400, "BadRequestException", message)


def test_an_api_without_a_name_is_refused(gw: Any) -> None:
    # assumed
    code, kind, _ = refusal(gw.create_rest_api, description="nameless")
    assert (code, kind) in [(400, "BadRequestException"), (400, "ValidationException")]


def test_all_violated_constraints_are_told_at_once_before_anything_else(gw: Any) -> None:
    configuration = {"types": ["wrong"], "ipAddressType": "wrong"}
    assert refusal(gw.create_rest_api, name="bad", description="", minimumCompressionSize=-1, endpointConfiguration=configuration) == (
        400,
        "ValidationException",
        "2 validation errors detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]; "
        "Value 'wrong' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ipv4, dualstack]",
    )


def test_an_empty_list_of_binary_media_types_is_left_out(gw: Any) -> None:
    assert "binaryMediaTypes" not in created(gw, binaryMediaTypes=[])


def test_a_policy_comes_back_with_its_quotes_escaped_and_its_resources_written_out(gw: Any) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]}
    made = created(gw, policy=json.dumps(policy))
    told = json.loads(json.loads(f'"{made["policy"]}"'))  # believed: the idiom of clients.
    assert told["Statement"][0]["Resource"] == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{made['id']}/*"


def test_names_are_not_unique(gw: Any) -> None:
    assert created(gw, name="twin")["id"] != created(gw, name="twin")["id"]


def test_a_new_api_has_a_root_and_nothing_else(gw: Any) -> None:
    made = created(gw)
    assert gw.get_resources(restApiId=made["id"])["items"] == [{"id": made["rootResourceId"], "path": "/"}]


def test_a_clone_has_the_resources_and_methods_but_no_stage(api: Api, gw: Any) -> None:
    api.mock("/pets/{id}", body='{"n":1}').deploy()
    made = created(gw, cloneFrom=api.id)
    items = gw.get_resources(restApiId=made["id"], embed=["methods"])["items"]
    assert [item["path"] for item in items] == ["/", "/pets", "/pets/{id}"]
    assert items[2]["resourceMethods"]["GET"]["methodIntegration"]["type"] == "MOCK"
    assert gw.get_stages(restApiId=made["id"])["item"] == []


def test_cloning_what_is_not_there_is_refused(gw: Any) -> None:
    code, kind, _ = refusal(gw.create_rest_api, name="clone", cloneFrom="nosuchapi0")
    assert (code, kind) in [(404, "NotFoundException"), (400, "BadRequestException")]


def test_a_tag_pins_the_id(gw: Any) -> None:
    name = "pinned" + fresh("x").replace("-", "")[-4:].zfill(4)
    assert created(gw, tags={"_custom_id_": name})["id"] == name


@pytest.mark.parametrize("operation", ["get_rest_api", "delete_rest_api"])
def test_an_unknown_api_is_not_found(gw: Any, operation: str) -> None:
    assert refusal(getattr(gw, operation), restApiId="nosuchapi0") == (404, "NotFoundException", NOT_FOUND + "nosuchapi0")


def test_updating_an_unknown_api_is_not_found(gw: Any) -> None:
    operations = patch(("replace", "/name", "x"))
    assert refusal(gw.update_rest_api, restApiId="api_id", patchOperations=operations) == (404, "NotFoundException", NOT_FOUND + "api_id")


def test_ids_are_case_sensitive(gw: Any) -> None:
    upper = created(gw)["id"].upper()
    assert refusal(gw.get_rest_api, restApiId=upper) == (404, "NotFoundException", NOT_FOUND + upper)


def test_a_deleted_api_is_gone_with_everything_in_it(api: Api, gw: Any) -> None:
    api.mock("/pets").deploy()
    assert api.call("/pets").status == 200
    assert status(gw.delete_rest_api(restApiId=api.id)) == 202
    assert refusal(gw.get_rest_api, restApiId=api.id)[0] == 404
    assert api.call("/pets").status == 403


def test_apis_are_listed_in_pages_that_meet(start: Any) -> None:
    gw = start().client()
    ids = {created(gw)["id"] for _ in range(7)}
    seen: list[str] = []
    position: dict[str, str] = {}
    sizes = []
    for _ in range(10):
        page = gw.get_rest_apis(limit=3, **position)
        sizes.append(len(page["items"]))
        seen += [item["id"] for item in page["items"]]
        if "position" not in page:
            break
        position = {"position": page["position"]}
    assert sizes == [3, 3, 1]
    assert len(seen) == 7 and set(seen) == ids


def test_a_page_is_25_unless_told_otherwise(start: Any) -> None:
    gw = start().client()
    for _ in range(26):
        created(gw)
    first = gw.get_rest_apis()
    assert len(first["items"]) == 25 and first["position"]
    rest = gw.get_rest_apis(position=first["position"])
    assert len(rest["items"]) == 1 and "position" not in rest
    assert len(gw.get_rest_apis(limit=500)["items"]) == 26


def test_the_wire_calls_the_list_item(start: Any) -> None:
    cardea = start()
    cardea.client().create_rest_api(name="one")
    told = cardea.signed("GET", "/restapis", service="apigateway").json()
    assert [item["name"] for item in told["item"]] == ["one"] and "items" not in told


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (("replace", "/name", "renamed"), {"name": "renamed"}),
        (("replace", "/description", "new"), {"description": "new"}),
        (("add", "/description", "new"), {"description": "new"}),
        (("remove", "/description"), {"description": None}),
        (("replace", "/apiKeySource", "AUTHORIZER"), {"apiKeySource": "AUTHORIZER"}),
        (("replace", "/disableExecuteApiEndpoint", "True"), {"disableExecuteApiEndpoint": True}),
        (("replace", "/minimumCompressionSize", "0"), {"minimumCompressionSize": 0}),
        (("replace", "/minimumCompressionSize", "1024"), {"minimumCompressionSize": 1024}),
        (("replace", "/minimumCompressionSize"), {"minimumCompressionSize": None}),
        (("replace", "/minimumCompressionSize", ""), {"minimumCompressionSize": None}),
        (("replace", "/policy", ""), {"policy": None}),
        (("replace", "/endpointConfiguration/types/EDGE", "REGIONAL"), {"endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"}}),
        (("replace", "/endpointConfiguration/types/EDGE", "PRIVATE"), {"endpointConfiguration": {"types": ["PRIVATE"], "ipAddressType": "dualstack"}}),
        (("replace", "/endpointConfiguration/ipAddressType", "dualstack"), {"endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "dualstack"}}),
        (("add", "/binaryMediaTypes/image~1png"), {"binaryMediaTypes": ["image/png"]}),
        (("add", "/binaryMediaTypes/-", "image/png"), {"binaryMediaTypes": ["-"]}),
        (("replace", "/version", "2"), {"version": "2"}),  # assumed
        (("replace", "/securityPolicy", "SecurityPolicy_TLS13_1_3_2025_09"), {"securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09"}),  # assumed
    ],
)
def test_each_patchable_path_changes_what_it_names(gw: Any, operation: tuple[Any, ...], told: dict[str, Any]) -> None:
    made = created(gw, description="old", minimumCompressionSize=7)
    now = updated(gw, made["id"], operation)
    assert {key: now.get(key) for key in told} == told
    assert now["tags"] == {}
    assert members(gw.get_rest_api(restApiId=made["id"])) in (now, {key: value for key, value in now.items() if key != "tags"})


def test_a_replaced_media_type_moves_to_the_end(gw: Any) -> None:
    made = created(gw, binaryMediaTypes=["image/png", "image/jpeg"])
    assert updated(gw, made["id"], ("replace", "/binaryMediaTypes/image~1png", "image/gif"))["binaryMediaTypes"] == ["image/jpeg", "image/gif"]
    assert updated(gw, made["id"], ("remove", "/binaryMediaTypes/image~1gif"))["binaryMediaTypes"] == ["image/jpeg"]


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (("add", "/binaryMediaTypes", "image/gif"), "Invalid patch path /binaryMediaTypes"),
        (("replace", "/binaryMediaTypes", "image/gif"), "Invalid patch path /binaryMediaTypes"),
        (("remove", "/binaryMediaTypes"), "Invalid patch path /binaryMediaTypes"),
        (("replace", "/nothing", "x"), "Invalid patch path /nothing"),
        (("replace", "/endpointConfiguration/ipAddressType", "wrong"), "ipAddressType must be either ipv4 or dualstack."),
        (("replace", "/endpointConfiguration/types/EDGE", "wrong"), "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"),
        (("replace", "/minimumCompressionSize", "-1"), "Invalid minimum compression size, must be between 0 and 10485760"),
        (("replace", "/minimumCompressionSize", "many"), "Invalid minimum compression size, must be between 0 and 10485760"),
        (("add", "/name", "x"), "Invalid patch operation specified. Must be one of: [replace]"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(gw: Any, operation: tuple[Any, ...], message: str) -> None:
    made = created(gw)
    assert refusal(gw.update_rest_api, restApiId=made["id"], patchOperations=patch(operation)) == (400, "BadRequestException", message)


def test_a_patch_happens_whole_or_not_at_all(gw: Any) -> None:
    # assumed
    made = created(gw, name="before")
    operations = patch(("replace", "/name", "after"), ("replace", "/nothing", "x"))
    assert refusal(gw.update_rest_api, restApiId=made["id"], patchOperations=operations)[0] == 400
    assert gw.get_rest_api(restApiId=made["id"])["name"] == "before"


def test_an_operation_that_is_none_is_a_violated_constraint(gw: Any) -> None:
    made = created(gw)
    operations = [{"op": "replace", "path": "/name", "value": "x"}, {"op": "wrong", "path": "/name", "value": "x"}]
    assert refusal(gw.update_rest_api, restApiId=made["id"], patchOperations=operations) == (
        400,
        "ValidationException",
        "1 validation error detected: Value 'wrong' at 'updateRestApiInput.patchOperations.2.member.op' failed to satisfy constraint: "
        "Member must satisfy enum value set: [add, remove, move, test, replace, copy]",
    )


def test_no_two_hundred_members_of_a_name_are_mixed_up(gw: Any) -> None:
    names = [f"ünïcode {index} 💡 \"quoted\"" for index in range(3)]
    assert [created(gw, name=name)["name"] for name in names] == names
