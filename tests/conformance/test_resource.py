"""Resource: the tree of paths."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bench import Api, members, patch, refusal, status

WRONG_RESOURCE = (404, "NotFoundException", "Invalid Resource identifier specified")


def test_a_new_resource_has_exactly_these_members(api: Api, gw: Any) -> None:
    answer = gw.create_resource(restApiId=api.id, parentId=api.root, pathPart="pets")
    assert status(answer) == 201
    made = members(answer)
    assert re.fullmatch(r"[a-z0-9]{6}", made.pop("id"))
    assert made == {"parentId": api.root, "pathPart": "pets", "path": "/pets"}


def test_the_root_has_an_id_and_a_path_only(api: Api, gw: Any) -> None:
    assert members(gw.get_resource(restApiId=api.id, resourceId=api.root)) == {"id": api.root, "path": "/"}


def test_methods_are_named_and_told_only_when_embedded(api: Api, gw: Any) -> None:
    api.mock("/pets").method("/pets", "POST")
    plain = members(gw.get_resource(restApiId=api.id, resourceId=api.resource("/pets")))
    assert plain["resourceMethods"] == {"GET": {}, "POST": {}}
    full = gw.get_resource(restApiId=api.id, resourceId=api.resource("/pets"), embed=["methods"])["resourceMethods"]
    assert full["POST"] == {"httpMethod": "POST", "authorizationType": "NONE", "apiKeyRequired": False}
    assert full["GET"]["methodIntegration"]["integrationResponses"]["200"]["statusCode"] == "200"


def test_resources_are_listed_by_path(api: Api, gw: Any) -> None:
    for path in ("/parent/{child}", "/parent/child/{proxy+}", "/{proxy+}", "/parent"):
        api.resource(path)
    paths = [item["path"] for item in gw.get_resources(restApiId=api.id)["items"]]
    assert paths == ["/", "/parent", "/parent/child", "/parent/child/{proxy+}", "/parent/{child}", "/{proxy+}"]


def test_resources_come_in_pages(api: Api, gw: Any) -> None:
    for index in range(4):
        api.resource(f"/r{index}")
    first = gw.get_resources(restApiId=api.id, limit=3)
    second = gw.get_resources(restApiId=api.id, limit=3, position=first["position"])
    assert [item["path"] for item in first["items"] + second["items"]] == ["/", "/r0", "/r1", "/r2", "/r3"]
    assert "position" not in second


@pytest.mark.parametrize("part", ["pets", "pets.v1", "a-b_c", "{id}", "{proxy+}", "a:b", "x,y", "@me", "$x"])
def test_a_path_part_may_be(api: Api, gw: Any, part: str) -> None:
    assert status(gw.create_resource(restApiId=api.id, parentId=api.root, pathPart=part)) == 201


@pytest.mark.parametrize("part", ["a{b}", "a/b", "{a", "a}", "{a}{b}", "{+}", "{}", "", "a b", "a?b"])
def test_a_path_part_may_not_be(api: Api, gw: Any, part: str) -> None:
    # assumed: the wording
    code, kind, _ = refusal(gw.create_resource, restApiId=api.id, parentId=api.root, pathPart=part)
    assert code == 400 and kind in ("BadRequestException", "ValidationException")


def test_a_brace_in_the_middle_is_refused_in_these_words(api: Api, gw: Any) -> None:
    # assumed
    _, _, message = refusal(gw.create_resource, restApiId=api.id, parentId=api.root, pathPart="a{b}")
    assert message in (
        "Resource's path part only allow a-zA-Z0-9._- and curly braces at the beginning and the end and an optional plus sign before the closing brace.",
        "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
    )


def test_two_children_of_one_name_conflict(api: Api, gw: Any) -> None:
    api.resource("/pets")
    message = "Another resource with the same parent already has this name: pets"
    assert refusal(gw.create_resource, restApiId=api.id, parentId=api.root, pathPart="pets") == (409, "ConflictException", message)


def test_one_variable_child_only(api: Api, gw: Any) -> None:
    api.resource("/{proxy+}")
    message = "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed"
    assert refusal(gw.create_resource, restApiId=api.id, parentId=api.root, pathPart="{other}") == (400, "BadRequestException", message)


def test_a_second_variable_child_is_possible_when_the_first_is_gone(api: Api, gw: Any) -> None:
    gw.delete_resource(restApiId=api.id, resourceId=api.resource("/{proxy+}"))
    assert status(gw.create_resource(restApiId=api.id, parentId=api.root, pathPart="{other}")) == 201


def test_a_greedy_variable_has_no_children(api: Api, gw: Any) -> None:
    message = "Cannot create a child of a resource with a greedy path variable: {proxy+}"
    assert refusal(gw.create_resource, restApiId=api.id, parentId=api.resource("/{proxy+}"), pathPart="x") == (400, "BadRequestException", message)


def test_a_fixed_child_and_a_variable_child_live_together(api: Api) -> None:
    for path in ("/parent/{child}/{proxy+}", "/parent/child/{proxy+}"):
        api.resource(path)


def test_an_unknown_parent_is_not_found(api: Api, gw: Any) -> None:
    assert refusal(gw.create_resource, restApiId=api.id, parentId="nosuch", pathPart="x") == WRONG_RESOURCE


def test_an_unknown_resource_is_not_found(api: Api, gw: Any) -> None:
    assert refusal(gw.get_resource, restApiId=api.id, resourceId="nosuch") == WRONG_RESOURCE
    assert refusal(gw.delete_resource, restApiId=api.id, resourceId="nosuch") == WRONG_RESOURCE
    assert refusal(gw.update_resource, restApiId=api.id, resourceId="nosuch", patchOperations=patch(("replace", "/pathPart", "x"))) == WRONG_RESOURCE


def test_the_resources_of_an_unknown_api_are_not_found(gw: Any) -> None:
    assert refusal(gw.get_resources, restApiId="nosuchapi0")[:2] == (404, "NotFoundException")


def test_a_new_path_part_moves_the_whole_branch(api: Api, gw: Any) -> None:
    pets, sub = api.resource("/pets"), api.resource("/pets/sub")
    answer = gw.update_resource(restApiId=api.id, resourceId=pets, patchOperations=patch(("replace", "/pathPart", "dogs")))
    assert members(answer) == {"id": pets, "parentId": api.root, "pathPart": "dogs", "path": "/dogs"}
    assert gw.get_resource(restApiId=api.id, resourceId=sub)["path"] == "/dogs/sub"


def test_a_branch_can_have_another_parent(api: Api, gw: Any) -> None:
    pets, other = api.resource("/pets"), api.resource("/other")
    answer = gw.update_resource(restApiId=api.id, resourceId=pets, patchOperations=patch(("replace", "/parentId", other)))
    assert (answer["parentId"], answer["path"]) == (other, "/other/pets")


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (("replace", "/path", "x"), "Invalid patch path  '/path' specified for op 'replace'. Must be one of: [/parentId, /pathPart]"),
        (("add", "/pathPart", "x"), "Invalid patch path  '/pathPart' specified for op 'add'. Please choose supported operations"),
        (("remove", "/pathPart"), "Invalid patch path  '/pathPart' specified for op 'remove'. Please choose supported operations"),
    ],
)
def test_other_patches_are_refused(api: Api, gw: Any, operation: tuple[Any, ...], message: str) -> None:
    at = {"restApiId": api.id, "resourceId": api.resource("/pets")}
    assert refusal(gw.update_resource, **at, patchOperations=patch(operation)) == (400, "BadRequestException", message)


@pytest.mark.parametrize(
    ("path", "message"), [("/pathPart", "Root resource cannot update its pathPart."), ("/parentId", "Root resource cannot update its parentId.")]
)
def test_the_root_stays_where_it_is(api: Api, gw: Any, path: str, message: str) -> None:
    at = {"restApiId": api.id, "resourceId": api.root}
    value = api.resource("/pets") if path == "/parentId" else "x"
    assert refusal(gw.update_resource, **at, patchOperations=patch(("replace", path, value))) == (400, "BadRequestException", message)


def test_nothing_hangs_from_its_own_child(api: Api, gw: Any) -> None:
    at = {"restApiId": api.id, "resourceId": api.resource("/a")}
    operation = patch(("replace", "/parentId", api.resource("/a/b")))
    assert refusal(gw.update_resource, **at, patchOperations=operation) == (400, "BadRequestException", "Resources cannot be cyclical.")


def test_a_patched_name_must_be_free(api: Api, gw: Any) -> None:
    api.resource("/b")
    at = {"restApiId": api.id, "resourceId": api.resource("/a")}
    assert refusal(gw.update_resource, **at, patchOperations=patch(("replace", "/pathPart", "b")))[:2] == (409, "ConflictException")


def test_a_deleted_branch_is_gone(api: Api, gw: Any) -> None:
    api.mock("/pets/sub")
    assert status(gw.delete_resource(restApiId=api.id, resourceId=api.resource("/pets"))) == 202
    assert [item["path"] for item in gw.get_resources(restApiId=api.id)["items"]] == ["/"]
    assert refusal(gw.get_method, **api.at("/pets/sub"))[0] == 404


def test_the_root_cannot_be_deleted(api: Api, gw: Any) -> None:
    # assumed: the wording
    code, kind, message = refusal(gw.delete_resource, restApiId=api.id, resourceId=api.root)
    assert (code, kind) == (400, "BadRequestException") and "root" in message.lower()
