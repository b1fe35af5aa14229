"""SdkType: which SDKs there are."""

from __future__ import annotations

from typing import Any

from bench import members, refusal


def test_there_are_six_types(gw: Any) -> None:
    found = {one["id"]: one for one in gw.get_sdk_types()["items"]}
    assert sorted(found) == ["android", "java", "javascript", "objectivec", "ruby", "swift"]
    for name, one in found.items():
        assert members(gw.get_sdk_type(id=name)) == one
    wanted = [one["name"] for one in found["java"]["configurationProperties"] if one["required"]]
    assert wanted == ["serviceName", "javaPackageName"]


def test_another_type_is_not_found(gw: Any) -> None:
    assert refusal(gw.get_sdk_type, id="cobol")[:2] == (404, "NotFoundException")
