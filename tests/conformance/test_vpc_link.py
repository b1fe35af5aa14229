"""VpcLink: as the control plane tells it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bench import Api, fresh, members, patch, refusal, status
from program import ACCOUNT, REGION

BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/net/nlb/0f0f"
UNKNOWN = (404, "NotFoundException", "Invalid Vpc Link identifier specified")


def link(gw: Any, **more: Any) -> Any:
    return gw.create_vpc_link(**{"name": fresh("link"), "targetArns": [BALANCER], **more})


def test_a_link_has_exactly_these_members(gw: Any) -> None:
    answer = link(gw, name="n", description="d")
    assert status(answer) == 202
    made = members(answer)
    at = {"vpcLinkId": made["id"]}
    assert re.fullmatch(r"[a-z0-9]{6}", made["id"])
    assert made == {"id": made["id"], "name": "n", "description": "d", "targetArns": [BALANCER], "status": "PENDING"}
    told = {**made, "status": "AVAILABLE", "statusMessage": "Your vpc link is ready for use", "tags": {}}
    assert members(gw.get_vpc_link(**at)) == told
    assert {key: value for key, value in told.items() if key != "tags"} in gw.get_vpc_links(limit=500)["items"]
    changed = gw.update_vpc_link(**at, patchOperations=patch(("replace", "/name", "m"), ("replace", "/description", "e")))
    assert members(changed) == {**told, "name": "m", "description": "e"}
    assert status(gw.delete_vpc_link(**at)) == 202
    for call in (gw.get_vpc_link, gw.update_vpc_link, gw.delete_vpc_link):
        assert refusal(call, **at) == UNKNOWN


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"name": "", "targetArns": []}, "Name cannot be empty"),
        ({"targetArns": ["invalid-arn"]}, "Invalid ARN. ARN is not well formed invalid-arn"),
        ({"targetArns": []}, None),
        ({"targetArns": [BALANCER, BALANCER]}, None),
    ],
)
def test_a_link_that_makes_no_sense_is_refused(gw: Any, members: dict[str, Any], message: Any) -> None:
    code, kind, told = refusal(gw.create_vpc_link, **{"name": "n", **members})
    assert (code, kind) == (400, "BadRequestException")
    assert message is None or told == message


def test_only_its_words_can_be_changed(gw: Any) -> None:
    made = link(gw)["id"]
    wrong = refusal(gw.update_vpc_link, vpcLinkId=made, patchOperations=patch(("replace", "/targetArns", BALANCER)))
    assert wrong == (400, "BadRequestException", "Invalid patch path /targetArns")


def test_links_come_in_pages(start: Any) -> None:
    gw = start().client()
    made = sorted(link(gw)["id"] for _ in range(3))
    first = gw.get_vpc_links(limit=2)
    rest = gw.get_vpc_links(limit=2, position=first["position"])
    assert [one["id"] for one in first["items"] + rest["items"]] == made


def test_a_link_that_an_integration_goes_over_cannot_be_deleted(api: Api, gw: Any) -> None:
    made = link(gw)["id"]
    api.method("/", "GET")
    gw.put_integration(
        **api.at("/", "GET"), type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://a.example.com/", connectionType="VPC_LINK", connectionId=made
    )
    assert refusal(gw.delete_vpc_link, vpcLinkId=made)[:2] == (400, "BadRequestException")
    gw.delete_integration(**api.at("/", "GET"))
    gw.delete_vpc_link(vpcLinkId=made)


def test_its_tags_go_by_its_arn(gw: Any) -> None:
    made = link(gw, tags={"a": "1"})
    assert made["tags"] == {"a": "1"}
    arn = f"arn:aws:apigateway:{REGION}::/vpclinks/{made['id']}"
    gw.tag_resource(resourceArn=arn, tags={"b": "2"})
    assert gw.get_tags(resourceArn=arn)["tags"] == {"a": "1", "b": "2"}
    gw.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert gw.get_vpc_link(vpcLinkId=made["id"])["tags"] == {"b": "2"}
