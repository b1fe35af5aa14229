"""DocumentationPart, DocumentationVersion: as the control plane tells them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import Api, members, patch, refusal, status

NO_PART = (404, "NotFoundException", "Invalid Documentation part identifier specified")
NO_VERSION = (404, "NotFoundException", "Invalid Documentation version specified")


def written(gw: Any, api: Api, location: dict[str, str], properties: str = '{"description":"d"}') -> Any:
    return gw.create_documentation_part(restApiId=api.id, location=location, properties=properties)


def definition(*parts: dict[str, Any]) -> bytes:
    extension = {"version": "1", "documentationParts": list(parts)}
    return json.dumps({"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {}, "x-amazon-apigateway-documentation": extension}).encode()


# ── parts ──


def test_a_part_has_exactly_these_members(api: Api, gw: Any) -> None:
    answer = written(gw, api, {"type": "METHOD", "path": "/pets", "method": "GET"}, '{ "summary": "s" }')
    assert status(answer) == 201
    made = members(answer)
    assert len(made["id"]) == 6
    assert made == {"id": made["id"], "location": {"type": "METHOD", "path": "/pets", "method": "GET"}, "properties": '{ "summary": "s" }'}
    at = {"restApiId": api.id, "documentationPartId": made["id"]}
    assert members(gw.get_documentation_part(**at)) == made
    assert gw.get_documentation_parts(restApiId=api.id)["items"] == [made]
    changed = gw.update_documentation_part(**at, patchOperations=patch(("replace", "/properties", "{}")))
    assert members(changed) == {**made, "properties": "{}"}
    assert status(gw.delete_documentation_part(**at)) == 202
    assert refusal(gw.get_documentation_part, **at) == NO_PART
    assert refusal(gw.update_documentation_part, **at, patchOperations=[]) == NO_PART
    assert refusal(gw.delete_documentation_part, **at) == NO_PART


def test_no_two_parts_are_about_the_same(api: Api, gw: Any) -> None:
    written(gw, api, {"type": "RESOURCE"})
    assert refusal(written, gw=gw, api=api, location={"type": "RESOURCE", "path": "/"})[:2] == (409, "ConflictException")


@pytest.mark.parametrize(
    "location", [{"type": "API", "path": "/"}, {"type": "MODEL"}, {"type": "METHOD", "name": "n"}, {"type": "RESPONSE", "statusCode": "x"}]
)
def test_a_location_says_what_its_type_knows(api: Api, gw: Any, location: dict[str, str]) -> None:
    assert refusal(written, gw=gw, api=api, location=location)[:2] == (400, "BadRequestException")


def test_a_type_that_is_none_is_told_as_a_constraint(api: Api, gw: Any) -> None:
    code, kind, message = refusal(written, gw=gw, api=api, location={"type": "PAGE"})
    assert (code, kind) == (400, "ValidationException")
    assert "'createDocumentationPartInput.location.type'" in message


def test_the_list_can_be_narrowed(api: Api, gw: Any) -> None:
    api.mock("/pets")
    written(gw, api, {"type": "API"})
    written(gw, api, {"type": "METHOD", "path": "/pets", "method": "GET"})
    written(gw, api, {"type": "MODEL", "name": "Empty"})

    def locations(**how: Any) -> list[Any]:
        return [part["location"] for part in gw.get_documentation_parts(restApiId=api.id, **how)["items"]]

    assert locations(type="API") == [{"type": "API"}]
    assert locations(path="/pets") == [{"type": "METHOD", "path": "/pets", "method": "GET"}]
    assert locations(nameQuery="Empty") == [{"type": "MODEL", "name": "Empty"}]
    assert len(locations(limit=2)) == 2
    left = locations(locationStatus="UNDOCUMENTED")
    assert {"type": "MODEL", "name": "Error"} in left and {"type": "RESOURCE", "path": "/pets"} in left
    assert {"type": "API"} not in left and {"type": "MODEL", "name": "Empty"} not in left


def test_parts_are_read_from_a_definition(api: Api, gw: Any) -> None:
    part = {"location": {"type": "API"}, "properties": {"info": {"description": "d"}}}
    first = gw.import_documentation_parts(restApiId=api.id, mode="merge", failOnWarnings=True, body=definition(part))
    assert status(first) == 200 and first["warnings"] == [] and len(first["ids"]) == 1
    again = gw.import_documentation_parts(restApiId=api.id, mode="overwrite", body=definition(part))
    assert again["ids"] != first["ids"]
    told = gw.get_documentation_part(restApiId=api.id, documentationPartId=again["ids"][0])
    assert json.loads(told["properties"]) == part["properties"]
    bad = refusal(gw.import_documentation_parts, restApiId=api.id, body=b"{}")
    assert bad == (400, "BadRequestException", "Unable to build importer with provided input.")


def test_an_imported_api_brings_its_documentation(gw: Any) -> None:
    part = {"location": {"type": "API"}, "properties": {"a": 1}}
    api = gw.import_rest_api(body=definition(part))["id"]
    assert len(gw.get_documentation_parts(restApiId=api)["items"]) == 1
    quiet = gw.import_rest_api(body=definition(part), parameters={"ignore": "documentation"})["id"]
    assert gw.get_documentation_parts(restApiId=quiet)["items"] == []


# ── versions ──


def test_a_version_has_exactly_these_members(api: Api, gw: Any) -> None:
    written(gw, api, {"type": "API"})
    answer = gw.create_documentation_version(restApiId=api.id, documentationVersion="1.0", description="d")
    assert status(answer) == 201
    made = members(answer)
    assert set(made) == {"version", "createdDate", "description"} and made["version"] == "1.0"
    at = {"restApiId": api.id, "documentationVersion": "1.0"}
    assert members(gw.get_documentation_version(**at)) == made
    assert gw.get_documentation_versions(restApiId=api.id)["items"] == [made]
    assert gw.update_documentation_version(**at, patchOperations=patch(("replace", "/description", "e")))["description"] == "e"
    assert refusal(gw.create_documentation_version, **at)[:2] == (409, "ConflictException")
    assert status(gw.delete_documentation_version(**at)) == 202
    for call in (gw.get_documentation_version, gw.update_documentation_version, gw.delete_documentation_version):
        assert refusal(call, **at) == NO_VERSION


def test_a_version_made_for_a_stage_is_shown_by_it(api: Api, gw: Any) -> None:
    api.mock().deploy("dev")
    gw.create_documentation_version(restApiId=api.id, documentationVersion="1", stageName="dev")
    assert gw.get_stage(restApiId=api.id, stageName="dev")["documentationVersion"] == "1"
    assert refusal(gw.delete_documentation_version, restApiId=api.id, documentationVersion="1")[:2] == (400, "BadRequestException")


def test_versions_come_in_pages(api: Api, gw: Any) -> None:
    for n in range(5):
        gw.create_documentation_version(restApiId=api.id, documentationVersion=f"v{n}")
    first = gw.get_documentation_versions(restApiId=api.id, limit=3)
    rest = gw.get_documentation_versions(restApiId=api.id, limit=3, position=first["position"])
    assert [one["version"] for one in first["items"] + rest["items"]] == [f"v{n}" for n in range(5)]
    assert "position" not in rest
